/** What a position passes over is noted in it until a run has ended that tells of it: one that is killed tells nobody. */
import type { Problem } from '../problem.ts';
import { serverText } from '../text/shown.ts';
import type { BranchPosition, Gap, Position, Summary } from '../types.ts';
import { skipped } from './problems.ts';

/** Notes a gap, in place of what it covers: that is the same one, as it was met by an earlier run, or before in this one. */
export function passOver(place: Pick<BranchPosition, 'untold'>, gap: Gap): void {
  const isCovered = ({ from, until }: Gap): boolean => from >= gap.from && until <= gap.until;
  place.untold = [...place.untold.filter((known) => !isCovered(known)), gap];
}

/** The Problems of what no branch of this run has told of: its branch may be listed no longer. Notes it as told. */
export function leftUntold({ branches }: Position, { gaps }: Summary, sourceName: string): readonly Problem[] {
  return [...branches].flatMap(([branch, { untold }]) => {
    const left = untold.filter((gap) => !gaps.includes(gap));
    gaps.push(...left);
    return left.map((gap) => {
      const problem = skipped(gap, sourceName);
      return branch === '' ? problem : problem.with({ message: `${serverText(branch)}: ${problem.message}` });
    });
  });
}
