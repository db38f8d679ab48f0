/** Leaves terminals as they are when the program ends. */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { isNull } from './closed.ts';

/**
 * When it ends, Node puts the terminals of standard input, output and error back into the state in which it found them. In
 * `audit-export | less`, that may be a state that less had set, and has undone since: the shell is then left without an echo.
 * And where the terminal is gone, an older Node (https://github.com/nodejs/node/pull/58200) ends with SIGABRT, with every secret
 * in its core dump. This program never changes that state, and Node leaves descriptors alone that were opened anew.
 */
export function letGoOfTerminals(): void {
  for (const descriptor of [0, 1, 2]) {
    if (!isDevice(descriptor)) continue;
    closeSync(descriptor);
    openSync('/dev/null', 'r+'); // takes the lowest number that is free, before anything else does
  }
}

/** Whether it is a character device other than /dev/null: a terminal, or something that can be closed as well. */
function isDevice(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isCharacterDevice() && !isNull(descriptor);
  } catch {
    return false;
  }
}
