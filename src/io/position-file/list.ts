/** The jobs of a state directory, for `audit-export status`: nothing is locked, and nothing changed. */
import { basename, join } from 'node:path';
import { Problem } from '../../core/problem.ts';
import type { Position } from '../../core/types.ts';
import { fileProblem } from '../disk/file-problem.ts';
import { goingOn, newer, oneBefore, readListed } from './read.ts';
import { jobNameOf, namesIn, positionSuffix, previousSuffix } from '../state/directory.ts';

/** A job as it is found in a state directory: its position (without remembered IDs), or what is wrong with the file. */
export interface StoredJob {
  readonly job: string;
  readonly path: string;
  readonly position: Position | Problem;
  /** What the next run will have to work around, and does. */
  readonly warning?: string;
}

/** All jobs that have a position in `directory`, by name; none when there is no such directory. */
export async function listPositions(directory: string): Promise<StoredJob[]> {
  const jobs: StoredJob[] = [];
  for (const file of (await namesIn(directory)).sort()) {
    const name = /^(.+)\.position(?:\.previous)?$/.exec(file)?.[1];
    if (name === undefined || jobs.some((job) => basename(job.path) === name + positionSuffix)) continue;
    const path = join(directory, name + positionSuffix);
    const listed = await look(path).catch((error: unknown) => fileProblem(error, 'read the position file', path));
    jobs.push(listed instanceof Problem ? { job: jobNameOf(name), path, position: listed } : { path, ...listed });
  }
  return jobs;
}

/** What `load` would go on from, or why it would not. */
async function look(path: string): Promise<Omit<StoredJob, 'path'> | Problem> {
  const previous = path + previousSuffix;
  const first = await readListed(path);
  const isUsable = first !== undefined && !('damage' in first);
  const damage = isUsable ? undefined : first?.damage;
  const reading = isUsable ? first : oneBefore(path, damage, await readListed(previous));
  if ('newer' in reading) return newer(path, reading.newer);
  const { job, position } = reading;
  return isUsable ? { job, position } : { job, position, warning: goingOn(path, previous, damage) };
}
