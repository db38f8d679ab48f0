/** Rows of a job that may still be at work: an empty answer is not yet their end. */
import type { SourceDefinition } from '../definition.ts';

/** Answers without records in a row, with growing waits between them (30 s in all), after which a job has ended. */
const patience = 5;

/** What came of a job so far. */
interface Progress {
  readonly given: number;
  readonly total: number | undefined;
  /** Whether the last answer had a place for records. */
  readonly containerSeen: boolean;
  /** Whether the reading before ended with just these rows. */
  readonly isRepeated: boolean;
}

/**
 * The same, by what came: a job that has given rows is at work no longer than some seconds after the last of them, or it
 * states a total that is never met; where another reading ended with the same rows already, nothing is waited for.
 */
export function patienceFor({ given, total, containerSeen, isRepeated }: Progress): number {
  if (total === undefined) return containerSeen ? 2 : patience;
  if (given === 0 || !containerSeen) return patience;
  return isRepeated ? 1 : 3;
}

/** Whether the rows ended, after so many, without a total or a state that says so. */
export function isOpen({ job, paging }: SourceDefinition, count: number, total: number | undefined): boolean {
  if (job === undefined || job.poll !== undefined || paging.type !== 'offset') return false;
  return total === undefined ? job.total !== undefined : count < total;
}
