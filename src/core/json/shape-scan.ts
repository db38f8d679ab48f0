/** A scanner that knows the shapes of earlier records: what it returns is what scan.ts would, a third sooner. */
import type { Buffer } from 'node:buffer';
import { scanner, type Scanner } from './scan.ts';
import { shapes } from './shapes.ts';

/** So many more records of unknown than of known shapes, and shapes are not looked at for a while: it costs more than it saves. */
const mostInVain = 256;
const restFor = 4096;

/** As `scanner`. What it knows lasts as long as it does; `known` is what it begins with. */
export function shapeScanner(fields: readonly (readonly string[])[], maxDepth: number, known = shapes()): Scanner {
  const tokens = scanner(fields, maxDepth);
  const { spans } = tokens;
  const { match, learn, count } = known;
  let isBroken = false;
  /** Records of unknown shapes less those of known ones; never far below 0, so that a change of the records is noticed soon. */
  let inVain = 0;
  let rest = 0;
  let notLearned = 0;

  function scan(bytes: Buffer, start: number, end: number): number {
    if (rest > 0) {
      rest -= 1;
      return lookThrough(bytes, start, end);
    }
    const matched = match(bytes, start, end, spans);
    if (matched !== -1) {
      isBroken = false;
      if (inVain > -mostInVain) inVain -= 1;
      return matched;
    }
    const after = lookThrough(bytes, start, end);
    if (after < 0) return after;
    notLearned += 1;
    // The more shapes there are, the fewer are new: learning one takes as long as looking through several records.
    if (!isBroken && notLearned > count() / 8) {
      notLearned = 0;
      learn(bytes, start, after, spans);
    }
    inVain += 1;
    if (inVain > mostInVain) {
      inVain = 0;
      rest = restFor;
    }
    return after;
  }

  function lookThrough(bytes: Buffer, start: number, end: number): number {
    const after = tokens.scan(bytes, start, end);
    isBroken = tokens.broken();
    return after;
  }

  return { scan, spans, broken: () => isBroken, reason: tokens.reason };
}
