/**
 * Standard output that tells the truth: a write resolves when the kernel has taken every byte, waits for a slow reader,
 * and fails with a Problem (74) when the reader is gone or the disk is full. Nothing is buffered here, so nothing can be
 * lost at exit.
 */
import { Buffer } from 'node:buffer';
import { closeSync, fstatSync, fsync, openSync, readSync, write } from 'node:fs';
import { promisify } from 'node:util';
import { nextRun } from '../../core/hint.ts';
import { exit, Problem } from '../../core/problem.ts';
import { visible } from '../../core/text/shown.ts';
import type { Output } from '../../core/sink-tools.ts';
import { errorCode } from '../error-code.ts';
import { isClosed, isNull } from './closed.ts';
import { reached } from '../failpoint.ts';
import { datagramSocket, isStream } from './socket.ts';
import { isTerminal } from './terminal.ts';
import { unless } from './unless.ts';
import { lastingFailure } from '../disk/lasting-failure.ts';
import { writeFully } from '../disk/write-fully.ts';

const descriptor = 1;
const newline = Buffer.from('\n');
const writeTo = promisify(write);
const asFile = {
  write: (bytes: Buffer, offset: number, length: number, position: number | null) =>
    writeTo(descriptor, bytes, offset, length, position),
};
const fsyncOf = promisify(fsync);

/** The process's standard output. */
export function standardOutput(): Output {
  const kind = kindOfOutput();
  const put = kind === 'pipe' || kind === 'terminal' ? writeStream : writeFile;
  // What a command prints comes in pieces, cut anywhere.
  const decoder = kind === 'terminal' ? new TextDecoder('utf-8', { ignoreBOM: true }) : undefined;
  let isBegun = false;
  let underWay = 0;
  const lasting = lastingFailure();
  return {
    kind,
    isWriting: () => underWay > 0,
    async write(bytes) {
      underWay += 1;
      try {
        if (!isBegun && kind === 'file' && isTorn()) await writeFile(newline);
        isBegun = true;
        await put(decoder === undefined ? bytes : Buffer.from(visible(decoder.decode(bytes, { stream: true }))));
        reached('output: written');
      } catch (error) {
        throw outputProblem(error);
      } finally {
        underWay -= 1;
      }
    },
    async sync() {
      if (kind !== 'file') return;
      try {
        await lasting(() => fsyncOf(descriptor));
      } catch (error) {
        if (errorCode(error) !== 'EINVAL') throw outputProblem(error); // devices cannot be synced
      }
    },
  };
}

/**
 * The same output for a run that can be stopped: once `stop` aborts, a write no longer waits for its reader, and fails with the
 * reason of `stop`. Its bytes stay with Node, which would wait for the reader at the end of the process: see main.ts. No
 * write begins after that: the reader would have the records, and get them again from the next run.
 */
export function stoppable(output: Output, stop: AbortSignal): Output {
  return {
    ...output,
    async write(bytes) {
      stop.throwIfAborted();
      await unless(stop, output.write(bytes));
    },
  };
}

/** True for the Problem of a reader that is gone: an ad-hoc search into `head` ends quietly. */
export function isReaderGone(problem: Problem): boolean {
  return errorCode(problem.cause) === 'EPIPE';
}

/**
 * Pipes, sockets and terminals go through Node's stream, which waits for the reader without holding a thread, so that a
 * signal can still end the program. Only one write is ever under way.
 */
function writeStream(bytes: Buffer): Promise<void> {
  const stream = process.stdout;
  if (!isStream(stream)) return Promise.reject(datagrams());
  return new Promise((resolve, reject) => {
    stream.once('error', reject);
    stream.write(bytes, (error) => {
      if (error) {
        stream.once('error', () => {}); // the event of the same failure may come after this call
        reject(error);
        return;
      }
      stream.off('error', reject);
      resolve();
    });
  });
}

function writeFile(bytes: Buffer): Promise<void> {
  return writeFully(asFile, bytes, null);
}

/** Whether the file ends within a line, as after a kill or on a full disk: our first record must not continue it. */
function isTorn(): boolean {
  const stat = fstatSync(descriptor);
  if (!stat.isFile() || stat.size === 0) return false;
  try {
    const file = openSync(`/dev/fd/${descriptor}`, 'r'); // ours may be for writing only
    try {
      const last = Buffer.alloc(1);
      return readSync(file, last, 0, 1, stat.size - 1) === 1 && !last.equals(newline);
    } finally {
      closeSync(file);
    }
  } catch {
    return false; // this user may write it but not read it: there is no way to tell
  }
}

function kindOfOutput(): Output['kind'] {
  const stat = fstatSync(descriptor);
  if (stat.isFIFO() || stat.isSocket()) return 'pipe';
  if (!stat.isCharacterDevice()) return 'file';
  if (isNull(descriptor)) return isClosed(descriptor) ? 'closed' : 'null';
  return isTerminal(descriptor) ? 'terminal' : 'file';
}

/** As by bash's `> /dev/udp/HOST/PORT`. Found at the first write, because looking at it changes what a command would inherit. */
function datagrams(): Problem {
  return new Problem(exit.config, `standard output is ${datagramSocket}, records would be lost`, {
    hint: 'redirect it to a file or a pipe, or name another sink with --sink',
  });
}

function outputProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const code = errorCode(error);
  if (code === 'EPIPE') {
    return new Problem(exit.ioerr, 'the reader of the pipe is gone', {
      hint: ['see why the command after the pipe ended', nextRun('the next run delivers the same records again')],
      cause: error,
    });
  }
  return new Problem(exit.ioerr, `standard output cannot be written (${code || 'unknown error'})`, {
    hint: code === 'ENOSPC' || code === 'EDQUOT' ? 'make room on the disk' : 'see where standard output goes',
    cause: error,
  });
}
