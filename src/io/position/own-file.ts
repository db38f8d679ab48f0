/** Opening a file of the state directory to read: a file, and one that only its owner can have written. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { exit, Problem } from '../../core/problem.ts';
import { shellWord } from '../../core/text/shell-word.ts';
import { fileProblem } from '../disk/file-problem.ts';
import { errorCode } from '../error-code.ts';

/** Undefined when there is none. `what` is for messages; `strict`: its content will be acted upon. Throws Problem (78). */
export async function openToRead(path: string, what: string, strict: boolean): Promise<FileHandle | undefined> {
  try {
    // A pipe in its place would keep the run waiting for somebody to write.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const problem = distrust(`${what} ${path}`, path, await file.stat(), strict);
      if (problem !== undefined) throw problem;
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

/** Who can write the file can make the program skip records. */
function distrust(
  what: string,
  path: string,
  { uid, mode }: { readonly uid: number; readonly mode: number },
  strict: boolean,
): Problem | undefined {
  if ((mode & constants.S_IFMT) !== constants.S_IFREG) {
    // In another directory the job would begin anew.
    const hint = `move it out of the way: mv ${shellWord(path)} ${shellWord(`${path}.away`)}`;
    return new Problem(exit.config, `${what} is not a file`, { hint });
  }
  if (!strict) return undefined;
  const user = process.getuid?.();
  if (uid !== user) {
    return new Problem(exit.config, `${what} belongs to user ${uid}, not to ${user}`, {
      hint: `run the job as user ${uid}, or give it the file: chown ${user} ${shellWord(path)}`,
    });
  }
  if ((mode & 0o022) === 0) return undefined;
  return new Problem(exit.config, `${what} can be written by others`, { hint: `chmod 600 ${shellWord(path)}` });
}
