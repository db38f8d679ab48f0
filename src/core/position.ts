/** A job's position before its first run, and how a run is written down in it. */
import { createLedger } from './dedupe.ts';
import { isAnyAccepted, refusedAnew } from './summary.ts';
import { exit, isByRequest, type Problem, worst } from './problem.ts';
import { fromMillis, isoText } from './time.ts';
import { serverText } from './text/shown.ts';
import type { BranchPosition, Position, Summary } from './types.ts';

/** So many runs that fail in a row are no accident. */
export const persistent = 3;

/** `source` and `sink` say what is read and where it goes. */
export function firstPosition(scope: Pick<Position, 'source' | 'sink' | 'asked'>): Position {
  return {
    ...scope,
    branches: new Map(),
    credentials: undefined,
    saved: undefined,
    last: undefined,
    lastSuccess: undefined,
    failures: 0,
    refusals: 0,
  };
}

/** The place of a branch; a new one starts without a watermark. `seed`: see createLedger. */
export function placeOf(position: Position, branch: string, seed: number): BranchPosition {
  const known = position.branches.get(branch);
  if (known !== undefined) return known;
  const place = newPlace(position.begin, seed);
  position.branches.set(branch, place);
  return place;
}

/** A place that nothing was read of. */
export function newPlace(begin: BranchPosition['begin'], seed: number): BranchPosition {
  return {
    watermark: undefined,
    begin,
    bookmark: undefined,
    slice: undefined,
    settled: undefined,
    listed: true,
    untold: [],
    ledger: createLedger(seed),
  };
}

/** Times are in milliseconds since 1970. */
export interface EndedRun {
  readonly started: number;
  readonly ended: number;
  readonly problems: readonly Problem[];
  readonly summary: Summary;
  /** What became of records in branches that were not read to their end. */
  readonly unread: NonNullable<Position['stuck']>;
}

/**
 * Writes down how a run ended, and returns its status: 0 and 3 count as a success, and a signal as neither success nor
 * failure.
 */
export function writeDown(position: Position, { started, ended, problems, summary, unread }: EndedRun): number {
  const status = worst(problems.map((problem) => problem.status));
  const success = status === exit.ok || status === exit.partial;
  const { fetched, delivered, quarantined, repeated } = summary;
  const { message = 'ok', hint } = problems.find((problem) => problem.status === status) ?? {};
  position.last = {
    started: isoText(fromMillis(started)),
    ended: isoText(fromMillis(ended)),
    exit: status,
    outcome: message,
    ...(hint !== undefined && { hint: serverText(hint) }),
    fetched,
    delivered,
    quarantined,
  };
  if (success) position.failures = 0;
  else if (!isByRequest(status)) position.failures += 1;
  position.refusals = isAnyAccepted(summary) ? 0 : position.refusals + refusedAnew(summary);
  if (success) delete position.stuck;
  else if (status === exit.data) {
    position.stuck = {
      delivered: (position.stuck?.delivered ?? 0) + unread.delivered,
      quarantined: (position.stuck?.quarantined ?? 0) + unread.quarantined,
    };
  }
  if (success) position.lastSuccess = position.last.ended;
  if (repeated > 0) position.lastRepeat = position.last.ended;
  if (summary.gaps.length > 0) position.lastGap = position.last.ended;
  for (const place of position.branches.values()) {
    place.untold = place.untold.filter((gap) => !summary.gaps.includes(gap));
  }
  return status;
}
