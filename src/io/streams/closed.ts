/** Descriptors of the process that were closed (`>&-`) before it began. */
import { fstatSync, readFileSync, statSync } from 'node:fs';

export function isNull(descriptor: number): boolean {
  const stat = fstatSync(descriptor);
  return stat.isCharacterDevice() && stat.rdev === statSync('/dev/null').rdev;
}

/**
 * Node opens /dev/null for reading and writing in place of a closed descriptor; a shell's `> /dev/null` is for writing
 * only, and its `< /dev/null` for reading. The last octal digit of the flags is the access mode.
 */
export function isClosed(descriptor: number): boolean {
  if (!isNull(descriptor)) return false;
  try {
    const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & 3) === 2;
  } catch {
    return false; // no /proc here
  }
}
