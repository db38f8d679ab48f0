/** Branches that a source lists: how far they are read, and those that it listed until now. */
import { firstOf } from '../text/listed.ts';
import { exit, Problem } from '../problem.ts';
import type { Instant, Position, Source } from '../types.ts';
import { earlier } from '../time.ts';
import { serverText } from '../text/shown.ts';

/** The earliest watermark of the branches that are listed, undefined when none has one; how many they are, and have none. */
export function progressOf({ branches }: Position): {
  readonly watermark: Instant | undefined;
  readonly listed: number;
  readonly without: number;
} {
  const listed = [...branches.values()].filter((place) => place.listed);
  const marks = listed.flatMap(({ watermark }) => watermark ?? []);
  const [first, ...others] = marks;
  const watermark = first === undefined ? undefined : others.reduce(earlier, first);
  return { watermark, listed: listed.length, without: listed.length - marks.length };
}

/**
 * Writes down which branches are listed, and tells of those that were until now, unless it is the user who chooses them.
 * Their places stay: a branch that comes back is read on from there. The branch without a name is the whole of a source
 * that had none before.
 */
export function noteListed(position: Position, source: Source, branches: readonly string[]): readonly Problem[] {
  const listed = new Set(branches);
  const missed: string[] = [];
  for (const [branch, place] of position.branches) {
    if (place.listed && branch !== '' && !listed.has(branch)) missed.push(branch);
    place.listed = listed.has(branch);
  }
  return source.asksForBranches === true && missed.length > 0 ? [noLongerListed(source.name, missed)] : [];
}

/** Said once: whether the right to read it was taken away, or the branch is gone for good, the vendor does not say. */
function noLongerListed(sourceName: string, branches: readonly string[]): Problem {
  const names = firstOf(branches.map(serverText));
  return new Problem(exit.partial, `${sourceName} no longer lists ${names}: nothing is read there any more`, {
    hint: 'this is reported once; check the rights of the credentials: what is listed again is read on from where it stopped',
  });
}
