/** The program as an installation puts it on the PATH, for tests that run what a document shows. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtProgram } from './built-program.ts';

const program = builtProgram();

/** Puts a command `audit-export` into a new folder of `workplace`, for this very Node. Returns the folder. */
export function installed(workplace: string): string {
  const folder = join(workplace, 'bin');
  mkdirSync(folder);
  const command = join(folder, 'audit-export');
  writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
  chmodSync(command, 0o755);
  return folder;
}
