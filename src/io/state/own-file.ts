/** Reading a file of the state directory: a file, and one that only its owner can have written. */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { exit, Problem } from '../../core/problem.ts';
import { shellWord } from '../../core/text/shell-word.ts';
import { fileProblem } from '../disk/file-problem.ts';
import { isSharedToWrite } from '../disk/strangers.ts';
import { errorCode } from '../error-code.ts';

type Read<T> = (file: FileHandle) => Promise<T>;

/**
 * Reads a file that only its owner can have written: its content will be acted upon. Undefined when there is none. `what` is
 * for messages. Throws Problem (78).
 */
export function readTrusted<T>(path: string, what: string, read: Read<T>): Promise<T | undefined> {
  return readFile(path, what, true, read);
}

/** The same for a file whose content is only shown, whoever has written it. */
export function readToShow<T>(path: string, what: string, read: Read<T>): Promise<T | undefined> {
  return readFile(path, what, false, read);
}

async function readFile<T>(path: string, what: string, isActedUpon: boolean, read: Read<T>): Promise<T | undefined> {
  const file = await openFile(path, what);
  try {
    const found = await file?.stat();
    if (file === undefined || found === undefined) return undefined;
    if (!found.isFile()) throw irregular(what, path);
    if (isActedUpon) refuseUntrusted(what, path, found);
    return await read(file);
  } finally {
    await file?.close();
  }
}

async function openFile(path: string, what: string): Promise<FileHandle | undefined> {
  try {
    // A pipe in its place would keep the run waiting for somebody to write.
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
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
