/** The outside as the program sees it: clock, chance, streams, signals. A test may pass another one to `main`. */
import { Buffer } from 'node:buffer';
import { writeSync } from 'node:fs';
import type { Output } from '../core/sink-tools.ts';
import { errorCode } from './error-code.ts';
import { letGoOfTerminals } from './streams/let-go.ts';
import { standardInput, type Input } from './streams/standard-input.ts';
import { standardOutput } from './streams/standard-output.ts';
import { isTerminal, type TextOutput } from './streams/terminal.ts';
import { unless } from './streams/unless.ts';
import { after } from './timer.ts';

/** Environment variables. */
export type Environment = Record<string, string | undefined>;

export type SignalName = 'SIGHUP' | 'SIGINT' | 'SIGTERM';

export interface World {
  /** config.ts takes the secrets out. */
  readonly environment: Environment;
  /** Records may come from here. */
  readonly input: Input;
  /** Only records go here, or what the command prints that was given them. */
  readonly output: Output;
  /** People read here. */
  readonly stderr: TextOutput;
  /** Milliseconds since 1970, whole. */
  now(): number;
  /** Milliseconds by a clock that nobody sets, to tell how much time has passed. */
  elapsed(): number;
  /** Resolves after that many milliseconds; rejects with the reason of `stop`. */
  wait(milliseconds: number, stop: AbortSignal): Promise<void>;
  /** Waits two turns of the event loop, so that a request just begun is written before the caller goes on. */
  turn(): Promise<void>;
  /** [0, 1). */
  random(): number;
  guid(): string;
  /** Calls `heard` at every signal that asks to stop, until the returned function is called. */
  onSignal(heard: (name: SignalName) => void): () => void;
  /** Calls `heard` with an error that nothing caught, and ends the program at once with the status that it returns. */
  onCrash(heard: (error: unknown) => number): () => void;
  /** Calls `heard` for Node's own warnings instead of printing them: cron mails every line. */
  onWarning(heard: (warning: Error) => void): void;
  /** Ends at once, without waiting for anything. */
  leave(status: number): void;
}

/** The real one. */
export function systemWorld(environment: Environment): World {
  let output: Output | undefined;
  return {
    environment,
    input: standardInput(),
    get output() {
      return (output ??= standardOutput());
    },
    stderr: {
      get isTerminal() {
        return isTerminal(2);
      },
      columns: () => process.stderr.columns || 80, // a terminal may say 0, as that of script(1) does
      write: writeError,
    },
    now: () => Date.now(),
    elapsed: () => performance.now(),
    wait: waitFor,
    turn: nextTurn,
    random: () => Math.random(),
    guid: () => crypto.randomUUID(),
    onSignal(heard) {
      const names: readonly SignalName[] = ['SIGHUP', 'SIGINT', 'SIGTERM'];
      for (const name of names) process.on(name, heard);
      return () => {
        for (const name of names) process.off(name, heard);
      };
    },
    onCrash(heard) {
      const crash = (error: unknown): void => leave(heard(error));
      process.on('uncaughtException', crash);
      process.on('unhandledRejection', crash);
      // A promise that nothing will ever settle lets Node run dry and end with 0.
      const dry = (): void => void (process.exitCode = heard(new Error('nothing is left to wait for')));
      process.on('exit', dry);
      return () => {
        process.off('exit', dry);
        process.off('uncaughtException', crash);
        process.off('unhandledRejection', crash);
      };
    },
    onWarning(heard) {
      process.removeAllListeners('warning');
      process.on('warning', heard);
    },
    leave,
  };
}

/** The one place that ends the process: where it cannot go on, or somebody does not want to wait. */
function leave(status: number): never {
  process.removeAllListeners('exit');
  letGoOfTerminals();
  process.exit(status);
}

/** undici looks at an idle connection for a turn of the event loop before it writes, and gets to that in this one. */
async function nextTurn(): Promise<void> {
  for (let turn = 1; turn <= 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function waitFor(milliseconds: number, stop: AbortSignal): Promise<void> {
  stop.throwIfAborted();
  if (milliseconds <= 0) return;
  let callOff = (): void => undefined;
  const over = new Promise<void>((resolve) => {
    callOff = after(milliseconds, resolve);
  });
  try {
    await unless(stop, over);
  } finally {
    callOff();
  }
}

/** Standard error is written at once, because the next moment may be the last one. */
function writeError(text: string): void {
  let rest = Buffer.from(text);
  for (let attempt = 0; rest.length > 0 && attempt < 200; attempt++) {
    try {
      rest = rest.subarray(writeSync(2, rest));
    } catch (error) {
      if (errorCode(error) !== 'EAGAIN') return; // EPIPE, EIO: nobody is left to tell
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10); // a full pipe that somebody made non-blocking
    }
  }
}
