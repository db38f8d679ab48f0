/** `audit-export check`: logs in to both ends, fetches one page, sends nothing, and says line by line what works. */
import { configure, type Configuration } from '../config.ts';
import { jobName, type JobPlan } from '../config/job.ts';
import { stateDirectory } from '../config/state-directory.ts';
import type { Flags } from '../cli/flags.ts';
import { dated } from '../core/clock/duration.ts';
import { refusesFuture } from '../core/clock/vendor-clock.ts';
import { exit, Problem, worst } from '../core/problem.ts';
import { earliest } from '../core/run/commit.ts';
import { goneBefore } from '../core/run/forewarned.ts';
import { clockProblems } from '../core/run/plan.ts';
import { fromMillis, isoText, second, toMillis } from '../core/time.ts';
import { counted } from '../core/text/counted.ts';
import { oneLine, serverText } from '../core/text/shown.ts';
import type { Instant, PositionStore, Sink, Source, Tools, Window, WindowRules } from '../core/types.ts';
import { wholeSecond, windowOf } from '../core/window.ts';
import type { Log } from '../io/log.ts';
import { positionStore } from '../io/position-file.ts';
import { printText } from '../io/streams/report.ts';
import { setAsideBeside } from '../io/position/set-aside.ts';
import type { Host } from './host.ts';
import { drift } from './drift.ts';
import { firstLook } from './first-look.ts';
import { makeParts, type Parts } from './parts.ts';
import { scopeOf } from './pull.ts';
import { withPlace } from './with-place.ts';

/** What works, or works and should be looked at. */
type Found = string | { readonly warning: string };

/**
 * Prints a line for each thing that is looked at, and returns the worst status of those that failed. Throws Problem
 * (64, 78) for what keeps it from looking.
 */
export async function check(flags: Flags, host: Host): Promise<number> {
  const { world, log, stops } = host;
  const configuration = await configure(
    { ...flags, singleQuery: true, continue: true, position: true },
    world.environment,
    world.now(),
  );
  const { maxRuntime } = configuration.plan;
  if (maxRuntime !== undefined) stops.stopAfter(toMillis(maxRuntime), flags.maxRuntime ?? '', 'looked at');
  const warnings: string[] = [];
  const parts = await makeParts(configuration, { ...host, log: { ...log, warn: noting(warnings, log) } });
  const problems: Problem[] = [];

  /** One line of the report; a Problem is told below, with its hint. */
  async function step(what: string, look: () => Promise<Found>): Promise<void> {
    let line: string;
    try {
      const found = await look();
      line = typeof found === 'string' ? `ok      ${what}: ${found}` : `warning ${what}: ${found.warning}`;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      problems.push(error);
      const [, name] = what.split(' ');
      const said = error.message.startsWith(`${name}: `) ? error.message.slice(`${name}: `.length) : error.message;
      line = `FAILED  ${what}: ${said}`;
    }
    await printText(world.output, `${log.clean(oneLine(line))}\n`);
  }

  try {
    await step('settings', () => Promise.resolve(settingsText(configuration)));
    await step('position', () =>
      lookAtPosition(stateDirectory(flags.stateDir, world.environment), configuration, parts, log),
    );
    await step(`sink ${parts.sink.name}`, () => lookAtSink(parts.sink));
    await step(`source ${parts.source.name}`, () => lookAtSource(parts, configuration, warnings));
  } finally {
    await parts.close();
  }
  for (const problem of problems) log.problem(withPlace(problem, configuration));
  return worst(problems.map((problem) => problem.status));
}

function settingsText({ findings }: Configuration): string {
  const places = new Set(findings.origins.values());
  return places.size === 0 ? 'none needed' : `from ${[...places].join(', ')}`;
}

/** The position can be created, locked and read; a run that is working right now is no fault. */
async function lookAtPosition(directory: string, configuration: Configuration, parts: Parts, log: Log): Promise<Found> {
  const name = jobName(configuration.naming, parts.source, parts.sink, configuration.plan.search);
  const store: PositionStore = positionStore(directory, name, scopeOf(parts, configuration));
  try {
    await store.lock();
    const position = await store.load();
    for (const warning of store.warnings) log.warn(warning);
    if (position === undefined) return `none yet, will be ${store.path}`;
    const place = store.warnings.length === 0 ? store.path : `the one before ${store.path}`;
    const aside = await setAsideBeside(store.path);
    return aside === undefined ? place : { warning: `${place}, ${aside}` };
  } catch (error) {
    if (error instanceof Problem && error.status === exit.tempfail) return 'in use by a run right now';
    throw error;
  } finally {
    await store.close();
  }
}

