/** `audit-export check`, the source: the first page of its first branch, and what is doubtful about it. */
import type { Configuration } from '../../config.ts';
import type { UnnamedJob } from '../../config/job.ts';
import { dated } from '../../core/clock/duration.ts';
import { refusesFuture } from '../../core/clock/vendor-clock.ts';
import { Problem } from '../../core/problem.ts';
import { earliestShown } from '../../core/run/commit.ts';
import { goneBefore } from '../../core/plan/forewarned.ts';
import { clockProblems } from '../../core/plan/clocks.ts';
import { fromMillis, isoText, second, earlier } from '../../core/time.ts';
import { counted } from '../../core/text/counted.ts';
import { serverText } from '../../core/text/shown.ts';
import type { Tools } from '../../core/tools.ts';
import type { Page, Source, Window, WindowRules } from '../../core/types.ts';
import { slices, windowOf } from '../../core/window.ts';
import { foundNowhere } from '../found-nowhere.ts';
import { firstLook } from './first-look.ts';
import type { Ends } from '../ends.ts';

/** What was found: all is well, or it works but should be looked at. */
export type Finding = string | { readonly warning: string };

/**
 * Reads the first page of the first branch, and no more. Warnings that come up meanwhile become doubts about the source. Throws
 * Problem, as a run does.
 */
export async function lookAtSource(
  { source, tools }: Ends,
  configuration: Configuration,
  warnings: readonly string[],
): Promise<Finding> {
  const { source: definition, job } = configuration;
  const { length: others } = warnings;
  try {
    const branches = await source.branches();
    await source.open?.(); // tells the clock by which the window is made
    const gone = goneBefore({ source, bookmark: undefined, job });
    if (gone !== undefined) throw gone;
    const seen = firstLook(definition);
    let unmatched = 0;
    const slice = await readFirst({ source, tools }, job, branches, (page, { from }) => {
      unmatched += page.unmatched;
      seen.note(page, earliestShown(source, from));
    });
    const [clock] = clockProblems({ source, job, tools }, undefined);
    if (clock !== undefined) throw clock;
    const several = branches.length > 1 ? `, first of ${branches.length}: ${branches[0]}` : '';
    const page = `the first page of ${isoText(slice.from)} to ${isoText(slice.until)}${several}`;
    const found =
      source.stream !== undefined
        ? `${counted(seen.count())} in what came first${seen.lacks()}`
        : `logged in, ${counted(seen.count())} on ${page}${seen.lacks()}${clockOf(source)}`;
    const told = new Set(warnings.slice(others));
    const doubts = [...told, ...foundNowhere(source, job, unmatched)]
      .map((line) => `; ${line.replace(`${source.name}: `, '')}`)
      .join('');
    return doubts === '' && !seen.isDoubtful() ? found : { warning: found + doubts };
  } finally {
    await source.close();
  }
}

/** Reads what a run would read first, and returns the window that it was asked for. */
async function readFirst(
  { source, tools }: Pick<Ends, 'source' | 'tools'>,
  job: UnnamedJob,
  branches: readonly string[],
  note: (page: Page, slice: Window) => void,
): Promise<Window> {
  const [branch = ''] = branches;
  async function read(slice: Window): Promise<Window> {
    try {
      for await (const page of source.pull({ branch, slice, bookmark: undefined, remembers: () => false })) {
        if (page.incomplete !== undefined) throw page.incomplete;
        note(page, slice);
      }
      return slice;
    } catch (error) {
      throw inBranch(error, branch, branches.length);
    }
  }
  const slice = firstPart(source, job, tools);
  try {
    return await read(slice);
  } catch (error) {
    const status = error instanceof Problem ? error.httpStatus : undefined;
    if (!refusesFuture(source.serverTime(), slice.until, status)) throw error;
    return read(firstPart(source, job, tools)); // by the vendor's clock, as a run does then
  }
}

/** Names the branch in what the vendor answered, where there are several; a connection that was not made concerns all of them. */
function inBranch(error: unknown, branch: string, branches: number): unknown {
  if (!(error instanceof Problem) || error.httpStatus === undefined || branches < 2) return error;
  return error.with({ message: `${serverText(branch)}: ${error.message}` });
}

/** A remark where the vendor does not tell its time: windows then go by our own clock, which nothing checks. */
function clockOf({ window, serverTime }: Source): string {
  if (window.filter === 'none' || serverTime() !== undefined) return '';
  return '; its replies have no Date header, so windows go by the clock of this machine, which must be right';
}

/** What a first run would ask for first, within the longest window; without --since, what it would ask for last. */
function firstPart({ window, edge, namedFrom, serverTime }: Source, job: UnnamedJob, tools: Tools): Window {
  const serverNow = serverTime() ?? fromMillis(tools.now());
  // A vendor without a time filter is not asked for a window, and 1970 would look strange in the report.
  const rules: WindowRules = window.filter === 'none' ? { ...window, filter: 'ingestion' } : window;
  const request = { ...dated(job, serverNow), watermark: undefined, rules, serverNow, edge };
  const { from, until } = windowOf(request);
  const whole = until - from < second ? second : until - from;
  const longest = window.longest ?? window.slice;
  if (longest === undefined) return { from: until - whole, until };
  const looked = { from: until - (job.since === undefined ? earlier(longest, whole) : whole), until };
  const [part] = slices(looked, { ...rules, longest, slice: undefined }, undefined, (at) => namedFrom(edge(at)));
  return part ?? looked;
}
