/**
 * `audit-export status`: every job's position, lag and last outcome.
 *
 *   connected  the last run delivered everything, in the last 24 hours
 *   warning    the last run had trouble, or none succeeded in the last 24 hours, or something had to be sent again in
 *              them, or a gap was passed over, or records lie in the quarantine, with a position or without, or no
 *              branch has a position yet, or the position is damaged and the next run goes on from the one before, or
 *              there is no job at all
 *   error      three or more runs in a row failed, or the position cannot be read
 */
import { stateDirectory } from '../config/state-directory.ts';
import { durationText } from '../core/clock/duration.ts';
import { progressOf } from '../core/position/branch-list.ts';
import type { Flags } from '../cli/flags.ts';
import { exit, Problem, worst, type ExitStatus } from '../core/problem.ts';
import { persistent } from '../core/position.ts';
import { oneLine } from '../core/text/shown.ts';
import { fromMillis, isoText, toMillis } from '../core/time.ts';
import type { Instant, Position } from '../core/types.ts';
import { listPositions, type StoredJob } from '../io/position-file/list.ts';
import type { Log } from '../io/log.ts';
import { printText } from '../io/streams/report.ts';
import { refuseMissing } from '../io/state/directory.ts';
import { listSetAside, setAsideBeside, setAsideText, type SetAside } from '../io/quarantine/set-aside.ts';
import type { Host } from './host.ts';
import { isRecent, troubleOf, type Trouble } from './status/trouble.ts';

type State = 'connected' | 'warning' | 'error';

/**
 * Prints a line for each job, or for the one that is named, and returns the worst of their statuses. Problem 78 for a job,
 * or a named directory, that is not there; 3 where no job has a position.
 */
export async function status(flags: Flags, { world, log }: Host): Promise<number> {
  const directory = stateDirectory(flags.stateDir, world.environment);
  const listed = await listPositions(directory);
  if (listed.length === 0 && flags.stateDir !== undefined) await refuseMissing(directory);
  const isChosen = ({ job }: { readonly job: string }): boolean => flags.job === undefined || job === flags.job;
  const looked: Looked[] = [];
  for (const each of listed.filter(isChosen)) looked.push(await lookAt(each, world.now(), log));
  const aside = (await listSetAside(directory)).filter(({ path }) => listed.every((each) => each.path !== path));
  for (const each of aside.filter(isChosen)) looked.push(...(await lookAtAside(each, log)));
  if (flags.job !== undefined && looked.length === 0) {
    throw new Problem(exit.config, `there is no position named ${flags.job} in ${directory}`, {
      hint:
        listed.length === 0
          ? 'name the directory with --state-dir'
          : `choose one of ${listed.map(({ job }) => job).join(', ')}`,
    });
  }
  await printText(world.output, looked.map(({ line }) => `${oneLine(line)}\n`).join(''));
  for (const { trouble } of looked) if (trouble !== undefined) log.problem(trouble);
  const statuses = looked.map((each) => each.status);
  if (listed.length > 0 || flags.job !== undefined) return worst(statuses);
  const nothing = nothingIn(directory);
  log.problem(nothing);
  return worst([...statuses, nothing.status]);
}

interface Looked {
  readonly line: string;
  readonly status: number;
  /** Why the job is not `connected`, to be told below all lines. */
  readonly trouble?: Problem;
}

/** What is to be said of a job. A file of it that cannot be read is told of at once. `now` in milliseconds since 1970. */
async function lookAt({ job, path, position, warning }: StoredJob, now: number, log: Log): Promise<Looked> {
  if (position instanceof Problem) {
    log.problem(position);
    return { line: `error      ${job}: the position cannot be read`, status: position.status };
  }
  if (warning !== undefined) log.warn(warning);
  const found = await setAsideBeside(path).catch(asProblem);
  if (found instanceof Problem) log.problem(found);
  const [unread, aside] = found instanceof Problem ? [found.status, undefined] : [exit.ok, found];
  const alone = stateOf(position, now);
  const state = alone === 'connected' && (warning ?? found) !== undefined ? 'warning' : alone;
  const line = describe(position, now);
  const beside = aside === undefined ? '' : `, ${setAsideText(aside, line)}`;
  const status = statusOf(state, position);
  const why = troubleOf(position, now) ?? (aside && lyingThere(aside));
  return {
    line: `${state.padEnd(9)}  ${job}: ${line}${beside}`,
    status: worst([unread, status]),
    ...(why && { trouble: new Problem(status, `${job}: ${why.message}`, { hint: why.hint }) }),
  };
}

/**
 * What is to be said of records that were set aside without a position: by a search, by a pipe, or by a run that was killed
 * before it saved one. Nothing where the file holds none.
 */
async function lookAtAside({ job, path }: Pick<StoredJob, 'job' | 'path'>, log: Log): Promise<readonly Looked[]> {
  const aside = await setAsideBeside(path).catch(asProblem);
  if (aside === undefined) return [];
  const line = `warning    ${job}: no position`;
  if (aside instanceof Problem) {
    log.problem(aside);
    return [{ line, status: aside.status }];
  }
  const { message, hint } = lyingThere(aside);
  const trouble = new Problem(exit.partial, `${job}: ${message}`, { hint });
  return [{ line: `${line}, ${message}`, status: exit.partial, trouble }];
}

/** No job has got so far, or this is the directory of another user: a monitor must not take either for success. */
function nothingIn(directory: string): Problem {
  return new Problem(exit.partial, `no job has a position in ${directory}`, {
    hint: 'name the directory that the jobs use with --state-dir, or run one as their user',
  });
}

/** What is told of records in the quarantine. */
function lyingThere(aside: SetAside): Trouble {
  return {
    message: setAsideText(aside),
    hint: 'each line there says why, and holds the record; when that is fixed, move the file away and deliver what it holds again, as the README says',
  };
}

/** A file that cannot be read must not hide the other jobs. */
function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  throw error;
}

/** `now` in milliseconds since 1970. */
export function stateOf(position: Position, now: number): State {
  if (position.failures >= persistent) return 'error';
  return troubleOf(position, now) === undefined ? 'connected' : 'warning';
}

/** A job in error answers with the status of its last run; a warning is `partial`. */
function statusOf(state: State, { last }: Position): ExitStatus {
  if (state === 'connected') return exit.ok;
  return state === 'error' ? ((last?.exit as ExitStatus | undefined) ?? exit.partial) : exit.partial;
}

function describe(position: Position, now: number): string {
  const { last, lastSuccess, lastRepeat, lastGap, failures } = position;
  const { watermark, listed, without } = progressOf(position);
  const parts = [
    watermark === undefined ? 'no position yet' : positionText(watermark, now),
    ...(watermark !== undefined && without > 0 ? [`${without} of ${listed} branches without a position yet`] : []),
    ...(last === undefined ? ['never run to an end'] : [`last run ${last.ended} exit ${last.exit}: ${last.outcome}`]),
    ...(last !== undefined && last.exit === exit.ok ? [`${last.delivered} delivered`] : []),
    ...(isRecent(lastRepeat, now) ? [`a delivery was repeated ${lastRepeat}`] : []),
    ...(isRecent(lastGap, now) ? [`a gap was passed over ${lastGap}`] : []),
    ...(failures > 0 ? [`${failures} failed in a row, last success ${lastSuccess ?? 'never'}`] : []),
  ];
  return parts.join(', ');
}

function positionText(mark: Instant, now: number): string {
  return `position ${isoText(mark)}, lag ${durationText(fromMillis(Math.max(0, now - toMillis(mark))))}`;
}
