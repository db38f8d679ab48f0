/** The job of a definition: whether its requests name it, and whether there is time to wait for it. */
import type { SourceDefinition } from '../../definition.ts';
import { gone, notFound } from '../../http-status.ts';
import { pollTimes } from '../job-rules.ts';
import { pagingRules } from '../paging-rules.ts';
import { sentWith, usedPlaceholders } from '../texts.ts';

/** What does not fit, as sentences that begin with their place. */
export function* jobProblems(definition: SourceDefinition): Generator<string> {
  const { job, request, paging, records } = definition;
  if (job === undefined) {
    if (usedPlaceholders(definition).has('job')) yield 'job is missing: {job} needs it';
    return;
  }
  if (!sentWith(definition, [request, pagingRules(paging).request]).has('job')) {
    yield 'job: no request for records uses {job}';
  }
  for (const [at, each] of [['job.poll.request', job.poll?.request] as const, ['job.close', job.close] as const]) {
    if (each !== undefined && !sentWith(definition, each).has('job')) {
      yield `${at}: {job} is missing, so that the vendor would not know which one`;
    }
  }
  const ending = paging.type === 'page' ? paging.end?.find((each) => each === notFound || each === gone) : undefined;
  if (ending !== undefined && job.total === undefined && records.total === undefined) {
    yield `paging.end: HTTP ${ending} may as well mean that the job is gone, and how many records it has is not known; say what the refusal says instead, by path and equals`;
  }
  const { every, longest } = pollTimes(job.poll);
  if (every === 0n) yield 'job.poll.every: expected more than 0s';
  if (longest < every) yield 'job.poll.longest is less than job.poll.every';
}
