/**
 * The durable home of positions: one file a job, replaced as a whole, the generation before beside it, and a journal for
 * what was delivered in between.
 *
 *     <job>.position             the position (io/position-format.ts)
 *     <job>.position.previous    the one before: read, with a warning, when the first is damaged or gone
 *     <job>.journal              delivered since (io/journal.ts)
 */
import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, type FileHandle, link, mkdir, open, readdir, rename, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createLedger } from '../core/dedupe.ts';
import { firstPosition } from '../core/position.ts';
import { exit, Problem } from '../core/problem.ts';
import type { Position, PositionStore } from '../core/types.ts';
import { errorCode, fileProblem, removeFile, replaceFile, tempBeside, tempName } from './durable.ts';
import { reached } from './failpoint.ts';
import { type JournalContent, openJournal } from './journal.ts';
import { type Lock, takeLock } from './lock.ts';
import { readHeading, readPosition, type Reading, type StoredPosition, writePosition } from './position-format.ts';

const suffix = '.position';
const noPosition = 'none';

/** What a position belongs to: what is read, and where it goes. */
export interface Scope {
  readonly source: string;
  readonly sink: string;
}

/** A position store on disk. */
export interface PositionFile extends PositionStore {
  /** What `load` had to put up with, a line each: to be told to the operator. */
  readonly warnings: readonly string[];
}

/** A job as it is found in a state directory: its position (without remembered IDs), or what is wrong with the file. */
export interface StoredJob {
  readonly job: string;
  readonly path: string;
  readonly position: Position | Problem;
}

/** The position of `job` in `directory`; `scope` says what it must belong to. */
export function positionStore(directory: string, job: string, scope: Scope): PositionFile {
  const name = fileName(job);
  const path = join(directory, name + suffix);
  const previous = `${path}.previous`;
  const journal = openJournal(join(directory, `${name}.journal`));
  const warnings: string[] = [];
  let lock: Lock | undefined;
  let found: string | undefined; // the first line of the file when it was last read or written
  let base = noPosition; // what the journal belongs to
  let generation = 0;
  let usesPrevious = false;

  async function load(): Promise<Position | undefined> {
    const seed = randomBytes(6).readUIntBE(0, 6);
    found = await headingOf(path);
    let stored = await readChecked(path, seed);
    const notes = await journal.read();
    if (stored === undefined || 'damage' in stored) {
      const older = await readChecked(previous, seed);
      if (older === undefined || 'damage' in older) {
        if (stored === undefined && older === undefined) return firstRun(notes, seed);
        throw unreadable(path, stored?.damage ?? 'it is missing', older?.damage);
      }
      warnings.push(
        `position file ${path} is ${stored === undefined ? 'missing' : `damaged (${stored.damage})`}: ` +
          `going on from the one before, ${previous}; some records may be delivered twice`,
      );
      stored = older;
      usesPrevious = true;
    }
    if ('newer' in stored) throw newer(path, stored.newer);
    const { position } = stored;
    checkScope(path, job, stored, scope);
    generation = stored.generation;
    base = stored.heading.trimEnd();
    // a journal of a damaged position may not be added to an older one: its files may have been cut back since
    return usesPrevious ? position : withJournal(position, notes, base, seed);
  }

  function firstRun(notes: JournalContent, seed: number): Position | undefined {
    if (notes.base === '') return undefined;
    if (notes.base !== noPosition)
      throw unreadable(path, 'it is missing, though a run kept a journal for it', undefined);
    return withJournal(firstPosition(scope), notes, noPosition, seed);
  }

  async function keepPrevious(): Promise<void> {
    if ((await headingOf(path)) !== found) {
      throw new Problem(exit.tempfail, `position file ${path} was changed by another run meanwhile`, {
        hint: 'make sure that only one machine or container runs this job; the next run goes on from its position',
      });
    }
    if (found === undefined || usesPrevious) return; // a damaged one must not replace the good one before it
    await linkOver(path, previous);
    reached('position: previous linked');
  }

  return {
    path,
    warnings,
    load,
    async lock() {
      await prepareDirectory(directory);
      lock = await takeLock(directory, job, `${name}.lock`);
      await clearTemps(directory, name);
    },
    async save(position) {
      let heading = '';
      try {
        await replaceFile(path, 'position', {
          async write(file) {
            const written = await writePosition(file, job, generation + 1, position);
            heading = written.heading;
            return written.size;
          },
          beforeRename: keepPrevious,
        });
        generation += 1;
        found = heading;
        base = heading.trimEnd();
        usesPrevious = false;
        await journal.clear();
        reached('position: journal cleared');
      } catch (error) {
        throw fileProblem(error, 'save the position in', path);
      }
    },
    journal: (branch, lines, saved) => journal.add(base, { branch, lines: Buffer.concat([...lines]), saved }),
    async close() {
      await journal.close();
      await lock?.release();
      lock = undefined;
    },
  };
}

