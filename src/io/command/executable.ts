/** Whether a command would be found and may be executed, before anything is prepared for it. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Where /bin/sh looks when PATH is not set. */
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Looks for the program as a shell does: in the directories of `path`, unless its name says where it is. `locked`: a file
 * of that name is there, but may not be executed.
 */
export async function lookFor(program: string, path = defaultPath): Promise<'found' | 'locked' | 'missing'> {
  const places = program.includes('/') ? [program] : path.split(':').map((directory) => join(directory, program));
  for (const place of places) if (await mayRun(place)) return 'found';
  for (const place of places) if (await isFile(place)) return 'locked';
  return 'missing';
}

async function mayRun(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return await isFile(path); // a directory may be entered
  } catch {
    return false;
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
