/** Reading position files: what is there, what it belongs to, and what to say when it cannot be used. */
import type { FileHandle } from 'node:fs/promises';
import { forgetAwaited } from '../../core/delivery/acknowledge.ts';
import { exit, Problem } from '../../core/problem.ts';
import { firstPosition } from '../../core/position.ts';
import { progressOf } from '../../core/position/branch-list.ts';
import { shellWord } from '../../core/text/shell-word.ts';
import { isoText } from '../../core/time.ts';
import type { Instant, Position } from '../../core/types.ts';
import { orFileProblem } from '../disk/file-problem.ts';
import { readToShow, readTrusted } from '../state/own-file.ts';
import { journalSuffix, positionSuffix, previousSuffix } from '../state/directory.ts';
import { readHeading, readPosition, type ReadIds, type PositionReading, type StoredPosition } from './format.ts';

/** What a position belongs to: what is read, and where it goes. */
export type Scope = Pick<Position, 'source' | 'sink' | 'asked'>;

/** Reads a position file that is going to be used: one that only its owner can have written. Undefined when there is none. */
export function readChecked(path: string, seed: number): Promise<PositionReading | undefined> {
  const ids = { seed, unusable: (damage: string) => unusablePosition(path.replace(/\.previous$/, ''), damage) };
  return readTrusted(path, 'position file', (file) => read(path, file, ids));
}

/** Reads a position file for a listing, without the remembered IDs. Undefined when there is none. */
export function readListed(path: string): Promise<PositionReading | undefined> {
  return readToShow(path, 'position file', (file) => read(path, file, undefined));
}

function read(path: string, file: FileHandle, ids: ReadIds | undefined): Promise<PositionReading> {
  return orFileProblem('read the position file', path, () => readPosition(file, ids));
}

/** The first line of the file, whatever it is; undefined without a file. */
export function headingOf(path: string): Promise<string | undefined> {
  return readTrusted(path, 'position file', readHeading);
}

/**
 * What this job goes on from, when the journal was read as well: the position, if it is this job's. One that belongs to
 * another source, query of it, or sink, or to a definition that asks for something else (if both say what for), is a Problem
 * (78), and so is another job's; unless nothing was delivered yet, and then it is nobody's: the job begins anew.
 */
export function ownPosition(path: string, job: string, stored: StoredPosition, scope: Scope): Position {
  const { source, sink, asked = scope.asked, branches, begin } = stored.position;
  const asksElse = scope.asked !== undefined && asked !== scope.asked;
  const isSameSink = withoutMark(sink) === scope.sink;
  if (stored.job === job && source === scope.source && isSameSink && !asksElse) return { ...stored.position, ...scope };
  // A first run that failed has no progress to protect: its mistake may be in the very setting that is now another.
  // Nor has one whose destination had not said yet that it took the records, such as a command that failed at its end.
  const isBlank = [...branches.values()].every(({ watermark, bookmark, ledger }) => {
    if (watermark !== undefined || bookmark !== undefined) return false;
    forgetAwaited(ledger);
    return ledger.size() === 0;
  });
  if (isBlank) {
    if (source !== scope.source || asksElse) return firstPosition(scope);
    // It failed for its destination alone, and where it was to begin is the same for the one that is named now.
    const begun = [...branches].filter(([, place]) => place.begin !== undefined);
    return { ...firstPosition(scope), branches: new Map(begun), ...(begin && { begin }) };
  }
  const [what, theirs, ours] =
    stored.job !== job
      ? ['job', stored.job, job]
      : source !== scope.source
        ? otherSource(source, scope.source)
        : !isSameSink
          ? ['sink', sink, scope.sink]
          : ['definition of the same name, which asks for something else', `${asked}`, `${scope.asked}`];
  throw new Problem(exit.config, `position file ${path} belongs to another ${what}: ${theirs}, not ${ours}`, {
    hint: `if these are two jobs, give this one a name of its own with --job; if this one was changed, ${beginAgain(path, progressOf(stored.position).watermark)}`,
  });
}

/** Positions once held a mark of a webhook's whole address: a renewed token in it would have been another sink. */
function withoutMark(sink: string): string {
  return sink.replace(/^(webhook \S+) [0-9a-f]{12}$/, '$1');
}

/** Another source, or another search in the same one. */
function otherSource(theirs: string, ours: string): readonly [what: string, theirs: string, ours: string] {
  const [source, search] = theirs.split(/ where (.*)/);
  const [ourSource, ourSearch] = ours.split(/ where (.*)/);
  return source === ourSource ? ['query', search ?? 'none', ourSearch ?? 'none'] : ['source', theirs, ours];
}

/**
 * The position before, for a run whose own one is damaged or gone. One in which no branch got anywhere is of no use: to
 * go on from it would be a first run, whatever the one that is damaged knew. A branch that is blank among others was so
 * there as well, because a save that brings a branch's first progress writes both (position-file.ts).
 */
export function oneBefore(
  path: string,
  damage: string | undefined,
  older: PositionReading | undefined,
): Exclude<PositionReading, { damage: string }> {
  const fault = damage ?? 'it is missing';
  if (older === undefined) throw unreadablePosition(path, fault, undefined);
  if ('newer' in older) return older;
  if ('damage' in older) throw unreadablePosition(path, fault, older.damage);
  if (progressIn(older.position).size === 0) throw unreadablePosition(path, fault, 'it is from before any progress');
  return older;
}

/** The warning of a run whose own position is damaged or gone, and that of a listing of it. */
export function goingOn(path: string, previous: string, damage: string | undefined): string {
  const fault = damage === undefined ? 'missing' : `damaged (${damage})`;
  return `position file ${path} is ${fault}: going on from the one before, ${previous}; some records may be delivered twice`;
}

/** What the branches got to: without a watermark, or the bookmark that it had, a branch begins as it does in a first run. */
export function progressIn({ branches }: Position): ReadonlySet<string> {
  const progress = new Set<string>();
  for (const [name, { watermark, bookmark }] of branches) {
    if (watermark !== undefined) progress.add(`watermark of ${name}`);
    if (bookmark !== undefined) progress.add(`bookmark of ${name}`);
  }
  return progress;
}

/** There is a file, or there was one, and nothing to go on from. */
export function unreadablePosition(path: string, damage: string, previousDamage: string | undefined): Problem {
  const beside =
    previousDamage === undefined ? 'and there is none before it' : `and the one before (${previousDamage})`;
  return unusablePosition(path, `${damage}, ${beside}`);
}

/** The Problem (78) of a position file that cannot be read: never a first run. */
export function unusablePosition(path: string, damage: string): Problem {
  return new Problem(exit.config, `position file ${path} cannot be used: ${damage}`, {
    hint: `restore it from a backup; or ${beginAgain(path)}`,
  });
}

/** Each of the files alone would have the next run go on from it. `known`: everything before it was delivered. */
export function beginAgain(path: string, known?: Instant): string {
  const since = known === undefined ? '<the last time that is known to be delivered>' : isoText(known);
  const journal = path.slice(0, -positionSuffix.length) + journalSuffix;
  const files = [path, path + previousSuffix, journal].map(shellWord).join(' ');
  return `begin again: rm -f ${files}, then run once with -c --since ${since}`;
}

/** The Problem (78) of a position file in a later format. */
export function newer(path: string, version: number): Problem {
  return new Problem(exit.config, `position file ${path} has format ${version}, written by a newer audit-export`, {
    hint: 'install that version again; the file was left as it is',
  });
}
