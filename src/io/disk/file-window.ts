/** A file that is read through one buffer, here and there. */
import { Buffer } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { writeFully } from './write-fully.ts';

export interface FileWindow {
  /** The bytes from `at` on, at most `windowSize` of them and before `until`. Valid until the next call. */
  read(at: number, until?: number): Promise<Buffer>;
  /** Whether the file has `body[start, end)` at `at`. */
  stands(at: number, body: Buffer, start: number, end: number): Promise<boolean>;
  /** Writes `[from, until)` over itself. */
  rewrite(from: number, until: number): Promise<void>;
}

/** Read at once. */
export const windowSize = 64 * 1024;

/** A window on an open file, of which nothing is read yet. */
export function fileWindow(file: FileHandle): FileWindow {
  const chunk = Buffer.allocUnsafeSlow(windowSize);
  let chunkAt = 0;
  let chunkLength = 0;

  async function read(at: number, until = Infinity): Promise<Buffer> {
    chunkAt = at;
    chunkLength = 0;
    for (let more = 1; more > 0; chunkLength += more) {
      more = (await file.read(chunk, chunkLength, windowSize - chunkLength, at + chunkLength)).bytesRead;
    }
    return chunk.subarray(0, Math.min(chunkLength, until - at));
  }

  return {
    read,
    async stands(at, body, start, end) {
      for (let done = start; done < end;) {
        const place = at + done - start;
        if (place < chunkAt || place >= chunkAt + chunkLength) await read(place);
        const length = Math.min(end - done, chunkAt + chunkLength - place);
        if (length <= 0) return false;
        const from = place - chunkAt;
        if (chunk.compare(body, done, done + length, from, from + length) !== 0) return false;
        done += length;
      }
      return true;
    },
    async rewrite(from, until) {
      for (let at = from; at < until;) {
        const text = await read(at, until);
        if (text.length === 0) return; // it was emptied meanwhile
        await writeFully(file, text, at);
        at += text.length;
      }
    },
  };
}
