/** `audit-export check`: logs in to both ends, fetches one page, sends nothing, and says line by line what works. */
import { configure, type Configuration } from '../config.ts';
import { jobName } from '../config/job.ts';
import { stateDirectory } from '../config/state-directory.ts';
import type { Flags } from '../cli/flags.ts';
import { exit, Problem, worst } from '../core/problem.ts';
import { notAwaited } from '../core/retry.ts';
import { toMillis } from '../core/time.ts';
import { oneLine } from '../core/text/shown.ts';
import type { PositionStore } from '../core/stores.ts';
import type { Saved, Sink } from '../core/types.ts';
import type { Log } from '../io/log.ts';
import { positionStore } from '../io/position-file.ts';
import { printText } from '../io/streams/report.ts';
import { setAsideBeside, setAsideText } from '../io/quarantine/set-aside.ts';
import { tryJob } from '../io/state/directory.ts';
import type { Host } from './host.ts';
import { type Finding, lookAtSource } from './check/look-at-source.ts';
import { makeEnds, type Ends } from './ends.ts';
import { ofCheck } from './pull/no-next-run.ts';
import { scopeOfJob } from './pull.ts';
import { withPlace } from './with-place.ts';

/** How long an end may have a check wait, in milliseconds: somebody sits in front of it. A run is more patient. */
const patience = 60_000;

/**
 * Prints a line for each thing that is checked, and returns the worst status of those that failed. Throws Problem (64, 78)
 * for what keeps it from checking anything.
 */
export async function checkEnds(flags: Flags, host: Host): Promise<number> {
  const { world, log, stops } = host;
  const configuration = await configure(
    { ...flags, singleQuery: true, continue: true, position: true },
    world.environment,
    world.now(),
  );
  const { maxRuntime } = configuration.job;
  if (maxRuntime !== undefined) stops.stopAfter(toMillis(maxRuntime), flags.maxRuntime ?? '', 'looked at');
  const warnings: string[] = [];
  let waitsUntil = Infinity; // of the end that is looked at
  const ends = await makeEnds(configuration, { ...host, log: noting(warnings, log) }, () => waitsUntil);
  const problems: Problem[] = [];

  /** One line of the report; a Problem is told below, with its hint. `name`: of the end that is looked at. */
  async function step(part: string, look: () => Promise<Finding>, name = ''): Promise<void> {
    const what = `${part} ${name}`.trimEnd();
    let line: string;
    waitsUntil = world.now() + patience;
    try {
      const found = await look();
      line = typeof found === 'string' ? `ok      ${what}: ${found}` : `warning ${what}: ${found.warning}`;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const problem = ofCheck(notAwaited(error, world.now()));
      problems.push(problem);
      const { message } = problem;
      const own = `${name}: `; // which the line says already
      line = `FAILED  ${what}: ${message.startsWith(own) ? message.slice(own.length) : message}`;
    }
    await printText(world.output, `${log.clean(oneLine(line))}\n`);
  }

  try {
    await step('settings', () => Promise.resolve(settingsText(configuration)));
    let saved: Saved | undefined;
    await step('position', async () => {
      if (flags.position === false) return 'none is used (--no-position)';
      const directory = stateDirectory(flags.stateDir, world.environment);
      const looked = await lookAtPosition(directory, configuration, ends, log);
      saved = looked.saved;
      return looked.found;
    });
    await step('sink', () => lookAtSink(ends.sink, saved), ends.sink.name);
    await step('source', () => lookAtSource(ends, configuration, warnings), ends.source.name);
  } finally {
    await ends.close();
  }
  for (const problem of problems) log.problem(withPlace(problem, configuration));
  return worst(problems.map((problem) => problem.status));
}

function settingsText({ findings }: Configuration): string {
  const places = new Set(findings.origins.values());
  return places.size === 0 ? 'none needed' : `from ${[...places].join(', ')}`;
}

/** Whether the position can be locked, saved and read; that another run has it right now is no fault. */
async function lookAtPosition(
  directory: string,
  configuration: Configuration,
  ends: Ends,
  log: Log,
): Promise<{ readonly found: Finding; readonly saved?: Saved | undefined }> {
  const name = jobName(configuration.naming, ends.source, ends.sink, configuration.job.search);
  const store: PositionStore = positionStore(directory, name, scopeOfJob(ends, configuration));
  try {
    await tryJob(directory, name); // without its lock: what a run saves meanwhile replaces the file as a whole
    const position = await store.load();
    for (const warning of store.warnings) log.warn(warning);
    if (position === undefined) return { found: `none yet, will be ${store.path}` };
    const isSound = store.warnings.length === 0;
    const place = isSound ? store.path : `the one before ${store.path}`;
    const aside = await setAsideBeside(store.path);
    const { saved } = position;
    if (aside !== undefined) return { found: { warning: `${place}, ${setAsideText(aside)}` }, saved };
    return { found: isSound ? place : { warning: place }, saved };
  } catch (error) {
    if (error instanceof Problem && error.status === exit.tempfail) {
      return { found: 'in use by a run right now' };
    }
    throw error;
  } finally {
    await store.close();
  }
}

/** `saved`: what a run would be given of the position. */
async function lookAtSink(sink: Sink, saved: Saved | undefined): Promise<string> {
  try {
    if (sink.look === undefined) await sink.open?.(saved);
    else await sink.look(saved);
    const found = await sink.probe?.();
    if (found !== undefined) return `${sink.scope}: ${found}`;
    return sink.scope === '' ? 'ready' : `ready at ${sink.scope}`;
  } finally {
    await sink.close();
  }
}

/** Logs warnings as before, and collects them: a line that says `ok` would contradict them. */
function noting(warnings: string[], log: Log): Log {
  const kept = (warn: Log['warn']) => (message: string) => {
    warnings.push(message);
    warn(message);
  };
  return { ...log, warn: kept(log.warn), warnAlways: kept(log.warnAlways) };
}
