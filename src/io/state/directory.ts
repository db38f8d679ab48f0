/** The state directory: made for its owner alone, locked for one run of a job, and cleared of what killed runs left. */
import { hash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { exit, Problem } from '../../core/problem.ts';
import { shellWord } from '../../core/text/shell-word.ts';
import { makeDirectory, removeFile, tempName, tryReplacing } from '../disk/durable.ts';
import { fileProblem, orFileProblem } from '../disk/file-problem.ts';
import { isSharedToWrite, strangerOf } from '../disk/strangers.ts';
import { errorCode } from '../error-code.ts';
import { reached } from '../failpoint.ts';
import { clearLock, takeLock, tryLock, type Lock } from './lock.ts';

/** What stands behind a job's name in the names of its files; the generation before has it behind the position's name. */
export const positionSuffix = '.position';
export const previousSuffix = '.previous';
export const journalSuffix = '.journal';
export const quarantineSuffix = '.quarantine.jsonl';
const lockSuffix = '.lock';

/**
 * Creates the directory if needed (73), takes the lock of a job (75 at once when another run holds it), clears leftovers.
 * `endsInTime`: its runs have a `--max-runtime`.
 */
export async function lockJob(directory: string, job: string, endsInTime = false): Promise<Lock> {
  await prepareDirectory(directory);
  return orPlaceProblem('lock the state directory', directory, async () => {
    const name = fileName(job);
    const lock = await takeLock(join(directory, name + lockSuffix), job, endsInTime);
    try {
      await clearTemps(directory, name);
    } catch (error) {
      await lock.release();
      throw error;
    }
    return lock;
  });
}

/**
 * Creates the directory if needed, and finds out whether a run could take the lock of a job and save its position, in the way
 * of none. Problem 73, 74 or 78 where it could not, and 75 when a run holds the lock.
 */
export async function tryJob(directory: string, job: string): Promise<void> {
  await prepareDirectory(directory);
  const path = join(directory, fileName(job));
  await orPlaceProblem('lock the state directory', directory, () => tryLock(path + lockSuffix, job));
  await orFileProblem('save the position in', path + positionSuffix, () => tryReplacing(path + positionSuffix));
}

/** Creates the directory if needed. Problem 73 when it cannot be used, 78 when others could replace its files. */
export async function prepareDirectory(directory: string): Promise<void> {
  try {
    await makeDirectory(directory);
    reached('state directory: made');
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    refuseShared(directory, await stat(directory));
  } catch (error) {
    if (errorCode(error) === 'EEXIST') {
      throw new Problem(exit.cantcreat, `the state directory ${directory} is not a directory`, {
        hint: 'choose another --state-dir',
      });
    }
    throw placeProblem(error, 'use the state directory', directory);
  }
}

async function orPlaceProblem<Result>(doing: string, directory: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw placeProblem(error, doing, directory);
  }
}

/** The Problem of a directory that cannot be used; its hint names the way to another one, which may have been nobody's choice. */
function placeProblem(error: unknown, doing: string, directory: string): Problem {
  const problem = fileProblem(error, doing, directory);
  if (problem === error || problem.status !== exit.cantcreat) return problem;
  const way = 'name it with --state-dir, or with STATE_DIRECTORY in the environment';
  return problem.with({ hint: [problem.steps, way] });
}

/** Problem 78 where others than this user and root could replace its files. */
function refuseShared(directory: string, found: Stats): void {
  const stranger = strangerOf(found);
  if (stranger !== undefined) {
    const what = `the state directory ${directory} belongs to user ${stranger}, who can replace what is in it`;
    throw new Problem(exit.config, what, { hint: `run the job as user ${stranger}, or choose another --state-dir` });
  }
  if (!isSharedToWrite(found)) return;
  const isOurs = found.uid === process.getuid?.();
  const another = 'choose a directory of its own inside it, which is then created for its owner alone: --state-dir';
  throw new Problem(exit.config, `others can replace what is in the state directory ${directory}`, {
    hint: isOurs ? `if nothing else is in it: chmod -R go-w ${shellWord(directory)}; else ${another}` : another,
  });
}

/** Removes what killed runs left. Only with the lock: the temp file of a living run must stay. */
async function clearTemps(directory: string, name: string): Promise<void> {
  const targets = [positionSuffix, positionSuffix + previousSuffix, quarantineSuffix].map((suffix) => name + suffix);
  for (const file of await namesIn(directory)) {
    if (!tempName.test(file)) continue;
    const target = file.replace(tempName, '');
    if (targets.includes(target)) await removeFile(join(directory, file));
    if (target === name + lockSuffix) await clearLock(join(directory, file));
  }
}

/** Problem 78 when there is no such directory, where a person has named it. */
export async function refuseMissing(directory: string): Promise<void> {
  try {
    await access(directory);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw placeProblem(error, 'read the state directory', directory);
    throw new Problem(exit.config, `there is no state directory ${directory}`, {
      hint: 'name the one that the jobs use with --state-dir',
    });
  }
}

/** The names in a directory; none when it is not there. */
export async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw placeProblem(error, 'read the state directory', directory);
  }
}

/** A job's name as a file name: what could be a path or a hidden file is spelled %XX, what is too long ends in a digest. */
export function fileName(job: string): string {
  const safe = encodeURIComponent(job).replace(
    /[!'()*~]|^\./g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  if (safe.length <= 150) return safe;
  return `${safe.slice(0, 100)}%${hash('sha256', job).slice(0, 32)}`;
}

/** The job's name again, unless it was too long. */
export function jobNameOf(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
