/**
 * The sweep of failing operations: a run in which the Nth operation on files, sockets or processes fails, for every N
 * until there is no Nth; then plain runs until one ends well; and what the destination has is compared with what the
 * vendor has.
 */
import { exit } from '../../src/core/problem.ts';
import type { Ended } from '../support/program.ts';
import { type Destination, destinationOf } from './destinations.ts';
import type { Kind, Plan } from './failing.ts';
import { type Failure, failingRun } from './failing-run.ts';
import { type History, openHistory } from './history.ts';

const codes: Readonly<Record<Kind, readonly string[]>> = {
  file: ['ENOSPC', 'EIO', 'EACCES', 'EROFS', 'EMFILE', 'EDQUOT'],
  socket: ['ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'ECONNREFUSED', 'EMFILE'],
  process: ['EAGAIN', 'ENOMEM', 'EMFILE'],
};
const modes = ['once', 'from'] as const;

export interface OperationsTally {
  readonly sink: string;
  readonly kind: Kind;
  /** Operations that failed at least once; of a first run and of a later one. */
  operations: number;
  /** Runs in which an operation failed. */
  failures: number;
  lost: number;
  foreign: number;
  forgotten: number;
  repeats: number;
  /** Most repeats after one failure. */
  worst: number;
  readonly statuses: Map<number, number>;
  /** What was said on standard error, without numbers and directories, and how often. */
  readonly messages: Map<string, number>;
  readonly faults: string[];
}

interface OperationsOptions {
  readonly sink: string;
  readonly make: (directory: string) => Promise<Destination>;
  readonly kind: Kind;
  /** 1: each operation with each code, once and for good; otherwise each so many, with one of them in turn. */
  readonly step: number;
  /** Told after each operation. */
  progress(text: string): void;
}

/** Sweeps one destination, kind after kind; `steps` for each of them. */
export async function sweepAllOperations(
  sink: string,
  steps: Readonly<Record<Kind, number>>,
  progress: (text: string) => void = () => {},
): Promise<OperationsTally[]> {
  const make = destinationOf(sink === 'stdout' ? 'stdout in a file' : sink);
  const kinds = ['file', 'socket', ...(sink === 'command' ? ['process' as const] : [])] as const;
  const tallies: OperationsTally[] = [];
  for (const kind of kinds) tallies.push(await sweepOperations({ sink, make, kind, step: steps[kind], progress }));
  return tallies;
}

async function sweepOperations({ sink, make, kind, step, progress }: OperationsOptions): Promise<OperationsTally> {
  const tally: OperationsTally = {
    sink,
    kind,
    operations: 0,
    failures: 0,
    lost: 0,
    foreign: 0,
    forgotten: 0,
    repeats: 0,
    worst: 0,
    statuses: new Map(),
    messages: new Map(),
    faults: [],
  };
  let allowed = 0;
  const all = codes[kind].flatMap((code) => modes.map((mode) => ({ code, mode })));

  async function open(): Promise<History<Failure>> {
    return openHistory({
      start: failingRun,
      async make(directory) {
        const destination = await make(directory);
        allowed = destination.repeats;
        return destination;
      },
      session: true,
      slices: true,
    });
  }

  /** The Nth operation fails in all ways; gives the number of runs in which there was an Nth. */
  async function failNth(nth: number, when: 'first run' | 'later run'): Promise<number> {
    const ways = step === 1 ? all : [all[nth % all.length]!];
    let history: History<Failure> | undefined;
    let failures = 0;
    try {
      for (const way of ways) {
        if (when === 'first run') {
          await history?.close();
          history = undefined;
        }
        if (history === undefined) {
          history = await open();
          history.produce();
          if (when === 'later run') await history.recover();
        }
        failures += (await failOnce(history, { kind, nth, ...way }, when)) ? 1 : 0;
      }
      return failures;
    } finally {
      await history?.close();
    }
  }

  /** One failure and what follows; false when there was no such operation. */
  async function failOnce(history: History<Failure>, plan: Plan, when: string): Promise<boolean> {
    history.produce();
    const before = history.compare().repeats;
    const failure: Failure = { plan };
    const ended = await history.run(failure);
    const where = `${when}, ${plan.code} ${plan.mode} ${plan.nth} (${failure.failed ?? 'nothing'})`;
    const note = (what: string): unknown => tally.faults.push(`${where}: ${what}`);
    const { status, stderr } = ended;
    if (failure.failed !== undefined) {
      tally.statuses.set(Number(status), (tally.statuses.get(Number(status)) ?? 0) + 1);
      for (const line of said(stderr)) tally.messages.set(line, (tally.messages.get(line) ?? 0) + 1);
    }
    if (status !== exit.ok && !stderr.includes('\nhint: ')) note(`nothing to do about it: ${stderr}`);
    for (const path of failure.leftOpen ?? []) note(`left open: ${path}`);
    if (!mayEnd(kind, failure.failed, ended)) note(`status ${status}: ${stderr}`);
    if (status === exit.ok || status === exit.partial) {
      const { lost, forgotten } = history.compare('last run');
      if (lost.length + forgotten > 0) note(`status ${status} without ${[...lost, `${forgotten} refused`].join()}`);
    }
    await history.recover().catch((error: unknown) => note(String(error)));
    const { lost, foreign, forgotten, repeats } = history.compare();
    tally.lost += lost.length;
    tally.foreign += foreign.length;
    tally.forgotten += forgotten;
    tally.repeats += repeats - before;
    tally.worst = Math.max(tally.worst, repeats - before);
    if (lost.length + foreign.length + forgotten > 0 || repeats - before > allowed) {
      note(`status ${status}, ${JSON.stringify({ lost, foreign, forgotten, repeats: repeats - before })}; ${stderr}`);
    }
    return failure.failed !== undefined;
  }

  for (const when of ['first run', 'later run'] as const) {
    for (let nth = 1; ; nth += step) {
      const failures = await failNth(nth, when);
      if (failures === 0) break;
      tally.operations += 1;
      tally.failures += failures;
      progress(`${kind} ${nth} of a ${when}, ${tally.failures} failures, ${tally.faults.length} faults`);
    }
  }
  return tally;
}

/** Whether the exit status is the one that the failure asks for. */
function mayEnd(kind: Kind, failed: string | undefined, { status, stderr }: Ended): boolean {
  const { ok, partial, cantcreat, ioerr, unavailable, tempfail, config } = exit;
  const allowed: (number | null)[] = [ok, partial]; // it did not matter, or there was a way around
  if (failed === undefined) return allowed.includes(status);
  if (kind === 'file') allowed.push(cantcreat, ioerr);
  if (kind === 'process') allowed.push(ioerr);
  if (kind === 'socket') allowed.push(unavailable, /the command \S+ /.test(stderr) ? ioerr : unavailable);
  // Splunk tells an acknowledgement once: when that was lost, the next runs wait for it before they send again.
  if (kind === 'socket' && stderr.includes('has not yet acknowledged')) allowed.push(tempfail);
  // A definition, settings or a secret that cannot be read are settings that are missing.
  if (kind === 'file' && /^audit-export: .*(definition|env file|ACME_PASSWORD_FILE)/m.test(stderr))
    allowed.push(config);
  return allowed.includes(status);
}

/** Problems and hints, one text each. */
function said(stderr: string): string[] {
  return stderr
    .replace(/\/\S*sweep-[^/]*\//g, '…/')
    .replace(/[0-9a-f]{12}\.temp/g, '….temp')
    .replace(/127\.0\.0\.1:\d+/g, 'host')
    .replace(/\b\d+(?= records?\b)/g, 'n')
    .split(/\n(?=audit-export)/)
    .map((text) => text.trim())
    .filter((text) => text !== '');
}

/** The tallies as the table of the README. */
export function operationsTable(tallies: readonly OperationsTally[]): string {
  const rows = tallies.map(({ sink, kind, statuses, faults, ...tally }) => {
    const { operations, failures, lost, foreign, forgotten, repeats, worst } = tally;
    const ends = [...statuses]
      .toSorted(([one], [other]) => one - other)
      .map(([status, count]) => `${status}: ${count}`)
      .join(', ');
    const figures = [operations, failures, lost, foreign, forgotten, repeats, worst, faults.length].join(' | ');
    return `| ${sink} | ${kind} | ${figures} | ${ends} |`;
  });
  return [
    '| destination | operations on | operations | failures | records lost | altered | refused and forgotten | repeats | most after one failure | promises broken | runs by exit status |',
    '|---|---|---|---|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}
