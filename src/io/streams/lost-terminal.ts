/** Terminals that were closed while the program ran. */
import { closeSync, fstatSync, openSync, statSync } from 'node:fs';
import { isTerminal } from './terminal.ts';

const nowhere = '/dev/null';

/**
 * At its end, Node puts the terminal of standard input, output and error back into its first state. Where one has gone
 * meanwhile, an older Node (https://github.com/nodejs/node/pull/58200) ends with SIGABRT, and the core dump has every secret
 * in it. It leaves alone a descriptor that has been opened anew.
 */
export function letGoOfLostTerminals(): void {
  for (const descriptor of [0, 1, 2]) {
    if (!isLost(descriptor)) continue;
    closeSync(descriptor);
    openSync(nowhere, 'r+'); // takes the lowest number that is free, before anything else does
  }
}

/** In cron there is none: it costs no more than a look at each. */
function isLost(descriptor: number): boolean {
  try {
    const stat = fstatSync(descriptor);
    return stat.isCharacterDevice() && stat.rdev !== statSync(nowhere).rdev && !isTerminal(descriptor);
  } catch {
    return false;
  }
}
