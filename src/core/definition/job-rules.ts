/** What a definition says of its job, with what holds where it says nothing. */
import { parseDuration } from '../clock/duration.ts';
import type { JobDefinition } from '../definition.ts';
import type { Duration } from '../types.ts';

type Poll = Pick<NonNullable<JobDefinition['poll']>, 'every' | 'longest'>;

/** How often it is asked whether the job is done, and for how long: every 2 seconds, for 10 minutes. */
export function pollTimes({ every = '2s', longest = '10m' }: Poll = {}): {
  readonly every: Duration;
  readonly longest: Duration;
} {
  return { every: parseDuration(every, 'job.poll.every'), longest: parseDuration(longest, 'job.poll.longest') };
}
