/** What a command prints, where it may be an answer to the records: heard as one, or else passed on. */
import { Buffer } from 'node:buffer';
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { PrintedListener } from '../../core/sink-tools.ts';
import type { End } from './command-problems.ts';

/** What a command has left in its pipes is read in this time, even if a process in the background keeps them open. */
export const lastWordsMilliseconds = 1000;

export interface Printed {
  /** No more is read; why it could not be passed on, if it could not. */
  end(): unknown;
  /** Whether any of it was passed on since the last call, or waits for the reader of our standard output. */
  goesOn(): boolean;
}

/** `put` writes to our standard output. If that fails, the command finds its reader gone, as any writer would. */
export function listenTo(
  stream: Readable,
  { isPassedOn, hear }: PrintedListener,
  put: (bytes: Buffer) => Promise<void>,
): Printed {
  let passesOn: boolean | undefined;
  let first: Buffer = Buffer.alloc(0); // until it is known what it is
  let failure: unknown;
  let waits = false;
  let went = false;

  async function pass(bytes: Buffer): Promise<void> {
    stream.pause();
    waits = went = true;
    try {
      await put(bytes);
      stream.resume();
    } catch (error) {
      failure = error;
      stream.destroy();
    }
    waits = false;
  }

  stream.on('data', (piece: Buffer) => {
    let bytes = piece;
    if (passesOn === undefined) {
      bytes = first = Buffer.concat([first, piece]);
      passesOn = isPassedOn(bytes);
    }
    if (passesOn === true) void pass(bytes);
    else if (passesOn === false) hear(bytes);
  });

  return {
    end() {
      if (passesOn === undefined && first.length > 0) hear(first);
      return failure;
    },
    goesOn() {
      const moved = went;
      went = false;
      return moved || waits;
    },
  };
}

/** Its exit, once what it wrote before is read, and passed on. */
export function endOf(child: ChildProcess, printed: Printed | undefined): Promise<End> {
  return new Promise((resolve) => {
    child.once('exit', (status, signalName) => {
      const end = { status, signal: signalName };
      const timer = setInterval(() => {
        if (printed?.goesOn() !== true) over();
      }, lastWordsMilliseconds);
      const over = (): void => {
        clearInterval(timer);
        resolve(end);
      };
      child.once('close', over);
    });
  });
}
