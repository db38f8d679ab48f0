/** Reading position files: what is there, whether it may be trusted, and what to say when it may not. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { exit, Problem } from '../../core/problem.ts';
import { fileProblem } from '../disk/durable.ts';
import { errorCode } from '../error-code.ts';
import { positionSuffix } from './state-directory.ts';
import { readHeading, readPosition, type Reading, type StoredPosition } from './position-format.ts';

/** What a position belongs to: what is read, and where it goes. */
export interface Scope {
  readonly source: string;
  readonly sink: string;
}

/**
 * Reads a position file. Undefined when there is none. With the remembered IDs it is going to be used, and so must be
 * one that only its owner can have written.
 */
export async function readChecked(path: string, seed: number, remembered = true): Promise<Reading | undefined> {
  const file = await openToRead(path, remembered);
  try {
    if (file === undefined) return undefined;
    return await readPosition(file, remembered, seed, (damage) => unusable(path.replace(/\.previous$/, ''), damage));
  } catch (error) {
    throw fileProblem(error, 'read the position file', path);
  } finally {
    await file?.close();
  }
}

/** `strict`: its content will be acted upon. */
async function openToRead(path: string, strict: boolean): Promise<FileHandle | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const problem = distrust(path, await file.stat(), strict);
      if (problem !== undefined) throw problem;
      return file;
    } catch (error) {
      await file.close().catch(() => undefined); // what went wrong first is what matters
      throw error;
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined; // and nothing else is a first run
    throw fileProblem(error, 'open the position file', path);
  }
}

/** Who can write the file can make the program skip records. */
function distrust(
  path: string,
  { uid, mode }: { readonly uid: number; readonly mode: number },
  strict: boolean,
): Problem | undefined {
  if ((mode & constants.S_IFMT) !== constants.S_IFREG) {
    return new Problem(exit.config, `position file ${path} is not a file`, { hint: 'choose another --state-dir' });
  }
  const user = process.getuid?.();
  if (user === undefined || !strict) return undefined; // Windows has neither owners nor modes of this kind
  if (uid !== user) {
    return new Problem(exit.config, `position file ${path} belongs to user ${uid}, not to ${user}`, {
      hint: `run the job as user ${uid}, or give it the file: chown ${user} ${path}`,
    });
  }
  if ((mode & 0o022) === 0) return undefined;
  return new Problem(exit.config, `position file ${path} can be written by others`, { hint: `chmod 600 ${path}` });
}

/** The first line of the file, whatever it is; undefined without a file. */
export async function headingOf(path: string): Promise<string | undefined> {
  const file = await openToRead(path, true);
  try {
    return file === undefined ? undefined : await readHeading(file);
  } finally {
    await file?.close();
  }
}

/** Throws Problem (78) when the position belongs to another job, source, query of it, or sink. */
export function checkScope(path: string, job: string, stored: StoredPosition, scope: Scope): void {
  const { source, sink, branches } = stored.position;
  if (stored.job === job && source === scope.source && sink === scope.sink) return;
  // A first run that failed has no progress to protect: its mistake may be in the very setting that is now another.
  const isBlank = [...branches.values()].every(
    ({ watermark, bookmark, ledger }) => watermark === undefined && bookmark === undefined && ledger.size() === 0,
  );
  if (stored.job === job && isBlank) return;
  const [what, theirs, ours] =
    stored.job !== job
      ? ['job', stored.job, job]
      : source !== scope.source
        ? otherSource(source, scope.source)
        : ['sink', sink, scope.sink];
  throw new Problem(exit.config, `position file ${path} belongs to another ${what}: ${theirs}, not ${ours}`, {
    hint: `give this job a name of its own with --job; or ${beginAgain(path)}`,
  });
}

/** Another source, or another search in the same one. */
function otherSource(theirs: string, ours: string): readonly [what: string, theirs: string, ours: string] {
  const [source, search] = theirs.split(/ where (.*)/s, 2);
  const [ourSource, ourSearch] = ours.split(/ where (.*)/s, 2);
  return source === ourSource ? ['query', search ?? 'none', ourSearch ?? 'none'] : ['source', theirs, ours];
}

/** There is a file, or there was one, and nothing to go on from. */
export function unreadable(path: string, damage: string, previousDamage: string | undefined): Problem {
  const beside =
    previousDamage === undefined ? 'and there is none before it' : `and the one before (${previousDamage})`;
  return unusable(path, `${damage}, ${beside}`);
}

export function unusable(path: string, damage: string): Problem {
  return new Problem(exit.config, `position file ${path} cannot be used: ${damage}`, {
    hint: `restore it from a backup; or ${beginAgain(path)}`,
  });
}

/** Each of the files alone would have the next run go on from it. */
export function beginAgain(path: string): string {
  const journal = `${path.slice(0, -positionSuffix.length)}.journal`;
  return `begin again: rm -f ${path} ${path}.previous ${journal}, then run once with -c --since <the last time that is known to be delivered>`;
}

export function newer(path: string, version: number): Problem {
  return new Problem(exit.config, `position file ${path} has format ${version}, written by a newer audit-export`, {
    hint: 'install that version again; the file was left as it is',
  });
}
