/** Standard input in chunks, as they come. */
import { Buffer } from 'node:buffer';
import { fstatSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { exit, Problem } from '../../core/problem.ts';
import { errorCode } from '../error-code.ts';
import { arrival } from './arrival.ts';
import { isClosed } from './closed.ts';
import { datagramSocket, isStream } from './socket.ts';
import { isTerminal } from './terminal.ts';

export interface Input {
  /** Throws Problem when no records can come from it: a terminal (64), a closed one (78), a directory or the like (74). */
  look(): void;
  /**
   * The chunks, and an empty one whenever nothing came for a tenth of a second. Throws the reason of `stop`, or Problem
   * 74 when it cannot be read.
   */
  chunks(stop: AbortSignal): AsyncIterable<Buffer>;
}

/** The standard input of this process. */
export function standardInput(): Input {
  return {
    look,
    chunks: (stop) => chunksOf(process.stdin, stop, idleMilliseconds),
  };
}

const descriptor = 0;
const idleMilliseconds = 100;
const nothing = Buffer.alloc(0);

function look(): void {
  if (isTerminal(descriptor)) {
    throw new Problem(exit.usage, 'standard input is a terminal, and --source - reads records from a pipe', {
      hint: 'write the command that prints them before it: spl audit export --since 12h | audit-export --source -',
    });
  }
  if (isClosed(descriptor)) {
    throw new Problem(exit.config, 'standard input is closed, no records can come from it', {
      hint: 'redirect it from a file, or write the command that prints the records before a pipe',
    });
  }
  // In place of these, Node gives an empty input.
  const stat = fstatSync(descriptor);
  if (stat.isDirectory()) throw unreadable('EISDIR');
  if (stat.isBlockDevice()) throw unreadable('it is a block device');
  if (stat.isSocket() && !isStream(process.stdin)) throw unreadable(`it is ${datagramSocket}`);
}

/** The chunks of a stream, and an empty one whenever nothing came for `idle` milliseconds; as in Input. */
export async function* chunksOf(
  stream: Readable,
  stop: AbortSignal,
  idle: number,
): AsyncGenerator<Buffer, void, undefined> {
  const chunks = (stream as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  try {
    let next = arrival(chunks.next());
    for (;;) {
      const result = await next.within(idle, stop);
      if (result === undefined) {
        yield nothing;
      } else {
        if (result.done === true) return;
        yield result.value;
        next = arrival(chunks.next());
      }
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw unreadable(errorCode(error) || String(error));
  } finally {
    stream.destroy(); // a writer that is still there must not keep the program waiting
  }
}

function unreadable(why: string): Problem {
  return new Problem(exit.ioerr, `standard input cannot be read (${why})`, {
    hint: 'see where standard input comes from',
  });
}
