/** Rows of a job that may still be at work: an empty answer is not yet their end. */
import type { SourceDefinition } from '../definition.ts';
import type { ReadPage } from './read-reply.ts';

/** Answers without records in a row, with growing waits between them (31 s in all), after which a job has ended. */
const patience = 5;

/** What follows a page that names no next one. */
interface Following {
  /** In milliseconds, until it is asked whether there are more rows; undefined where they have ended. */
  readonly wait?: number;
  /** See `Reading`. */
  readonly unfinished: boolean;
}

/** For the pages of one window: `given` is how many rows they had until now, `total` how many there are, if anything says so. */
export function rowsOfJob(
  definition: SourceDefinition,
): (end: Pick<ReadPage, 'count' | 'containerSeen'>, given: number, total: number | undefined) => Following {
  let quiet = 0;
  return ({ count, containerSeen }, given, total) => {
    if (!isOpen(definition, given, total)) return { unfinished: false };
    // The end counts only when nothing more came for a while.
    quiet = count === 0 ? quiet + 1 : 0;
    const unfinished = total === undefined && !containerSeen;
    const isOver = quiet >= (total === undefined && containerSeen ? 2 : patience);
    return isOver ? { unfinished } : { wait: 1000 * 2 ** quiet, unfinished };
  };
}

/** Whether the rows may not have ended, after so many, without a total or a state that says so. */
function isOpen({ job, paging }: SourceDefinition, given: number, total: number | undefined): boolean {
  if (job === undefined || job.poll !== undefined || paging.type !== 'offset') return false;
  return total === undefined ? job.total !== undefined : given < total;
}
