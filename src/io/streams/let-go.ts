/** Terminals at the end of the program. */
import { closeSync, fstatSync, openSync, statSync } from 'node:fs';

const nowhere = '/dev/null';

/**
 * At its end, Node puts the terminal of standard input, output and error back into the state in which it found it. That may
 * be the state that less had set in `audit-export | less`, and had taken back before: the shell is then without an echo. And
 * where the terminal has gone, an older Node (https://github.com/nodejs/node/pull/58200) ends with SIGABRT, and the core
 * dump has every secret in it. Here, nothing changes that state; and Node leaves alone what has been opened anew.
 */
export function letGoOfTerminals(): void {
  for (const descriptor of [0, 1, 2]) {
    if (!isDevice(descriptor)) continue;
    closeSync(descriptor);
    openSync(nowhere, 'r+'); // takes the lowest number that is free, before anything else does
  }
}

/** A device that is not this one is a terminal, or none that would be missed. */
function isDevice(descriptor: number): boolean {
  try {
    const stat = fstatSync(descriptor);
    return stat.isCharacterDevice() && stat.rdev !== statSync(nowhere).rdev;
  } catch {
    return false;
  }
}
