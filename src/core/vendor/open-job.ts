/** Rows of a job that may still be at work: an empty answer is not yet their end. */
import type { SourceDefinition } from '../definition.ts';

/** Answers without records in a row, with growing waits between them (31 s in all), after which a job has ended. */
export const patience = 5;

/** Whether the rows ended, after so many, without a total or a state that says so. */
export function isOpen({ job, paging }: SourceDefinition, count: number, total: number | undefined): boolean {
  if (job === undefined || job.poll !== undefined || paging.type !== 'offset') return false;
  return total === undefined ? job.total !== undefined : count < total;
}
