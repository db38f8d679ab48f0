/**
 * One run of a job at a time. The lock is a directory in the state directory, where nobody else can write, and in it a
 * name that says which process holds it (lock-holder.ts):
 *
 *     <job>.lock/<process>,<start>,<namespace>,<boot>
 *
 * It is renamed into its place with its holder in it, which fails while another holder is there: of several runs one gets
 * it. A dead holder is removed by its name, which is no other's: several runs may do that at once. And there are names
 * only, which a power cut leaves whole.
 *
 * It is held by a process that is seen to live, and by nothing else: after a kill the next run starts at once. So it is a
 * courtesy and not the guard: two containers that share a directory do not see each other's processes. What keeps the
 * position right even then is the check before each save (io/position-file.ts).
 */
import { mkdir, readdir, rename, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { exit, Problem } from '../../core/problem.ts';
import { shellWord } from '../../core/text/shell-word.ts';
import { tempBeside } from '../disk/durable.ts';
import { orFileProblem } from '../disk/file-problem.ts';
import { errorCode } from '../error-code.ts';
import { reached } from '../failpoint.ts';
import { holders, processOf, type Holders } from './lock-holder.ts';

export interface Lock {
  /** Does nothing when it was called before: who ends the run and who took the lock both let go, and a failure is told once. */
  release(): Promise<void>;
}

/**
 * Takes the lock of a job; `path` is its place, in a directory that is there. `endsInTime`: its runs have a `--max-runtime`.
 * Problem 75 at once when it is held.
 */
export async function takeLock(path: string, job: string, endsInTime = false): Promise<Lock> {
  const here = holders();
  const holder = await clearDead(path, here);
  if (holder === undefined && (await place(path, here.self))) {
    reached('lock: taken');
    let isHeld = true;
    return {
      async release() {
        if (isHeld) {
          isHeld = false;
          await release(path, here.self);
        }
      },
    };
  }
  const limit = endsInTime ? undefined : withLimit;
  throw held(job, holder ?? (await clearDead(path, here)), here.knowStarts ? undefined : path, limit);
}

/** Whether the lock could be taken. It is not, so that no run is kept away. Problem 75 when it is held. */
export async function tryLock(path: string, job: string): Promise<void> {
  const here = holders();
  const holder = await clearDead(path, here);
  if (holder !== undefined) throw held(job, holder, here.knowStarts ? undefined : path);
  const temp = tempBeside(path);
  await mkdir(temp, { mode: 0o700 });
  await removeDirectory(temp);
}

/** Removes the lock that a killed run was about to take: only with the lock. */
export async function clearLock(path: string): Promise<void> {
  for (const name of await namesIn(path)) await removeDirectory(join(path, name));
  await removeDirectory(path);
}

/** Who holds the lock, by a process that is seen to live; names of others are removed. */
async function clearDead(path: string, here: Holders): Promise<{ process: string; since: string } | undefined> {
  const names = await namesIn(path);
  const living = names.find((name) => here.isAlive(name));
  if (living !== undefined) return { process: processOf(living), since: await timeOf(join(path, living)) };
  for (const name of names) {
    await removeDead(path, name);
    reached('lock: dead holder removed');
  }
  return undefined;
}

/** A holder is an empty directory. Indexers and the like leave their own things in every directory that they see. */
async function removeDead(path: string, name: string): Promise<void> {
  try {
    await rmdir(join(path, name));
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') return; // another run was faster
    if (!['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(code)) throw error;
    throw new Problem(exit.cantcreat, `${path} holds ${name}, which is no lock: another program put it there`, {
      hint: `make sure that no run of the job is going on, then rm -r ${shellWord(path)}`,
    });
  }
}

/** Puts a lock with its holder in its place; false when another run was faster. */
async function place(path: string, holder: string): Promise<boolean> {
  const temp = tempBeside(path);
  let isMade = false;
  try {
    await mkdir(temp, { mode: 0o700 }); // one by one: a full disk is ENOENT to a recursive one, in Node 20
    isMade = true;
    await mkdir(join(temp, holder), { mode: 0o700 });
    reached('lock: made');
    await rename(temp, path);
    return true;
  } catch (error) {
    await clearLock(temp).catch(() => undefined); // what went wrong first is what matters
    // ENOENT: who has the lock has cleared it away
    if (isMade && ['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(errorCode(error))) return false;
    throw error;
  }
}

function release(path: string, holder: string): Promise<void> {
  return orFileProblem('let go of the lock', path, async () => {
    await removeDirectory(join(path, holder));
    await removeDirectory(path);
  });
}

const withLimit = 'or have each end before the next begins: --max-runtime 50s, where one starts each minute';

/**
 * `doubted`: the place of a lock whose holder may be another program by now, which got the number of a killed run.
 * `limit`: how to keep runs from meeting, if there is a way that was not taken.
 */
function held(
  job: string,
  holder: { process: string; since: string } | undefined,
  doubted: string | undefined,
  limit?: string,
): Problem {
  const who = holder === undefined ? '' : `: process ${holder.process}${holder.since}`;
  const way =
    holder === undefined || doubted === undefined
      ? undefined
      : `if process ${holder.process} is none of audit-export (ps -p ${holder.process}), rm -r ${shellWord(doubted)}`;
  return new Problem(exit.tempfail, `another run of job ${job} is still going${who}`, {
    hint: ['wait for it to end, or start the runs further apart', limit, way],
  });
}

/** An earlier version locked with a file. What it says is not read: which process that was, and whether it lives. */
function noDirectory(path: string): Problem {
  return new Problem(exit.cantcreat, `${path} is a file, and a lock is a directory: another version left it`, {
    hint: `make sure that no run of the job is going on, then rm ${shellWord(path)}`,
  });
}

async function namesIn(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    if (errorCode(error) === 'ENOTDIR') throw noDirectory(path);
    throw error;
  }
}

/** One that is not there, or that another run is in, is fine; so is a thing of somebody else's, which stays. */
async function removeDirectory(path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(errorCode(error))) throw error;
  }
}

async function timeOf(path: string): Promise<string> {
  try {
    return `, since ${(await stat(path)).mtime.toISOString()}`;
  } catch {
    return ''; // it has just let go
  }
}
