/**
 * A vendor that keeps producing, a state directory that lives on, and a destination: what a sweep runs the program in.
 * The vendor's new records include late ones (inside the overlap), several of one moment, and one that no sink may get;
 * some of them appear while the program is reading.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { baseDefinition } from '../faults/definition.ts';
import { faultVendor } from '../faults/vendor.ts';
import type { Clock } from '../faults/world.ts';
import type { Ended } from '../support/program.ts';
import type { Destination } from './destinations.ts';

const minute = 60_000;
const credentials = { apiKey: 'sweep-key', username: 'sweep-user', password: 'sweep-password' };

/** What a run needs to know. */
export interface Setting {
  readonly directory: string;
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly destination: Destination;
  /** Called with each request of this run, when it was taken and not yet answered; true withholds the answer. */
  heard: ((by: 'vendor' | 'destination', path: string) => boolean) | undefined;
}

/** Runs the program once; `blow` is what happens to it. */
export type Start<Blow> = (setting: Setting, blow: Blow | undefined) => Promise<Ended>;

/** What the destination has, compared with what the vendor has. */
export interface Comparison {
  readonly lost: readonly string[];
  /** At the destination and not at the vendor: altered on the way. */
  readonly foreign: readonly string[];
  /** Copies beyond the first. */
  readonly repeats: number;
  /** Refused records that are not in the quarantine. */
  readonly forgotten: number;
}

export interface History<Blow> {
  /** The vendor gets new records, and time passes. */
  produce(): void;
  /** One run; the vendor goes on producing while it deals the blow. */
  run(blow?: Blow): Promise<Ended>;
  /** Runs with nothing new until one ends well (0, or 3 when it set a record aside); throws when that takes too many. */
  recover(): Promise<number>;
  /** `before`: only what the vendor had before the last run may be lost, because the rest came too late for it. */
  compare(before?: 'last run'): Comparison;
  close(): Promise<void>;
}

export interface HistoryOptions<Blow> {
  readonly start: Start<Blow>;
  make(directory: string): Promise<Destination>;
  /** The vendor wants a login first, and a logout. */
  readonly session: boolean;
  /** A run saves its position several times. */
  readonly slices: boolean;
  /** Has the vendor spread its records over them. */
  readonly branches?: readonly string[];
}

export async function openHistory<Blow>({
  start,
  make,
  session,
  slices,
  branches = [],
}: HistoryOptions<Blow>): Promise<History<Blow>> {
  const directory = mkdtempSync(join(tmpdir(), 'sweep-'));
  const state = join(directory, 'state');
  const destination = await make(directory);
  const clock = { now: Math.floor(Date.now() / 1000) * 1000 };
  const branchOf = (id: string): string => branches[Number(id.replace(/\D+/, '')) % branches.length] ?? '';
  const vendor = await faultVendor({ now: () => clock.now, ...credentials, session, branchOf });
  const refused = new Set<string>();
  let number = 0;
  let asked = 0;
  let printed = '';
  let producing = false;
  let known = 0;

  const definition = baseDefinition(session, branches);
  const window = slices ? { ...definition.window, slice: '3m' } : definition.window;
  const files = {
    source: join(directory, 'acme.json'),
    settings: join(directory, 'job.env'),
    password: join(directory, 'password'),
  };
  writeFileSync(files.source, JSON.stringify({ ...definition, window }));
  writeFileSync(files.password, `${credentials.password}\n`, { mode: 0o600 });
  const settings = { ACME_URL: vendor.url, ACME_TOKEN: credentials.apiKey, ACME_USERNAME: credentials.username };
  const lines = Object.entries({ ...settings, ACME_PASSWORD_FILE: files.password }).map(
    ([key, text]) => `${key}=${text}\n`,
  );
  writeFileSync(files.settings, lines.join(''), { mode: 0o600 });
  const places = ['--source', files.source, '--env-file', files.settings, '--state-dir', state, '--job', 'sweep'];
  const amounts = ['--overlap', '3m', '--first-run', '5m', '--limit', '4', '--log-format', 'text'];
  const setting: Setting = {
    directory,
    argv: [...places, ...amounts, ...destination.argv],
    environment: { PATH: process.env['PATH'] ?? '', ...destination.environment },
    clock,
    destination,
    heard: undefined,
  };

  function add(secondsAgo: number): void {
    vendor.add(`r${++number}`, secondsAgo);
  }

  vendor.fault = ({ path }) => {
    // Seldom enough that a run comes to an end, and that the windows do not grow from run to run.
    if (producing && ++asked % 3 === 0) add(asked % 2 === 0 ? 0 : 100);
    return setting.heard?.('vendor', path) === true ? (socket) => void socket.destroy() : undefined;
  };
  if (destination.server !== undefined) {
    destination.server.hook = ({ path }) => (setting.heard?.('destination', path) === true ? 'late' : undefined);
  }

  async function run(blow?: Blow): Promise<Ended> {
    producing = blow !== undefined;
    known = vendor.records.length;
    const result = await start(setting, blow);
    setting.heard = undefined;
    producing = false;
    clock.now += minute;
    // What a killed run printed of a line is not a line; whoever reads the pipe sees where it ended.
    printed += result.stdout.slice(0, result.stdout.lastIndexOf('\n') + 1);
    return result;
  }

  async function recover(): Promise<number> {
    for (let attempt = 1; ; attempt++) {
      const { status, stderr } = await run();
      if (status === 0 || status === 3) return attempt;
      // An acknowledgement that was told to a run which was killed is given up after five minutes.
      if (status !== 75 || attempt === 8) throw new Error(`the next run ended with ${status}: ${stderr}`);
    }
  }

  function compare(before?: 'last run'): Comparison {
    const texts = destination.texts(printed);
    const there = new Set(texts);
    const all = vendor.records.map(({ text }) => text).filter((text) => !refused.has(text));
    const wanted = new Set(all);
    const due = new Set(vendor.records.slice(0, before === undefined ? undefined : known).map(({ text }) => text));
    const quarantine = join(state, 'sweep.quarantine.jsonl');
    const setAside = existsSync(quarantine) ? readFileSync(quarantine, 'utf8') : '';
    return {
      lost: [...wanted].filter((text) => due.has(text) && !there.has(text)),
      foreign: [...there].filter((text) => !wanted.has(text)),
      repeats: texts.length - there.size,
      forgotten: [...refused].filter((text) => due.has(text) && !setAside.includes(JSON.stringify(text))).length,
    };
  }

  return {
    produce() {
      for (const secondsAgo of [30, 20, 20, 20, 10, 150]) add(secondsAgo);
      if (refused.size < 40) refused.add(vendor.add(`bad${++number}`, 15, `"no object: ${number}"`).text);
    },
    run,
    recover,
    compare,
    async close() {
      await vendor.down();
      await destination.server?.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
