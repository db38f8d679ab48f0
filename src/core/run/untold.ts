/** What a position passes over is noted in it until a run has ended that tells of it: one that is killed tells nobody. */
import type { BranchPosition, Gap } from '../types.ts';

/** Notes a gap, in place of what it covers: that is the same one, as it was met by an earlier run, or before in this one. */
export function passOver(place: Pick<BranchPosition, 'untold'>, gap: Gap): void {
  const isCovered = ({ from, until }: Gap): boolean => from >= gap.from && until <= gap.until;
  place.untold = [...place.untold.filter((known) => !isCovered(known)), gap];
}
