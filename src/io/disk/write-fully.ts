/** Writes until everything is written: a write may take less than it was given, and says so only in its result. */
import type { Buffer } from 'node:buffer';
import { nextRun } from '../../core/hint.ts';
import { exit, Problem } from '../../core/problem.ts';

/** A file as Node opens it, or a descriptor that was open from the start. */
interface Target {
  write(
    bytes: Buffer,
    offset: number,
    length: number,
    position: number | null,
  ): Promise<{ readonly bytesWritten: number }>;
}

/** Writes all of `bytes`, however many writes it takes, at `position` or (null) at the file's own place. */
export async function writeFully(file: Target, bytes: Buffer, position: number | null): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const at = position === null ? null : position + done;
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at);
    if (bytesWritten === 0) {
      throw new Problem(exit.ioerr, 'the disk took none of the bytes', {
        hint: ['see whether it is full or failing (dmesg)', nextRun('the next run goes on where this one stopped')],
      });
    }
    done += bytesWritten;
  }
}
