/**
 * The quarantine: records that no sink will take, kept with the reason. JSON Lines:
 *
 *     {"time", "source", "sink", "branch", "reason", "record": <its text>}
 *     {…, "base64": <its bytes>}                  not UTF-8, or too large to be held in memory
 */
import { Buffer, isUtf8 } from 'node:buffer';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { exit, Problem } from '../core/problem.ts';
import type { Quarantine, RefusedRecord } from '../core/types.ts';
import { fileProblem, orFileProblem, removeFile, syncDirectory, tempBeside } from './disk/durable.ts';
import { openOwn } from './disk/open-own.ts';
import { reached } from './failpoint.ts';
import { prepareDirectory } from './position/state-directory.ts';
import { lastingFailure } from './disk/lasting-failure.ts';
import { inTurns } from './disk/turns.ts';
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
  let size = 0; // up to the end of the last whole line
  let unsynced = false;
  let isNew = false;
  /** What has come so far of a record in parts. */
  let parts: FileHandle | undefined;
  let partsSize = 0;
  const lasting = lastingFailure();
  const turn = inTurns(); // a line must not be written into another

  async function prepare(): Promise<FileHandle> {
    if (file !== undefined) return file;
    await prepareDirectory(dirname(path)); // an ad-hoc search makes no state directory
    const handle = await openOwn(path);
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) {
        throw new Problem(exit.config, `quarantine ${path} is not a regular file`, { hint: 'move it out of the way' });
      }
      isNew = stat.size === 0;
      size = await lastLineEnd(handle, stat.size);
      if (size < stat.size) await handle.truncate(size); // a kill tore it: never counted, so it comes again
    } catch (error) {
      await handle.close().catch(() => undefined);
      throw error;
    }
    // Only now: what fails later is cut back to a size that is known.
    file = handle;
    reached('quarantine: opened');
    return handle;
  }

  async function write(text: string): Promise<void> {
    const handle = await prepare();
    unsynced = true;
    await writeFully(handle, Buffer.from(text), null);
    reached('quarantine: written');
  }

  async function add({ text, more, continued, reason }: RefusedRecord, by: By): Promise<void> {
    const collected = more || continued ? await collect(text, continued === true, by.source) : undefined;
    if (more) return;
    const { source, sink, branch } = by;
    const head = JSON.stringify({ time: new Date(now()).toISOString(), source, sink, branch, reason }).slice(0, -1);
    if (collected !== undefined) await writeCollected(collected, head);
    else if (isUtf8(text)) await write(`${head},"record":${JSON.stringify(text.toString())}}\n`);
    else await write(`${head},"base64":"${text.toString('base64')}"}\n`);
    size = (await file?.stat())?.size ?? 0;
  }

  async function collect(text: Buffer, continued: boolean, source: string): Promise<FileHandle> {
    if (parts === undefined) await prepareDirectory(dirname(path));
    parts ??= await openNameless(path);
    if (!continued) await parts.truncate(); // the record before never became whole
    partsSize = continued ? partsSize + text.length : text.length;
    if (partsSize > most) {
      await parts.truncate();
      throw new Problem(exit.data, `${source} sent a record of more than ${most} bytes, too large to set aside`, {
        hint: 'nothing was skipped and the position stays; the vendor must mend it, or --since with -c goes on after it',
      });
    }
    await writeFully(parts, text, partsSize - text.length);
    return parts;
  }

  /** The collected record as a line. */
  async function writeCollected(collected: FileHandle, head: string): Promise<void> {
    const block = Buffer.allocUnsafe(3 * blockSize); // base64 turns groups of three into four
    await write(`${head},"base64":"`);
    for (let at = 0; at < partsSize;) {
      const length = Math.min(block.length, partsSize - at);
      const { bytesRead } = await collected.read(block, 0, length, at);
      if (bytesRead !== length) throw new Problem(exit.ioerr, `the disk gave back ${bytesRead} of ${length} bytes`);
      await write(block.toString('base64', 0, length));
      at += length;
    }
    await write('"}\n');
    await collected.truncate();
  }

  async function flush(): Promise<void> {
    if (!unsynced || file === undefined) return;
    const handle = file;
    await lasting(() => handle.sync());
    if (isNew) await syncDirectory(dirname(path));
    isNew = false;
    unsynced = false;
    reached('quarantine: synced');
  }

  async function orCutBack(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await file?.truncate(size).catch(() => undefined); // nothing that was promised is behind it
      throw fileProblem(error, 'write the quarantine', path);
    }
  }

  return {
    path,
    add: (refused, by) => turn(() => orCutBack(() => add(refused, by))),
    flush: () => turn(() => orCutBack(flush)),
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
