/** The rows of a job that may still be running: an empty page is not yet their end. */
import type { SourceDefinition } from '../definition.ts';
import type { ReadPage } from './read-reply.ts';

/** How many empty pages in a row, with growing waits between them (31 s in all), mean that a job has ended. */
const patience = 5;

/** What follows a page that names no next one. */
interface Following {
  /** How long to wait, in milliseconds, before asking for more rows; undefined where they have ended. */
  readonly wait?: number;
  /** See `ReadWindow`. */
  readonly unfinished: boolean;
}

/** To be called after each page of a window that names no next one. `given`: rows so far; `total`: rows of the job, if known. */
export function rowsOfJob(
  definition: SourceDefinition,
): (end: Pick<ReadPage, 'count' | 'containerSeen'>, given: number, total: number | undefined) => Following {
  let quiet = 0;
  return ({ count, containerSeen }, given, total) => {
    if (!isOpen(definition, given, total)) return { unfinished: false };
    quiet = count === 0 ? quiet + 1 : 0;
    const unfinished = total === undefined && !containerSeen;
    const isOver = quiet >= (total === undefined && containerSeen ? 2 : patience);
    return isOver ? { unfinished } : { wait: 1000 * 2 ** quiet, unfinished };
  };
}

/** Whether rows of a job may come after an empty page: nothing else says that it is done. */
export function mayBeOpen({ job, paging }: Pick<SourceDefinition, 'job' | 'paging'>): boolean {
  return job !== undefined && job.poll === undefined && paging.type === 'offset';
}

/** Whether more rows may come: no state says that the job is done, and no total was reached. */
function isOpen(definition: SourceDefinition, given: number, total: number | undefined): boolean {
  if (!mayBeOpen(definition)) return false;
  return total === undefined ? definition.job?.total !== undefined : given < total;
}
