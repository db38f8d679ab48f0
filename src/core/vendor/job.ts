/** A query that runs at the vendor as a job: started, polled until it is done, read, and always closed. */
import { pollTimes } from '../definition/job-rules.ts';
import type { JobDefinition } from '../definition.ts';
import { toMillis } from '../time.ts';
import type { Page, Window } from '../types.ts';
import { jobFailed, noJob } from './incomplete.ts';
import { emptyPage, type PageWalk, type ReadWindow, type Route } from './page-walk.ts';
import { holds } from '../definition/answers.ts';
import { tokenAt, totalAt } from '../json/value-at.ts';
import type { SourceContext } from './source-context.ts';
import type { TemplateValues } from '../definition/template.ts';

/** A window that is read by a job. */
export type JobRoute = Omit<Route, 'total'> & { readonly window: Window };

/**
 * Starts the job of a window and reads its records; `unfinished` when it did not finish in time. Throws Problem 76 when
 * no job was started, 69 when it failed.
 */
export async function* readJob(
  { definition, vendor, tools }: SourceContext,
  job: JobDefinition,
  pages: PageWalk,
  route: JobRoute,
): AsyncGenerator<Page, ReadWindow, undefined> {
  const what = 'the query';
  const asked = { request: job.request, values: route.values({}), what };
  const { value, text } = await vendor.json(asked);
  const id = tokenAt(text, job.id);
  if (id === undefined) throw noJob(definition, value, job.id, asked);
  const values = (more: TemplateValues): TemplateValues => route.values({ ...more, job: id });
  try {
    yield emptyPage; // so that the vendor's clock is noted now: the job sees nothing that comes later
    const last = job.poll === undefined ? text : await finished(job.poll, values({}));
    if (last === undefined) return { count: 0, total: undefined, capped: false, unfinished: true };
    const total = job.total === undefined ? undefined : totalAt(last, job.total);
    if (total === 0) return { count: 0, total, capped: false, unfinished: false };
    return yield* pages.read({ ...route, total, values });
  } finally {
    if (job.close !== undefined) await vendor.end({ request: job.close, values: values({}), what });
  }

  /** Polls until the job is done, and returns the last answer; undefined when that takes too long. */
  async function finished(poll: Poll, known: TemplateValues): Promise<string | undefined> {
    const { failed } = poll;
    const question = {
      request: poll.request,
      values: known,
      what: 'the state of the query',
      judge(answer: unknown): void {
        if (failed !== undefined && holds(failed, answer)) throw jobFailed(definition, answer, failed, route.window);
      },
    };
    const times = pollTimes(poll);
    const [every, longest] = [toMillis(times.every), toMillis(times.longest)];
    let end = Infinity;
    for (let pause = every; ; pause = Math.min(1.5 * pause, 4 * every)) {
      end = Math.min(end, tools.now() + longest); // a clock that was set back must not mean a long wait
      const state = await vendor.json(question);
      if (holds(poll.until, state.value)) return state.text;
      if (tools.now() + pause > end) return undefined;
      await tools.wait(Math.round(pause));
    }
  }
}

type Poll = NonNullable<JobDefinition['poll']>;
