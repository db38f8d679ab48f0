/** Whether a command would be found, before anything is prepared for it. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Where /bin/sh looks when nobody says where. */
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Looks for the program as a shell does: in the directories of `path`, unless its name says where it is. */
export async function isExecutable(program: string, path = defaultPath): Promise<boolean> {
  if (program.includes('/')) return mayRun(program);
  for (const directory of path.split(':')) if (await mayRun(join(directory, program))) return true;
  return false;
}

async function mayRun(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile(); // a directory may be entered
  } catch {
    return false;
  }
}
