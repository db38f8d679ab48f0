/** What the system says when a file operation fails, as a Problem: its exit status, its meaning and a next step. */
import { nextRun, type Hint } from '../../core/hint.ts';
import { exit, type ExitStatus, Problem } from '../../core/problem.ts';
import { errorCode } from '../error-code.ts';

const meanings: Readonly<Record<string, readonly [status: ExitStatus, meaning: string, hint: Hint]>> = {
  ENOSPC: [
    exit.ioerr,
    'the disk is full',
    [
      'free some space, or files where df -i shows that there may be no more',
      nextRun('the next run goes on where this one stopped'),
    ],
  ],
  EDQUOT: [
    exit.ioerr,
    'the disk quota is used up',
    ['free some space or raise the quota', nextRun('the next run goes on')],
  ],
  EFBIG: [exit.ioerr, 'the file may not grow', 'raise the file size limit (ulimit -f), or rotate the file'],
  EIO: [exit.ioerr, 'the disk failed', 'look at the kernel log (dmesg)'],
  EMFILE: [exit.ioerr, 'too many files are open in this process', 'raise its limit (ulimit -n, or LimitNOFILE=)'],
  ENFILE: [exit.ioerr, 'too many files are open on this machine', 'see which process has so many (lsof)'],
  EROFS: [exit.cantcreat, 'the file system is read-only', 'choose another place, or mount it writable'],
  EACCES: [
    exit.cantcreat,
    'permission denied',
    'let the user of the job read and write there, or choose another place',
  ],
  EPERM: [exit.cantcreat, 'not permitted', 'let the user of the job read and write there, or choose another place'],
  ENOENT: [exit.cantcreat, 'no such directory', 'create the directory, or choose another place'],
  ENOTDIR: [exit.cantcreat, 'a part of the path is not a directory', 'choose another place'],
  ENAMETOOLONG: [exit.cantcreat, 'the name is too long', 'choose a shorter one'],
  EISDIR: [exit.cantcreat, 'it is a directory', 'choose another place'],
  ENXIO: [exit.cantcreat, 'it is a socket or a pipe without a reader', 'choose another place'],
  ELOOP: [exit.config, 'it is a symbolic link', 'remove the link, or name the file that it leads to'],
};

/** Does some work on a file; a failure becomes a Problem by `fileProblem`. */
export async function orFileProblem<Result>(doing: string, path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw fileProblem(error, doing, path);
  }
}

/** The Problem behind a failed file operation: what was being done, to which path, and what to do about it. */
export function fileProblem(error: unknown, doing: string, path: string): Problem {
  if (error instanceof Problem) return error;
  const code = errorCode(error);
  if (code === '') throw error; // not a file error but a bug
  const [status, meaning, hint] = meanings[code] ?? [exit.ioerr, code, 'look at the path and its file system'];
  return new Problem(status, `cannot ${doing} ${path}: ${meaning}${meaning === code ? '' : ` (${code})`}`, {
    hint,
    cause: error,
  });
}
