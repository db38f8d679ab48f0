/** Descriptors of the process that were closed (`>&-`) before it began. */
import { Buffer } from 'node:buffer';
import { fstatSync, readSync, statSync, writeSync } from 'node:fs';

/** Whether the descriptor leads to /dev/null. */
export function isNull(descriptor: number): boolean {
  const stat = fstatSync(descriptor);
  return stat.isCharacterDevice() && stat.rdev === statSync('/dev/null').rdev;
}

/**
 * Whether the descriptor was closed. In place of one, Node opens /dev/null for reading and writing; a shell's `> /dev/null` is
 * for writing only, and its `< /dev/null` for reading only. So both are tried, which does no harm: only Linux would tell by
 * itself, in /proc.
 */
export function isClosed(descriptor: number): boolean {
  if (!isNull(descriptor)) return false;
  try {
    readSync(descriptor, Buffer.alloc(1));
    writeSync(descriptor, Buffer.alloc(1));
    return true;
  } catch {
    return false; // EBADF
  }
}
