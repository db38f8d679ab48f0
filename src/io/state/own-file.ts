/** Opening a file of the state directory to read: a file, and one that only its owner can have written. */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { exit, Problem } from '../../core/problem.ts';
import { shellWord } from '../../core/text/shell-word.ts';
import { fileProblem } from '../disk/file-problem.ts';
import { isSharedToWrite } from '../disk/strangers.ts';
import { errorCode } from '../error-code.ts';

/** A file that only its owner can have written: its content will be acted upon. Otherwise as `openToRead`. */
export function openTrusted(path: string, what: string): Promise<FileHandle | undefined> {
  return openFile(path, what, true);
}

/** A file whose content is shown. Undefined when there is none. `what` is for messages. Throws Problem (78). */
export function openToRead(path: string, what: string): Promise<FileHandle | undefined> {
  return openFile(path, what, false);
}

async function openFile(path: string, what: string, isActedUpon: boolean): Promise<FileHandle | undefined> {
  try {
    // A pipe in its place would keep the run waiting for somebody to write.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const found = await file.stat();
      if (!found.isFile()) throw irregular(what, path);
      if (isActedUpon) refuseUntrusted(what, path, found);
      return file;
    } catch (error) {
      await file.close().catch(() => undefined); // what went wrong first is what matters
      throw error;
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined; // and nothing else is a first run
    throw fileProblem(error, `open the ${what}`, path);
  }
}

function irregular(what: string, path: string): Problem {
  // In another directory the job would begin anew.
  const hint = `move it out of the way: mv ${shellWord(path)} ${shellWord(`${path}.away`)}`;
  return new Problem(exit.config, `${what} ${path} is not a file`, { hint });
}

/** Who can write the file, root as well, can make the program skip records. */
function refuseUntrusted(what: string, path: string, found: Stats): void {
  const user = process.getuid?.();
  if (found.uid !== user) {
    throw new Problem(exit.config, `${what} ${path} belongs to user ${found.uid}, not to ${user}`, {
      hint: `run the job as user ${found.uid}, or give it the file: chown ${user} ${shellWord(path)}`,
    });
  }
  if (!isSharedToWrite(found)) return;
  throw new Problem(exit.config, `${what} ${path} can be written by others`, { hint: `chmod 600 ${shellWord(path)}` });
}