async function lookAtSink(sink: Sink): Promise<string> {
  try {
    if (sink.look === undefined) await sink.open?.(undefined);
    else await sink.look();
    const found = await sink.probe?.();
    if (found !== undefined) return `${sink.scope}: ${found}`;
    return sink.scope === '' ? 'ready' : `ready at ${sink.scope}`;
  } finally {
    await sink.close();
  }
}

/** Reads the first page of the first branch, and leaves. What `warnings` says meanwhile is a doubt about the source. */
async function lookAtSource(
  { source, tools }: Parts,
  configuration: Configuration,
  warnings: string[],
): Promise<Found> {
  const { source: definition, plan } = configuration;
  warnings.length = 0; // the others are of no source
  try {
    const branches = await source.branches();
    await source.open?.(); // tells the clock by which the window is made
    const [branch = ''] = branches;
    const gone = goneBefore({ source, bookmark: undefined, job: plan });
    if (gone !== undefined) throw gone;
    let slice = firstPart(source, plan, tools);
    const seen = firstLook(definition);
    const never = drift(configuration);
    const shownFrom = (): Instant => earliest(source, source.shownFrom?.(slice.from) ?? slice.from);
    const look = async (): Promise<void> => {
      try {
        for await (const page of source.pull({ branch, slice, bookmark: undefined, remembers: () => false })) {
          if (page.incomplete !== undefined) throw page.incomplete;
          seen.note(page, shownFrom());
          never.note(page);
        }
      } catch (error) {
        throw inBranch(error, branch, branches.length);
      }
    };
    try {
      await look();
    } catch (error) {
      const status = error instanceof Problem ? error.httpStatus : undefined;
      if (!refusesFuture(source.serverTime(), slice.until, status)) throw error;
      slice = firstPart(source, plan, tools); // by the vendor's clock, as a run does then
      await look();
    }
    const [clock] = clockProblems({ source, job: plan, tools }, undefined);
    if (clock !== undefined) throw clock;
    const several = branches.length > 1 ? `, first of ${branches.length}: ${branch}` : '';
    const page = `the first page of ${isoText(slice.from)} to ${isoText(slice.until)}${several}`;
    const found =
      source.stream !== undefined
        ? `${counted(seen.count())} in what came first${seen.lacks()}`
        : `logged in, ${counted(seen.count())} on ${page}${seen.lacks()}${clockOf(source)}`;
    const doubts = [...new Set(warnings)].map((line) => `; ${line.replace(`${source.name}: `, '')}`).join('');
    return doubts === '' && never.warnings().length === 0 && !seen.isAllOld() ? found : { warning: found + doubts };
  } finally {
    await source.close();
  }
}

/** Says a warning as before, and keeps it: a line that says `ok` would belie it. */
function noting(warnings: string[], log: Log): Log['warn'] {
  return (message, always) => {
    warnings.push(message);
    log.warn(message, always);
  };
}

/** Of several branches, says which one the vendor answered so; a connection that fails is that of all. */
function inBranch(error: unknown, branch: string, branches: number): unknown {
  if (!(error instanceof Problem) || error.httpStatus === undefined || branches < 2) return error;
  return error.with({ message: `${serverText(branch)}: ${error.message}` });
}

/** What is read then depends on a clock that nothing is held against. */
function clockOf({ window, serverTime }: Source): string {
  if (window.filter === 'none' || serverTime() !== undefined) return '';
  return '; its replies have no Date header, so windows go by the clock of this machine, which must be right';
}

/** What a first run would ask for first, as far as the vendor allows it at once; without --since, what it would ask for last. */
function firstPart({ window, edge, serverTime }: Source, plan: JobPlan, tools: Tools): Window {
  const serverNow = serverTime() ?? fromMillis(tools.now());
  // Nobody goes by the window of a vendor without a time filter, and 1970 would look strange in the report.
  const rules: WindowRules = window.filter === 'none' ? { ...window, filter: 'ingestion' } : window;
  const request = { ...dated(plan, serverNow), watermark: undefined, rules, serverNow, ...(edge && { edge }) };
  const { from, until } = windowOf(request);
  const longest = window.longest ?? window.slice;
  const whole = until - from < second ? second : until - from;
  // Where times are written in whole seconds, parts of one at both ends would ask for a second more than the vendor allows.
  if (longest === undefined || longest > whole) return { from: until - whole, until };
  if (plan.since !== undefined) return { from, until: wholeSecond(from) + longest };
  return { from: wholeSecond(until) - longest, until: wholeSecond(until) };
}
