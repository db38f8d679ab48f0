/** Standard input in chunks, as they come. */
import { Buffer } from 'node:buffer';
import { exit, Problem } from '../core/problem.ts';
import { errorCode } from './error-code.ts';
import { isTerminal } from './terminal.ts';

export interface Input {
  readonly isTerminal: boolean;
  /**
   * The chunks, and an empty one whenever nothing came for a tenth of a second. Throws the reason of `stop`, or Problem
   * 74 when it cannot be read.
   */
  chunks(stop: AbortSignal): AsyncIterable<Buffer>;
}

export function standardInput(): Input {
  return {
    get isTerminal() {
      return isTerminal(0);
    },
    chunks: readChunks,
  };
}

const idleMilliseconds = 100;
const nothing = Buffer.alloc(0);

async function* readChunks(stop: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
  const stream: AsyncIterable<Buffer> = process.stdin;
  const chunks = stream[Symbol.asyncIterator]();
  try {
    let next = chunks.next();
    for (;;) {
      void expect(next);
      const result = await orIdle(next, stop);
      if (result === undefined) {
        yield nothing;
      } else {
        if (result.done === true) return;
        yield result.value;
        next = chunks.next();
      }
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(exit.ioerr, `standard input cannot be read (${errorCode(error) || String(error)})`, {
      hint: 'see where standard input comes from',
    });
  } finally {
    process.stdin.destroy(); // a writer that is still there must not keep the program waiting
  }
}

/** It may fail when nobody waits for it any more. */
async function expect(next: Promise<unknown>): Promise<void> {
  try {
    await next;
  } catch {
    // whoever still waits for it is told
  }
}

/** The next chunk, or undefined after a while without one. */
async function orIdle<T>(next: Promise<T>, stop: AbortSignal): Promise<T | undefined> {
  stop.throwIfAborted();
  let timer: NodeJS.Timeout | undefined;
  let aborted = (): void => undefined;
  const other = new Promise<undefined>((resolve, reject) => {
    timer = setTimeout(resolve, idleMilliseconds, undefined);
    aborted = () => reject(stop.reason as Problem);
    stop.addEventListener('abort', aborted, { once: true });
  });
  try {
    return await Promise.race([next, other]);
  } finally {
    clearTimeout(timer);
    stop.removeEventListener('abort', aborted);
  }
}
