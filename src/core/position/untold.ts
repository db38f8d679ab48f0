/** What a position passes over is noted in it until a run has ended that tells of it: one that is killed tells nobody. */
import { exit, Problem } from '../problem.ts';
import { serverText } from '../text/shown.ts';
import { isoText } from '../time.ts';
import type { BranchPosition, Gap, Position, Summary } from '../types.ts';

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

/**
 * Said once, because the position moves past it; of `parts`, as long as the overlap lists them. The user's own --since
 * may have left it out, or have asked for it.
 */
export function skipped({ from, until, parts, since }: Gap, sourceName: string): Problem {
  const span = `records from ${isoText(from)} to ${isoText(until)}`;
  if (parts !== undefined) {
    return new Problem(exit.partial, `${sourceName} no longer has ${parts} of the parts that it lists of its ${span}`, {
      hint: 'each run reports it until the overlap has passed it; run more often than the vendor forgets',
    });
  }
  return since === until
    ? new Problem(exit.partial, `${span} were skipped, because --since is later than the position`, {
        hint: `they can be fetched with --since ${isoText(from)} --until ${isoText(until)}`,
      })
    : new Problem(exit.partial, `${span} are gone: ${sourceName} no longer keeps them`, {
        hint:
          since === from
            ? 'ask for no more than it keeps: a later --since'
            : 'this gap is reported once; run more often than the vendor forgets',
      });
}