/** All jobs that have a position in `directory`, by name; none when there is no such directory. */
export async function listPositions(directory: string): Promise<StoredJob[]> {
  const jobs: StoredJob[] = [];
  for (const file of (await namesIn(directory)).sort()) {
    const name = /^(.+)\.position(?:\.previous)?$/.exec(file)?.[1];
    if (name === undefined || jobs.some((job) => basename(job.path) === name + suffix)) continue;
    const path = join(directory, name + suffix);
    const reading = await readChecked(path, 0, false).catch((error: unknown) => problemOf(error, path));
    if (reading instanceof Problem) jobs.push({ job: jobOf(name), path, position: reading });
    else if (reading === undefined || 'damage' in reading) {
      jobs.push({ job: jobOf(name), path, position: unreadable(path, reading?.damage ?? 'it is missing', undefined) });
    } else if ('newer' in reading) jobs.push({ job: jobOf(name), path, position: newer(path, reading.newer) });
    else jobs.push({ job: reading.job, path, position: reading.position });
  }
  return jobs;
}

// ---------------------------------------------------------------------------------------------------- reading

/**
 * Reads a position file. Undefined when there is none. With the remembered IDs it is going to be used, and so must be
 * one that only its owner can have written.
 */
async function readChecked(path: string, seed: number, remembered = true): Promise<Reading | undefined> {
  const file = await openToRead(path, remembered);
  try {
    return file === undefined ? undefined : await readPosition(file, remembered, seed);
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
    const problem = distrust(path, await file.stat(), strict);
    if (problem === undefined) return file;
    await file.close();
    throw problem;
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

async function headingOf(path: string): Promise<string | undefined> {
  const file = await openToRead(path, true);
  try {
    return file === undefined ? undefined : await readHeading(file);
  } finally {
    await file?.close();
  }
}

function withJournal(position: Position, notes: JournalContent, base: string, seed: number): Position {
  if (notes.base !== base) return position; // of an earlier position, and in this one already
  for (const { branch, lines, saved } of notes.entries) {
    const place = position.branches.get(branch) ?? {
      watermark: undefined,
      bookmark: undefined,
      slice: undefined,
      ledger: createLedger(seed),
    };
    place.ledger.read(lines);
    position.branches.set(branch, place);
    position.saved = saved;
  }
  return position;
}

function checkScope(path: string, job: string, stored: StoredPosition, scope: Scope): void {
  const { source, sink } = stored.position;
  if (stored.job === job && source === scope.source && sink === scope.sink) return;
  const [what, theirs, ours] =
    stored.job !== job
      ? ['job', stored.job, job]
      : source !== scope.source
        ? ['source', source, scope.source]
        : ['sink', sink, scope.sink];
  throw new Problem(exit.config, `position file ${path} belongs to another ${what}: ${theirs}, not ${ours}`, {
    hint: 'give this job a name of its own with --job, or remove the file to begin again',
  });
}

function unreadable(path: string, damage: string, previousDamage: string | undefined): Problem {
  const beside =
    previousDamage === undefined ? 'and there is none before it' : `and the one before (${previousDamage})`;
  return new Problem(exit.config, `position file ${path} cannot be used: ${damage}, ${beside}`, {
    hint: `restore it from a backup; or begin again: rm -f ${path} ${path}.previous ${path.slice(0, -suffix.length)}.journal, then run once with -c --since <the last time that is known to be delivered>`,
  });
}

function newer(path: string, version: number): Problem {
  return new Problem(exit.config, `position file ${path} has format ${version}, written by a newer audit-export`, {
    hint: 'install that version again; the file was left as it is',
  });
}

function problemOf(error: unknown, path: string): Problem {
  return fileProblem(error, 'read the position file', path);
}

// ---------------------------------------------------------------------------------------------------- the directory

async function prepareDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    const { uid, mode } = await stat(directory);
    const user = process.getuid?.();
    if (user === undefined || ((mode & 0o022) === 0 && (uid === user || uid === 0))) return;
    throw new Problem(exit.config, `others can replace what is in the state directory ${directory}`, {
      hint: 'choose a directory of its own inside it, which is then created for its owner alone: --state-dir',
    });
  } catch (error) {
    if (errorCode(error) === 'EEXIST') {
      throw new Problem(exit.cantcreat, `the state directory ${directory} is not a directory`, {
        hint: 'choose another --state-dir',
      });
    }
    throw fileProblem(error, 'use the state directory', directory);
  }
}

/** Removes what killed runs left. Only with the lock: the temp file of a living run must stay. */
async function clearTemps(directory: string, name: string): Promise<void> {
  for (const file of await namesIn(directory)) {
    if (file.startsWith(`${name}.`) && tempName.test(file)) {
      const target = file.replace(tempName, '');
      if ([`${name}${suffix}`, `${name}${suffix}.previous`].includes(target)) await removeFile(join(directory, file));
    }
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw fileProblem(error, 'read the state directory', directory);
  }
}

/** Makes `to` the same file as `from`, at once. Where there are no hard links, `from` is moved: a gap that load bridges. */
async function linkOver(from: string, to: string): Promise<void> {
  const temp = tempBeside(to);
  try {
    await link(from, temp);
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'ENOSYS'].includes(errorCode(error))) throw error;
    return rename(from, to);
  }
  await rename(temp, to);
  await removeFile(temp); // rename leaves it when both names are the same file already
}

/** A job's name as a file name: what could be a path or a hidden file is spelled %XX, what is too long ends in a digest. */
function fileName(job: string): string {
  const safe = encodeURIComponent(job).replace(
    /[!'()*~]|^\./g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  if (safe.length <= 150) return safe === '' ? '%' : safe;
  return `${safe.slice(0, 100)}%${createHash('sha256').update(job).digest('hex').slice(0, 32)}`;
}

function jobOf(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
