/** The default command: pulls once, says what went wrong, and tells the truth in the exit status. */
import { join } from 'node:path';
import { configure, type Configuration } from '../config.ts';
import { jobName, searchScope } from '../config/job.ts';
import { noPlace } from '../config/state-directory.ts';
import type { Flags } from '../cli/flags.ts';
import { askedOf } from '../core/definition/asked.ts';
import { markCredentials } from '../core/position/credentials.ts';
import { worst, type Problem } from '../core/problem.ts';
import { counted } from '../core/text/counted.ts';
import { toMillis } from '../core/time.ts';
import type { Quarantine } from '../core/stores.ts';
import type { CredentialMarks, Job, Position } from '../core/types.ts';
import type { Lock } from '../io/state/lock.ts';
import { positionStore } from '../io/position-file.ts';
import { openQuarantine } from '../io/quarantine.ts';
import { isReaderGone } from '../io/streams/standard-output.ts';
import { fileName, lockJob, quarantineSuffix } from '../io/state/directory.ts';
import { run, type RunResult } from '../run.ts';
import { drift } from './drift.ts';
import { foundNowhere } from './found-nowhere.ts';
import type { Host } from './host.ts';
import { ofSearch, ofStream } from './pull/no-next-run.ts';
import { makeEnds, type Ends } from './ends.ts';
import { scrubbedQuarantine, scrubbedStore } from './pull/scrubbed.ts';
import { progressText, summaryFields, summaryText } from './pull/summary-line.ts';
import { withPlace } from './with-place.ts';

/** One run. `taken` is the lock of the job, if it was taken already. Returns the exit status. */
export async function pull(flags: Flags, host: Host, taken?: Lock): Promise<number> {
  const { world, log, stops, progress } = host;
  const configuration = await configure(flags, world.environment, world.now());
  const { stateDirectory } = configuration;
  const { maxRuntime } = configuration.job;
  if (maxRuntime !== undefined) stops.stopAfter(toMillis(maxRuntime), flags.maxRuntime ?? '');
  const ends = await makeEnds(configuration, host);
  try {
    const job = makeJob(configuration, ends);
    const scope = scopeOfJob(ends, configuration);
    const started = world.now();
    const drifted = drift(configuration);
    const told = (problem: Problem): Problem => {
      const known = ofStream(problem, ends.source);
      return withPlace(job.usePosition ? known : ofSearch(known), configuration);
    };
    const result = await run({
      job,
      source: ends.source,
      sink: ends.sink,
      async begin() {
        warnOfLoss(job, host);
        await ends.load();
      },
      store:
        job.usePosition && stateDirectory !== undefined
          ? scrubbedStore(positionStore(stateDirectory, job.name, scope, lockOf(stateDirectory, job, taken)), log.clean)
          : undefined,
      scope,
      credentials: credentialsOf(configuration),
      quarantine: scrubbedQuarantine(quarantineOf(job, stateDirectory, world.now), log.clean),
      tools: ends.tools,
      note: drifted.note,
      told,
      progress: (summary, window) => progress.show(() => progressText(summary, window, world.now() - started)),
    });
    const { changed, unmatched } = result.summary;
    const warnings = [
      ...drifted.warnings(),
      ...(changed > 0 ? [changedText(changed)] : []),
      ...foundNowhere(ends.source, job, unmatched),
    ];
    return sayWhatCame(result, job, warnings, told, host);
  } finally {
    await ends.close();
  }
}

/** Takes the lock of the job, unless it is taken already. */
function lockOf(directory: string, { name, maxRuntime }: Job, taken: Lock | undefined): () => Promise<Lock> {
  return () => (taken === undefined ? lockJob(directory, name, maxRuntime !== undefined) : Promise.resolve(taken));
}

function makeJob(configuration: Configuration, { source, sink }: Ends): Job {
  const name = jobName(configuration.naming, source, sink, configuration.job.search);
  return { ...configuration.job, name, sink: sink.name };
}

