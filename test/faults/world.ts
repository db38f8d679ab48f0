/** A world for `main` whose waits cost no time: they move its clock instead. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { setImmediate as soon } from 'node:timers/promises';
import type { SignalName, World } from '../../src/io/world.ts';

export interface Clock {
  /** Milliseconds since 1970. */
  now: number;
}

export interface FaultWorld {
  readonly world: World;
  stdout(): string;
  stderr(): string;
  /** Milliseconds of every wait of the run, in order; limits of the whole run are not among them. */
  readonly waits: readonly number[];
  /** Sends a signal to the run, as `kill` does. */
  signal(name: SignalName): void;
}

export interface FaultWorldOptions {
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string>>;
  /** `--max-runtime` is given: the first wait is its alarm. */
  readonly limited: boolean;
  /** Takes the records in place of the buffer that `stdout()` shows. */
  readonly write?: ((bytes: Buffer) => Promise<void>) | undefined;
  /** Called after each wait, with its milliseconds. */
  readonly onWait?: ((milliseconds: number) => void) | undefined;
}

interface Alarm {
  readonly due: number;
  ring(): void;
}

export function faultWorld({ clock, environment, limited, write, onWait }: FaultWorldOptions): FaultWorld {
  const out: Buffer[] = [];
  const err: string[] = [];
  const waits: number[] = [];
  const alarms = new Set<Alarm>();
  let listener: ((name: SignalName) => void) | undefined;
  let alarmNext = limited;

  /** A limit of the run rings when the waits have moved the clock so far; it does not move it itself. */
  function alarm(due: number, stop: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry = { due, ring: resolve };
      alarms.add(entry);
      stop.addEventListener('abort', () => {
        alarms.delete(entry);
        reject(stop.reason as Error);
      });
    });
  }

  async function wait(milliseconds: number, stop: AbortSignal): Promise<void> {
    if (alarmNext) {
      alarmNext = false;
      return alarm(clock.now + milliseconds, stop);
    }
    stop.throwIfAborted();
    waits.push(milliseconds);
    clock.now += milliseconds;
    for (const entry of alarms) {
      if (entry.due > clock.now) continue;
      alarms.delete(entry);
      entry.ring();
    }
    onWait?.(milliseconds);
    await soon(); // what is under way on sockets gets its turn
    stop.throwIfAborted();
    return undefined;
  }

  const world: World = {
    environment: { ...environment },
    input: { look: () => {}, chunks: () => assert.fail('nobody reads standard input') },
    output: {
      kind: 'pipe',
      write: write ?? (async (bytes) => void out.push(Buffer.from(bytes))),
      isWriting: () => false,
      sync: async () => {},
    },
    stderr: { isTerminal: false, columns: () => 80, write: (text) => void err.push(text) },
    now: () => clock.now,
    elapsed: () => clock.now,
    wait,
    turn: () => new Promise((resolve) => setImmediate(resolve)),
    random: () => 0.5,
    guid: () => randomUUID(),
    onSignal(heard) {
      listener = heard;
      return () => (listener = undefined);
    },
    onCrash: () => () => {},
    onWarning: () => {},
    leave(status) {
      throw new Error(`left at once with ${status}`);
    },
  };
  return {
    world,
    waits,
    stdout: () => Buffer.concat(out).toString(),
    stderr: () => err.join(''),
    signal(name) {
      alarmNext = true; // the grace that follows a stop is a limit of the run, too
      listener?.(name);
      alarmNext = false;
    },
  };
}
