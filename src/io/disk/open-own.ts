/** Opening a file to write records to: one that nobody else has put there to read them. */
import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { exit, Problem } from '../../core/problem.ts';
import { shellWord } from '../../core/text/shell-word.ts';
import { errorCode } from '../error-code.ts';
import { removeFile, syncDirectory, tempBeside } from './durable.ts';
import { isOwnDirectory, strangerOf } from './strangers.ts';

const flags = constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** To write in the middle as well: what is written to a file opened to append goes to its end, wherever it was meant for. */
const toRewrite = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * The file at `path`, to read and to append to; made (0600) when it is not there. Problem 73 when it belongs to another
 * user, root excepted, or has another name as well, and others than root and this user can have put it there; unless it has
 * the inode `known`: some network file systems give what root makes to another user.
 */
export async function openOwn(path: string, known?: string): Promise<FileHandle> {
  try {
    return await open(path, flags | constants.O_CREAT | constants.O_EXCL, 0o600);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
  const file = await openThere(path);
  try {
    await refuseStrange(file, path, known);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Throws what `openOwn` would, or that it is not a regular file, but does not create it: one beside it shows whether it
 * could be created.
 */
export async function lookAtOwn(path: string, known?: string): Promise<void> {
  let file: FileHandle | undefined;
  try {
    file = await openThere(path);
    await refuseStrange(file, path, known);
    if (!(await file.stat()).isFile()) throw irregular(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    const beside = tempBeside(path);
    file = await open(beside, flags | constants.O_CREAT | constants.O_EXCL, 0o600);
    await removeFile(beside);
    await syncDirectory(dirname(path)); // as will be done when it is made
  } finally {
    await file?.close();
  }
}

/** The file, to write anywhere; undefined where it may only be appended to (chattr +a). */
export async function openToRewrite(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, toRewrite);
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

/** Whether that was refused. */
export function isForbidden(error: unknown): boolean {
  return ['EPERM', 'EACCES'].includes(errorCode(error));
}

/** Opens what is there. A link of the system's own, such as /dev/stdout, leads to something other than a file. */
async function openThere(path: string): Promise<FileHandle> {
  try {
    return await open(path, flags);
  } catch (error) {
    if (errorCode(error) === 'ELOOP' && path.startsWith('/dev/')) throw irregular(path);
    throw error;
  }
}

/** The Problem (73) of a path that leads to something other than a file. */
export function irregular(path: string): Problem {
  return new Problem(exit.cantcreat, `${path} is not a regular file`, {
    hint: 'name a file; for a pipe or a device use the stdout sink with a redirection',
  });
}

async function refuseStrange(file: FileHandle, path: string, known: string | undefined): Promise<void> {
  const { uid, ino, nlink } = await file.stat({ bigint: true });
  const stranger = strangerOf({ uid: Number(uid) });
  if ((stranger === undefined && nlink < 2n) || String(ino) === known) return;
  // Log rotation makes files for another user, where nobody else can.
  const directory = dirname(path);
  if (isOwnDirectory(await stat(directory))) return;
  const others = `in ${directory} others can put files`;
  if (stranger === undefined) {
    // Not every system forbids to link to what one may not read (Linux: fs.protected_hardlinks).
    throw new Problem(exit.cantcreat, `${path} is a hard link: it may be another file of this user, since ${others}`, {
      hint: `let only root and this user write to its directory, or remove it: rm ${shellWord(path)}`,
    });
  }
  throw new Problem(
    exit.cantcreat,
    `${path} belongs to user ${stranger}, who can read what is written there, and ${others}`,
    {
      hint:
        `if that is meant, give the file to this user and let the other one read it: chown ${process.getuid?.()} ${shellWord(path)}; ` +
        'or let only root and this user write to its directory',
    },
  );
}
