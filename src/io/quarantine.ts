/**
 * The quarantine: records that no sink will take, kept with the reason. JSON Lines:
 *
 *     {"time", "source", "sink", "branch", "reason", "record": <its text>}
 *     {…, "base64": <its bytes>}                  not UTF-8, or too large to be held in memory
 *
 * A person reads it at a terminal: what that would obey is spelled with an escape.
 */
import { Buffer, isUtf8 } from 'node:buffer';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { nextRun, ofPosition } from '../core/hint.ts';
import { exit, Problem } from '../core/problem.ts';
import { visible } from '../core/text/shown.ts';
import type { Quarantine } from '../core/stores.ts';
import type { RefusedRecord } from '../core/types.ts';
import { removeFile, syncDirectory, tempBeside } from './disk/durable.ts';
import { orFileProblem } from './disk/file-problem.ts';
import { openOwn } from './disk/open-own.ts';
import { reached } from './failpoint.ts';
import { prepareDirectory } from './state/directory.ts';
import { isGone } from './disk/is-gone.ts';
import { lastingFailure } from './disk/lasting-failure.ts';
import { mutex } from './disk/mutex.ts';
import { writeFully } from './disk/write-fully.ts';

const blockSize = 64 * 1024;
const gibibyte = 1024 ** 3;

type By = Parameters<Quarantine['add']>[1];

/**
 * The quarantine file at `path`; nothing is created before the first record. A record that comes in parts is collected
 * beside it, and enters it as one line when it is whole; `most` is what it may have, in bytes: one that never ends must
 * not fill the disk. `now` is in milliseconds.
 */
export function openQuarantine(path: string, now: () => number, most: number = gibibyte): Quarantine {
  let file: FileHandle | undefined;
  let unsynced = false;
  /** What has come so far of a record in parts. */
  let parts: FileHandle | undefined;
  let partsSize = 0;
  const lasting = lastingFailure();
  const turn = mutex(); // a line must not be written into another

  async function prepare(): Promise<FileHandle> {
    if (file !== undefined) return file;
    await prepareDirectory(dirname(path)); // an ad-hoc search makes no state directory
    const handle = await openOwn(path);
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) {
        throw new Problem(exit.config, `quarantine ${path} is not a regular file`, { hint: 'move it out of the way' });
      }
      // Now: once something is in it, nobody syncs the directory any more, and neither would the run after a kill.
      if (stat.size === 0) await syncDirectory(dirname(path));
      const end = await lastLineEnd(handle, stat.size);
      if (end < stat.size) await handle.truncate(end); // a kill tore it: never counted, so it comes again
    } catch (error) {
      await handle.close().catch(() => undefined);
      throw error;
    }
    file = handle;
    reached('quarantine: opened');
    return handle;
  }

  /** A whole line, or nothing of it. What stands there already stays: a search of the same job may write there as well. */
  async function writeLine(pieces: Iterable<string> | AsyncIterable<string>): Promise<void> {
    const handle = await prepare();
    const { size } = await handle.stat();
    unsynced = true;
    try {
      for await (const piece of pieces) {
        await writeFully(handle, Buffer.from(piece), null);
        reached('quarantine: written');
      }
    } catch (error) {
      await handle.truncate(size).catch(() => undefined); // what went wrong first is what matters
      throw error;
    }
  }

  async function add({ text, more, continued, reason }: RefusedRecord, by: By): Promise<void> {
    const collected = more || continued ? await collect(text, continued === true, by.source) : undefined;
    if (more) return;
    const { source, sink, branch } = by;
    const time = new Date(now()).toISOString();
    const head = visible(JSON.stringify({ time, source, sink, branch, reason })).slice(0, -1);
    if (collected !== undefined) await writeLine(lineOf(collected, head));
    else if (isUtf8(text)) await writeLine([`${head},"record":${visible(JSON.stringify(text.toString()))}}\n`]);
    else await writeLine([`${head},"base64":"${text.toString('base64')}"}\n`]);
    await collected?.truncate();
  }

  async function collect(text: Buffer, continued: boolean, source: string): Promise<FileHandle> {
    if (parts === undefined) await prepareDirectory(dirname(path));
    parts ??= await openNameless(path);
    if (!continued) await parts.truncate(); // the record before never became whole
    partsSize = continued ? partsSize + text.length : text.length;
    if (partsSize > most) {
      await parts.truncate();
      throw new Problem(exit.data, `${source} sent a record of more than ${most} bytes, too large to set aside`, {
        hint: [
          ofPosition('nothing was skipped and the position stays'),
          'the vendor must fix it, or --since with -c goes on after it',
        ],
      });
    }
    await writeFully(parts, text, partsSize - text.length);
    return parts;
  }

  /** The collected record as a line, in pieces. */
  async function* lineOf(collected: FileHandle, head: string): AsyncGenerator<string> {
    const block = Buffer.allocUnsafe(3 * blockSize); // base64 turns groups of three into four
    yield `${head},"base64":"`;
    for (let at = 0; at < partsSize;) {
      const length = Math.min(block.length, partsSize - at);
      const { bytesRead } = await collected.read(block, 0, length, at);
      if (bytesRead !== length) {
        throw new Problem(exit.ioerr, `the disk gave back ${bytesRead} of ${length} bytes`, {
          hint: ['see whether it is failing (dmesg)', nextRun('the next run goes on where this one stopped')],
        });
      }
      yield block.toString('base64', 0, length);
      at += length;
    }
    yield '"}\n';
  }

  async function flush(): Promise<void> {
    if (!unsynced || file === undefined) return;
    const handle = file;
    await lasting(() => handle.sync());
    if (await isGone(path, handle)) throw gone(path);
    unsynced = false;
    reached('quarantine: synced');
  }

  const orProblem = (work: () => Promise<void>): Promise<void> => orFileProblem('write the quarantine', path, work);

  return {
    path,
    add: (refused, by) => turn(() => orProblem(() => add(refused, by))),
    flush: () => turn(() => orProblem(flush)),
    close: () =>
      turn(() =>
        orFileProblem('close the quarantine', path, async () => {
          await parts?.close();
          await file?.close();
          parts = file = undefined;
        }),
      ),
  };
}

/** Who has taken the file away has seen to what stood there, and would not look for what came after. */
function gone(path: string): Problem {
  return new Problem(exit.ioerr, `the quarantine ${path} was moved away, removed or replaced while it was written to`, {
    hint: ['do that between two runs', nextRun('the next run sets these records aside again')],
  });
}

/** A new file beside `path` for this run alone: it has no name, so that nothing is left of it however the run ends. */
async function openNameless(path: string): Promise<FileHandle> {
  const temp = tempBeside(path);
  const handle = await open(
    temp,
    constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o600,
  );
  await removeFile(temp);
  return handle;
}

/** Where the last line break before `size` ends, or 0. */
async function lastLineEnd(file: FileHandle, size: number): Promise<number> {
  const block = Buffer.alloc(blockSize);
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - blockSize);
    const { bytesRead } = await file.read(block, 0, end - start, start);
    const at = block.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (at !== -1) return start + at + 1;
    end = start;
  }
  return 0;
}
