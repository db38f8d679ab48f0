/**
 * The quarantine: records that no sink will take, kept with the reason. JSON Lines:
 *
 *     {"time", "source", "sink", "branch", "reason", "record": <its text>}
 *     {…, "base64": <its bytes>}                  not UTF-8, or too large to be held
 *     {…, "base64": …, "more": true}              it goes on in a later line of the same branch and reason
 */
import { Buffer, isUtf8 } from 'node:buffer';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { exit, Problem } from '../core/problem.ts';
import type { Quarantine, RefusedRecord } from '../core/types.ts';
import { fileProblem, orFileProblem, makeDirectory, syncDirectory, writeFully } from './durable.ts';
import { reached } from './failpoint.ts';
import { inTurns } from './turns.ts';

const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const blockSize = 64 * 1024;

type By = Parameters<Quarantine['add']>[1];

/** A record that arrives in parts: its line is still open. */
interface Open {
  readonly key: string;
  /** Up to two bytes that wait for their group of three, the unit of base64. */
  carry: Buffer;
}

/** The quarantine file at `path`; nothing is created before the first record. */
export function openQuarantine(path: string): Quarantine {
  let file: FileHandle | undefined;
  let size = 0; // up to the end of the last whole line
  let unsynced = false;
  let isNew = false;
  let line: Open | undefined;
  const turn = inTurns(); // a line must not be written into another

  async function prepare(): Promise<FileHandle> {
    if (file !== undefined) return file;
    await makeDirectory(dirname(path)); // an ad-hoc search makes no state directory
    const handle = await open(path, flags, 0o600);
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

  async function write(text: string, endsLine: boolean): Promise<void> {
    const handle = await prepare();
    unsynced = true;
    await writeFully(handle, Buffer.from(text), null);
    if (endsLine) size = (await handle.stat()).size;
    reached('quarantine: written');
  }

  /** One record, or one part of one. */
  async function add({ text, more, reason }: RefusedRecord, by: By): Promise<void> {
    const { source, sink, branch } = by;
    const key = JSON.stringify([branch, reason]);
    if (line !== undefined && line.key !== key) await endLine(',"more":true}\n'); // another record came in between
    if (line === undefined) {
      const head = JSON.stringify({ time: new Date().toISOString(), source, sink, branch, reason }).slice(0, -1);
      if (!more && isUtf8(text)) return write(`${head},"record":${JSON.stringify(text.toString())}}\n`, true);
      await write(`${head},"base64":"`, false);
      line = { key, carry: Buffer.alloc(0) };
    }
    const bytes = Buffer.concat([line.carry, text]);
    const whole = bytes.length - (bytes.length % 3);
    line.carry = bytes.subarray(whole);
    await write(bytes.toString('base64', 0, whole), false);
    if (!more) await endLine('}\n');
  }

  async function endLine(tail: string): Promise<void> {
    await write(`${line?.carry.toString('base64') ?? ''}"${tail}`, true);
    line = undefined;
  }

  async function flush(): Promise<void> {
    if (!unsynced || file === undefined) return;
    if (line !== undefined) await endLine(',"more":true}\n');
    await file.sync();
    if (isNew) await syncDirectory(dirname(path));
    isNew = false;
    unsynced = false;
    reached('quarantine: synced');
  }

  async function orCutBack(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      line = undefined;
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
          await file?.close();
          file = undefined;
        }),
      ),
  };
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
