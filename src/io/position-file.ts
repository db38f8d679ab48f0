/**
 * The durable home of positions: one file a job, replaced as a whole, the generation before beside it, and a journal for
 * what was delivered in between.
 *
 *     <job>.position             the position (io/position-file/format.ts)
 *     <job>.position.previous    the one before: read, with a warning, when the first is damaged or gone. A copy of the
 *                                first when that is the first to know of a branch how far it got
 *     <job>.journal              delivered since (io/position-file/journal.ts)
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { nextRun } from '../core/hint.ts';
import { firstPosition, placeOf } from '../core/position.ts';
import { exit, Problem } from '../core/problem.ts';
import type { PositionStore } from '../core/stores.ts';
import type { Position } from '../core/types.ts';
import { copyOver, linkOver, replaceFile } from './disk/durable.ts';
import { fileProblem, orFileProblem } from './disk/file-problem.ts';
import { errorCode } from './error-code.ts';
import { reached } from './failpoint.ts';
import { openJournal } from './position-file/journal.ts';
import type { JournalEntry } from './position-file/journal-read.ts';
import type { Lock } from './state/lock.ts';
import { writePosition } from './position-file/format.ts';
import {
  beginAgain,
  goingOn,
  headingOf,
  newer,
  oneBefore,
  ownPosition,
  progressIn,
  readChecked,
  type Scope,
  unreadablePosition,
  unusablePosition,
} from './position-file/read.ts';
import { fileName, journalSuffix, lockJob, positionSuffix, previousSuffix } from './state/directory.ts';

const noPosition = 'none';

/** The position of `job` in `directory`; `scope` says what it must belong to, `take` takes its lock. */
export function positionStore(
  directory: string,
  job: string,
  scope: Scope,
  take: () => Promise<Lock> = () => lockJob(directory, job),
): PositionStore {
  const name = fileName(job);
  const path = join(directory, name + positionSuffix);
  const previous = path + previousSuffix;
  const journal = openJournal(join(directory, name + journalSuffix));
  const warnings: string[] = [];
  let lock: Lock | undefined;
  let found: string | undefined; // the first line of the file when it was last read or written
  let base = noPosition; // what the journal belongs to
  let generation = 0;
  let usesPrevious = false;
  let progress: ReadonlySet<string> = new Set(); // what the branches had got to in what was last read or written

  async function load(): Promise<Position | undefined> {
    const seed = randomBytes(6).readUIntBE(0, 6);
    found = await headingOf(path);
    let stored = await readChecked(path, seed);
    if (stored === undefined || 'damage' in stored) {
      const older = await readChecked(previous, seed);
      if (stored === undefined && older === undefined) return firstRun(seed);
      const damage = stored?.damage;
      stored = oneBefore(path, damage, older);
      warnings.push(goingOn(path, previous, damage));
      usesPrevious = true;
    }
    if ('newer' in stored) throw newer(path, stored.newer);
    const { position } = stored;
    generation = stored.generation;
    base = stored.heading.trimEnd();
    progress = progressIn(position);
    await journal.read(base, (entry) => addEntry(path, position, entry, seed));
    return ownPosition(path, job, stored, scope);
  }

  async function firstRun(seed: number): Promise<Position | undefined> {
    const position = firstPosition(scope);
    const read = await journal.read(noPosition, (entry) => addEntry(path, position, entry, seed));
    if (read.base === '') return undefined;
    if (read.base === noPosition) return position;
    throw unreadablePosition(path, 'it is missing, though a run kept a journal for it', undefined);
  }

  async function keepPrevious(temp: string, reaches: ReadonlySet<string>): Promise<void> {
    if ((await headingOf(path)) !== found) throw metAnother(path);
    if (found === undefined && !usesPrevious) return;
    // Whoever goes on from a position that does not know how far a branch got reads that branch from its beginning. So where
    // the new position is the first to know, a copy of it becomes the one before; and it does so first, so that a crash in
    // between does no harm.
    if ([...reaches].some((mark) => !progress.has(mark))) await copyOver(temp, previous);
    else if (usesPrevious) return; // a damaged one must not replace the good one before it
    else await linkOver(path, previous);
    reached('position: previous linked');
  }

  return {
    path,
    warnings,
    beginAgain: beginAgain(path),
    load: () => orFileProblem('read the position file', path, load),
    async lock() {
      lock = await take();
    },
    async save(position) {
      const reaches = progressIn(position);
      let heading = '';
      try {
        await replaceFile(path, {
          async write(file) {
            const written = await writePosition(file, job, generation + 1, position);
            heading = written.heading;
            return written.size;
          },
          beforeRename: (temp) => keepPrevious(temp, reaches),
          renamed() {
            generation += 1;
            found = heading;
            base = heading.trimEnd();
            usesPrevious = false;
            progress = reaches;
          },
        });
        await journal.clear();
        reached('position: journal cleared');
      } catch (error) {
        // A run on another machine does not see our lock: it has taken our temp file for one of a killed run, and removed it.
        if (errorCode(error) === 'ENOENT' && existsSync(directory)) throw metAnother(path);
        throw fileProblem(error, 'save the position in', path);
      }
    },
    journal: (branch, lines, saved) => journal.add(base, { branch, lines: Buffer.concat([...lines]), saved }),
    async close() {
      try {
        await journal.close();
      } finally {
        await lock?.release();
      }
      lock = undefined;
    },
  };
}

function metAnother(path: string): Problem {
  return new Problem(exit.tempfail, `position file ${path} was changed by another run meanwhile`, {
    hint: [
      'make sure that only one machine or container runs this job',
      nextRun('the next run goes on from its position'),
    ],
  });
}

/** What was delivered after the position was saved. */
function addEntry(path: string, position: Position, { branch, lines, saved }: JournalEntry, seed: number): void {
  const place = placeOf(position, branch, seed);
  try {
    place.ledger.read(lines);
  } catch (error) {
    throw error instanceof Problem ? unusablePosition(path, `its journal: ${error.message}`) : error;
  }
  position.saved = saved;
}
