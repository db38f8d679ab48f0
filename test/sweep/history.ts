/**
 * A vendor that keeps producing, a state directory that lives on, and a destination: what a sweep runs the program in.
 * The vendor's new records include late ones (inside the overlap), several of one moment, and one that no sink may get;
 * some of them appear while the program is reading.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { baseDefinition } from '../faults/definition.ts';
import { faultVendor } from '../faults/vendor.ts';
import { ended, type Ended } from '../support/program.ts';
import { batch, type Destination } from './destinations.ts';

const minute = 60_000;
const credentials = { apiKey: 'sweep-key', username: 'sweep-user', password: 'sweep-password' };

export interface Kill {
  /** At the failpoint with this number. */
  readonly point?: number;
  /** Only failpoints of this name are counted. */
  readonly called?: string;
  /** When the destination has stored this many requests of the run, before it answers. */
  readonly stored?: number;
  /** After so many milliseconds. */
  readonly after?: number;
}

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

export interface History {
  /** The vendor gets new records, and time passes. */
  produce(): void;
  /** One run, killed or not; the vendor goes on producing during one that may be killed. */
  run(kill?: Kill): Promise<Ended>;
  /** Runs with nothing new until one ends well (0, or 3 when it set a record aside); throws when that takes too many. */
  recover(): Promise<number>;
  compare(): Comparison;
  close(): Promise<void>;
}

/** A history of the program at `program`, with the destination that `make` makes. */
export async function openHistory(
  program: string,
  make: (directory: string) => Promise<Destination>,
  session = false,
): Promise<History> {
  const directory = mkdtempSync(join(tmpdir(), 'sweep-'));
  const state = join(directory, 'state');
  const destination = await make(directory);
  const clock = { now: Math.floor(Date.now() / 1000) * 1000 };
  const vendor = await faultVendor({ now: () => clock.now, ...credentials, session });
  const definition = join(directory, 'acme.json');
  writeFileSync(definition, JSON.stringify(baseDefinition(session)));
  const refused = new Set<string>();
  let number = 0;
  let asked = 0;
  let printed = '';
  let producing = false;

  function add(secondsAgo: number): void {
    vendor.add(`r${++number}`, secondsAgo);
  }

  vendor.fault = () => {
    // Seldom enough that a run comes to an end, and that the windows do not grow from run to run.
    if (producing && ++asked % 3 === 0) add(asked % 2 === 0 ? 0 : 100);
    return undefined;
  };

  function start(kill: Kill): ChildProcess {
    const words = ['--source', definition, '--state-dir', state, '--job', 'sweep', '--overlap', '3m', '--limit', '4'];
    return spawn(process.execPath, [program, ...words, ...destination.argv], {
      cwd: directory,
      env: {
        ACME_URL: vendor.url,
        ACME_TOKEN: credentials.apiKey,
        ACME_USERNAME: credentials.username,
        ACME_PASSWORD: credentials.password,
        SWEEP_NOW: String(clock.now),
        SWEEP_BATCH: String(batch),
        ...(kill.point !== undefined && { SWEEP_KILL: String(kill.point) }),
        ...(kill.called !== undefined && { SWEEP_POINT: kill.called }),
        PATH: process.env['PATH'],
        ...destination.environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  async function run(kill?: Kill): Promise<Ended> {
    producing = kill !== undefined;
    const child = start(kill ?? {});
    const { server } = destination;
    let stored = 0;
    if (server !== undefined) {
      server.hook = ({ path }) => {
        if (destination.isData?.(path) !== true || ++stored !== kill?.stored) return undefined;
        child.kill('SIGKILL');
        return 'late';
      };
    }
    const timer = kill?.after === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), kill.after);
    const result = await ended(child);
    clearTimeout(timer);
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
      if (status !== 75 || attempt === 8) throw new Error(`no run ended well: status ${status}, ${stderr}`);
    }
  }

  function compare(): Comparison {
    const texts = destination.texts(printed);
    const there = new Set(texts);
    const wanted = new Set(vendor.records.map(({ text }) => text).filter((text) => !refused.has(text)));
    const quarantine = join(state, 'sweep.quarantine.jsonl');
    const setAside = existsSync(quarantine) ? readFileSync(quarantine, 'utf8') : '';
    return {
      lost: [...wanted].filter((text) => !there.has(text)),
      foreign: [...there].filter((text) => !wanted.has(text)),
      repeats: texts.length - there.size,
      forgotten: [...refused].filter((text) => !setAside.includes(JSON.stringify(text))).length,
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
