/** What a definition says of its job, with the defaults. */
import { parseDuration } from '../clock/duration.ts';
import type { JobDefinition } from '../definition.ts';
import type { Duration } from '../types.ts';

type Poll = Pick<NonNullable<JobDefinition['poll']>, 'every' | 'longest'>;

/** How often a job is polled, and for how long: every 2 seconds, for 10 minutes, unless the definition says otherwise. */
export function pollTimes({ every = '2s', longest = '10m' }: Poll = {}): {
  readonly every: Duration;
  readonly longest: Duration;
} {
  return { every: parseDuration(every, 'job.poll.every'), longest: parseDuration(longest, 'job.poll.longest') };
}
