/**
 * How many records may be set aside: a systematic fault (a mapping, a wrong path) must not drain the audit trail into a
 * file. Beyond that nothing more is set aside, and the position stays.
 */
import { type Hint, ofPosition } from '../hint.ts';
import { idText } from '../content/record-id.ts';
import { exit, Problem } from '../problem.ts';
import { fresh, isAnyAccepted, refusedAnew } from '../summary.ts';
import { serverText } from '../text/shown.ts';
import type { EncodedRecord, Position, Summary } from '../types.ts';

/** This many refused records never stop a run, nor this many in a row several runs. */
const floor = 10;

/** What is known of refusals in the runs before. */
export type Refusals = Pick<Position, 'refusals' | 'stuck'>;

export interface RefusalLimit {
  /** The user wants everything set aside that is refused, whatever the doubt. */
  readonly everything: boolean;
  /**
   * Throws Problem when `more` would be too large a share of this run's records: 65; or 78 when nothing of the run was
   * taken, and there is a doubt (see Reply) whether it is the records. What became of records in runs that ended with 65
   * counts, too: otherwise each run would set aside its share of what the others left, until nothing was left.
   */
  checkShare(more: number, reason: string, doubt?: Hint): void;
  /**
   * The same, and also when it would be too many since a record was last accepted, in whichever run: where runs have few
   * records, the share of one says little. Not for a part of a batch, the rest of which may yet be accepted.
   */
  check(more: number, reason: string): void;
  /**
   * What it threw, for each batch that was under way: the destination answers, and other records, such as those of another
   * branch, may still be taken.
   */
  readonly thrown: ReadonlySet<unknown>;
}

/** `share`: 0 to 1. `before`: refused by earlier runs, into the quarantine at `path`. */
export function refusalLimit(
  summary: Summary,
  share: number,
  { refusals: before, stuck = { delivered: 0, quarantined: 0 } }: Refusals,
  path: string,
): RefusalLimit {
  const thrown = new Set<Problem>();

  function stop(problem: Problem): never {
    thrown.add(problem);
    throw problem;
  }

  function checkShare(more: number, reason: string, doubt?: Hint): void {
    const { delivered, quarantined } = stuck;
    const refused = quarantined + summary.quarantined + more;
    // What the others delivered and set aside, this run reads again, as seen.
    const read = quarantined > 0 ? delivered + quarantined + fresh(summary) : summary.fetched;
    if (refused <= Math.max(floor, read * share)) return;
    if (quarantined > 0) stop(tooManyByNow(refused, quarantined, reason, path));
    if (doubt !== undefined && !isAnyAccepted(summary)) stop(noneTaken(reason, doubt));
    stop(tooMany(refused, summary.fetched, reason));
  }

  return {
    everything: share >= 1,
    checkShare,
    check(more, reason) {
      checkShare(more, reason);
      if (before === 0 || isAnyAccepted(summary)) return;
      const refused = before + refusedAnew(summary) + more;
      // Records that earlier runs have dealt with are not sent again, and so prove nothing.
      if (refused > Math.max(floor, (before + fresh(summary)) * share)) stop(tooManyInARow(refused, reason, path));
    },
    thrown,
  };
}

/** The reason, with the destination that gave it and the record that it was first given for. */
export function refusedBy(sinkName: string, { key, keyStart, keyEnd }: EncodedRecord, reason: string): string {
  return `${sinkName} refused ${serverText(idText(key, keyStart, keyEnd))}: ${reason}`;
}

/** For a run of which nothing was taken: it need not be the records. `reason` is that of the first, from `refusedBy`. */
export function noneTaken(reason: string, doubt: Hint): Problem {
  return new Problem(exit.config, `${reason}; it took no other record in this run`, {
    hint: [
      doubt,
      `or it may be this one record, which is set aside by a run that has another one taken, or by one with ${all}`,
    ],
  });
}

const all = '--max-quarantine 100';

/** No later `--since`: what cannot be read has no time, and a vendor with a bookmark goes on from there anyway. */
const wayOut: Hint = [
  ofPosition('fix the cause and run again, for the position stays', 'fix the cause and run again'),
  `or have one run set them all aside, with ${all}`,
];

function tooMany(refused: number, fetched: number, reason: string): Problem {
  return new Problem(exit.data, `${refused} of ${fetched} records were refused, too many to set aside: ${reason}`, {
    hint: wayOut,
  });
}

function tooManyByNow(refused: number, earlier: number, reason: string, path: string): Problem {
  const message = `${refused} records were refused, ${earlier} of them by the runs before, too many to set aside: ${reason}`;
  return new Problem(exit.data, message, { hint: [wayOut, asideBefore(path)] });
}

function tooManyInARow(refused: number, reason: string, path: string): Problem {
  const message = `${refused} records in a row were refused over the last runs, too many to set aside: ${reason}`;
  return new Problem(exit.data, message, {
    hint: [wayOut, asideBefore(path)],
  });
}

function asideBefore(path: string): string {
  return `what was set aside before is in ${path}`;
}
