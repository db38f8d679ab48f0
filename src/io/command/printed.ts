/** What a command prints, where it may be an answer to the records: heard as one, or else passed on. */
import { Buffer } from 'node:buffer';
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { PrintedListener } from '../../core/sink-tools.ts';
import { after } from '../timer.ts';
import type { End } from './command-problems.ts';

/** What a command has left in its pipes is read in this time, even if a process in the background keeps them open. */
export const lastWordsMilliseconds = 1000;

export interface Printed {
  /** Resolves when all that was read is passed on, or could not be. */
  passedOn(): Promise<void>;
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
  let waiting = 0;
  let last = Promise.resolve();
  let went = false;

  /** Piece by piece: that the stream is paused does not do for it, since Node has it flow when the command ends. */
  async function pass(bytes: Buffer, before: Promise<void>): Promise<void> {
    stream.pause();
    waiting += 1;
    went = true;
    await before;
    try {
      if (failure === undefined) await put(bytes);
    } catch (error) {
      failure = error;
      stream.destroy();
    }
    waiting -= 1;
    if (waiting === 0) stream.resume();
  }

  stream.on('data', (piece: Buffer) => {
    let bytes = piece;
    if (passesOn === undefined) {
      bytes = first = Buffer.concat([first, piece]);
      passesOn = isPassedOn(bytes);
    }
    if (passesOn === true) last = pass(bytes, last);
    else if (passesOn === false) hear(bytes);
  });

  return {
    passedOn: () => last,
    end() {
      if (passesOn === undefined && first.length > 0) hear(first);
      return failure;
    },
    goesOn() {
      const moved = went;
      went = false;
      return moved || waiting > 0;
    },
  };
}

/** Its exit, once what it wrote before is read. */
export function endOf(child: ChildProcess, printed: Printed | undefined): Promise<End> {
  return new Promise((resolve) => {
    child.once('exit', (status, signalName) => {
      let callOff = after(lastWordsMilliseconds, look);
      function look(): void {
        if (printed?.goesOn() === true) callOff = after(lastWordsMilliseconds, look);
        else over();
      }
      function over(): void {
        callOff();
        resolve({ status, signal: signalName });
      }
      child.once('close', over);
    });
  });
}