/**
 * The job's quarantine file. Without a state directory nothing can be set aside, and the first record that must be ends
 * the run (78): audit records in the working directory of whoever started it would be where nobody keeps or guards them.
 */
function quarantineOf(job: Job, stateDirectory: string | undefined, now: () => number): Quarantine {
  if (stateDirectory !== undefined) {
    return openQuarantine(join(stateDirectory, fileName(job.name) + quarantineSuffix), now);
  }
  return {
    path: 'no file, for want of a --state-dir',
    add: () => Promise.reject(noPlace('a record that must be set aside')),
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

/** What is read and where it goes: a position belongs to both. */
export function scopeOfJob(
  { source, sink }: Pick<Ends, 'source' | 'sink'>,
  { naming, job, source: definition, sourceOrigin }: Configuration,
): Pick<Position, 'source' | 'sink' | 'asked'> {
  const what = `${source.name} ${source.scope}`.trim();
  return {
    source: `${what} ${searchScope(naming, job.search)}`.trim(),
    sink: `${sink.name} ${sink.scope}`.trim(),
    ...(sourceOrigin === 'file' && { asked: askedOf(definition) }),
  };
}

/**
 * Marks of the secrets of a job that has no name of its own: `--job` is how accounts are told apart. Of a
 * named job only those in the sink's address: it may change (Sink.mark), but then it can also be another receiver's.
 */
function credentialsOf({ naming, source, sink, sourceValues, sinkValues }: Configuration): CredentialMarks | undefined {
  const values = { ...sourceValues, ...sinkValues };
  const secrets = Object.entries({ ...source.settings, ...sink.settings }).filter(([, { secret }]) => secret === true);
  const counting = secrets.filter(
    ([name, { kind }]) => naming.job === undefined || (kind === 'url' && name in sinkValues),
  );
  if (naming.job !== undefined && counting.length === 0) return undefined;
  return markCredentials(Object.fromEntries(counting.map(([name]) => [name, values[name]])));
}

/** A warning for those who look records up by their ID alone, and will find two. */
function changedText(count: number): string {
  return (
    `${counted(count)} with an ID that was delivered with other content: delivered as well ` +
    '(id_conflict); --dedupe id would leave them out'
  );
}

/** Warns of `> /dev/null`: it was asked for, but somebody may look for the records later. */
function warnOfLoss(job: Job, { world, log }: Host): void {
  if (job.sink !== 'stdout' || !job.usePosition || job.dryRun || world.output.kind !== 'null') return;
  log.warn('standard output is /dev/null: the records are thrown away, and the position moves past them');
}

/** Those that count: an ad-hoc search into `head` has done its work when the reader has enough. */
function reported(problems: readonly Problem[], job: Job): readonly Problem[] {
  return problems.filter((problem) => job.usePosition || job.sink !== 'stdout' || !isReaderGone(problem));
}

/**
 * Says what came of a run: the summary, where it is wanted, the warnings, and each Problem once, those with the status of the run
 * first. Returns that status.
 */
function sayWhatCame(
  result: RunResult,
  job: Job,
  warnings: readonly string[],
  told: (problem: Problem) => Problem,
  { log }: Host,
): number {
  const problems = reported(result.problems, job);
  const status = worst(problems.map((problem) => problem.status));
  if (log.level === 'debug' || log.level === 'trace' || (job.dryRun && log.level !== 'error')) {
    log.say(summaryText(result, job), summaryFields(result, job, status));
  }
  for (const warning of warnings) log.warn(warning);
  const isWorst = (problem: Problem): number => Number(problem.status === status);
  const lines = new Set<string>();
  for (const problem of problems.toSorted((one, other) => isWorst(other) - isWorst(one))) {
    if (lines.has(problem.message)) continue;
    lines.add(problem.message);
    log.problem(told(problem));
  }
  return status;
}
