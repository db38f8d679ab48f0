/** Opening a file of the state directory to read: a file, and one that only its owner can have written. */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { exit, Problem } from '../../core/problem.ts';
import { shellWord } from '../../core/text/shell-word.ts';
import { fileProblem } from '../disk/file-problem.ts';
import { errorCode } from '../error-code.ts';

/** A file that only its owner can have written: its content will be acted upon. Otherwise as `openToRead`. */
export function openTrusted(path: string, what: string): Promise<FileHandle | undefined> {
  return openFile(path, what, [irregular, distrust]);
}

/** A file whose content is shown. Undefined when there is none. `what` is for messages. Throws Problem (78). */
export function openToRead(path: string, what: string): Promise<FileHandle | undefined> {
  return openFile(path, what, [irregular]);
}

type Found = Pick<Stats, 'uid' | 'mode'>;
/** What is wrong with a file, if anything. */
type Look = (what: string, path: string, found: Found) => Problem | undefined;

async function openFile(path: string, what: string, looks: readonly Look[]): Promise<FileHandle | undefined> {
  try {
    // A pipe in its place would keep the run waiting for somebody to write.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const found = await file.stat();
      for (const look of looks) {
        const problem = look(`${what} ${path}`, path, found);
        if (problem !== undefined) throw problem;
      }
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

function irregular(what: string, path: string, { mode }: Found): Problem | undefined {
  if ((mode & constants.S_IFMT) === constants.S_IFREG) return undefined;
  // In another directory the job would begin anew.
  const hint = `move it out of the way: mv ${shellWord(path)} ${shellWord(`${path}.away`)}`;
  return new Problem(exit.config, `${what} is not a file`, { hint });
}

/** Who can write the file can make the program skip records. */
function distrust(what: string, path: string, { uid, mode }: Found): Problem | undefined {
  const user = process.getuid?.();
  if (uid !== user) {
    return new Problem(exit.config, `${what} belongs to user ${uid}, not to ${user}`, {
      hint: `run the job as user ${uid}, or give it the file: chown ${user} ${shellWord(path)}`,
    });
  }
  if ((mode & 0o022) === 0) return undefined;
  return new Problem(exit.config, `${what} can be written by others`, { hint: `chmod 600 ${shellWord(path)}` });
}
