/** A scanner that knows the shapes of earlier records: what it returns is what scan.ts would, a third sooner. */
import type { Buffer } from 'node:buffer';
import { scanner, type Scanner } from './scan.ts';
import { shapes } from './shapes.ts';

/** When looking at shapes has cost more than it saved by this, in bytes that could be looked through meanwhile, it rests. */
const mostInVain = 32 * 1024;
/** For so many times what it has cost: it never takes more than that part of the time. */
const restFor = 8;
/** What comes with each record, however short. */
const least = 64;

/** As `scanner`. What it knows lasts as long as it does; `known` is what it begins with. */
export function shapeScanner(fields: readonly (readonly string[])[], maxDepth: number, known = shapes()): Scanner {
  const tokens = scanner(fields, maxDepth);
  const { spans } = tokens;
  const { match, learn, saved, count } = known;
  let isBroken = false;
  /** What it has cost less what it saved; never far below 0, so that a change of the records is noticed soon. */
  let inVain = 0;
  /** How much more is looked through without it. */
  let rest = 0;
  let notLearned = 0;

  function scan(bytes: Buffer, start: number, end: number): number {
    if (rest > 0) {
      const after = lookThrough(bytes, start, end);
      rest -= Math.max(0, after - start) + least;
      return after;
    }
    const matched = match(bytes, start, end, spans);
    if (matched !== -1) {
      isBroken = false;
      spend(-saved());
      return matched;
    }
    spend(least - saved());
    const after = lookThrough(bytes, start, end);
    if (after < 0) return after;
    notLearned += 1;
    // The more shapes there are, the fewer are new: learning one takes as long as looking through several records.
    if (!isBroken && notLearned > count() / 8) {
      notLearned = 0;
      learn(bytes, start, after, spans);
      spend(-saved());
    }
    return after;
  }

  function spend(bytes: number): void {
    inVain = Math.max(-mostInVain, inVain + bytes);
    if (inVain <= mostInVain) return;
    rest = restFor * inVain;
    inVain = 0;
  }

  function lookThrough(bytes: Buffer, start: number, end: number): number {
    const after = tokens.scan(bytes, start, end);
    isBroken = tokens.broken();
    return after;
  }

  return { scan, spans, broken: () => isBroken, reason: tokens.reason };
}
