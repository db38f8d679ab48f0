/** Flags to a Job: times, durations, numbers, and whether a position is used. */
import { hash } from 'node:crypto';
import type { Flags } from '../cli/flags.ts';
import type { SourceDefinition } from '../core/definition.ts';
import { exit, Problem } from '../core/problem.ts';
import { parseQuery } from '../core/vendor/search/query.ts';
import { momentOf, parseBound, parseDuration } from '../core/clock/duration.ts';
import type { Duration, Instant, Job, Search, Sink, Source } from '../core/types.ts';
import { namedJob, usesPosition } from './named-job.ts';
import { oneOf } from './one-of.ts';

/** Everything of a Job that does not depend on the source and sink themselves. */
export type UnnamedJob = Omit<Job, 'name' | 'sink'>;

/** The job that the flags ask for; `now` is ours. Throws Problem (64) for values that cannot be read or contradict each other. */
export function jobOf(flags: Flags, now: Instant): UnnamedJob {
  const since = flags.since === undefined ? undefined : parseBound(flags.since, now, '--since');
  const until = flags.until === undefined ? undefined : parseBound(flags.until, now, '--until');
  if (since !== undefined && momentOf(since, now) >= momentOf(until ?? now, now)) {
    throw new Problem(
      exit.usage,
      `--since ${flags.since} is not before ${until === undefined ? 'now' : `--until ${flags.until}`}`,
      {
        hint: 'the window runs from --since up to, but not including, --until',
      },
    );
  }
  if (flags.position === false && flags.continue === true) {
    throw new Problem(exit.usage, '--no-position and --continue contradict each other', {
      hint: 'leave one of them out',
    });
  }
  return {
    search: searchOf(flags),
    since,
    until,
    usePosition: usesPosition(flags),
    overlap: duration(flags.overlap, '--overlap'),
    delay: duration(flags.delay, '--delay'),
    firstRun: duration(flags.firstRun, '--first-run'),
    maxRuntime: longerThanZero(flags.maxRuntime, '--max-runtime'),
    dryRun: flags.dryRun === true,
    holdOff: longerThanZero(flags.holdOff, '--hold-off'),
    maxQuarantine: share(flags.maxQuarantine) ?? 0.1,
    dedupe: oneOf(flags.dedupe, '--dedupe', ['id', 'changes', 'content']) ?? 'changes',
  };
}

function searchOf(flags: Flags): Search {
  return {
    query: parseQuery(flags.query ?? []),
    rawQuery: flags.rawQuery,
    categories: categoryNames(flags.categories),
    limit: pageSize(flags.limit),
    single: flags.singleQuery === true,
  };
}

/** The names of all `--categories`, each once; none when it is not given. */
function categoryNames(lists: readonly string[] = []): readonly string[] {
  const names = lists.flatMap((text) => {
    const found = text.split(',').map((name) => name.trim());
    if (found.some((name) => name !== '')) return found.filter((name) => name !== '');
    throw new Problem(exit.usage, `--categories names none: ${JSON.stringify(text)}`, {
      hint: 'leave it out for all of them, or write --categories a,b',
    });
  });
  return [...new Set(names)];
}

/** The same search with the first name of each category: another name of the same category makes no other job. */
export function inFirstNames(search: Search, { categories }: Pick<SourceDefinition, 'categories'>): Search {
  const values = Object.entries(categories?.values ?? {});
  const firstName = (name: string): string => {
    const meant = values.find(([known]) => known === name)?.[1];
    return values.find(([, value]) => value === meant)?.[0] ?? name;
  };
  return { ...search, categories: [...new Set(search.categories.map(firstName))] };
}

/**
 * `--job`, or a generated name, different for jobs that must not share a position: those with another source, scope (URL,
 * stream, organisation, query), sink, command line of the sink, or wire form.
 */
export function jobName(
  flags: Pick<Flags, 'job' | 'command' | 'bulkFormat'>,
  source: Source,
  sink: Sink,
  search: Search,
): string {
  const named = namedJob(flags);
  if (named !== undefined) return named;
  const { query, rawQuery, categories } = sorted(search);
  const form = flags.bulkFormat === undefined || flags.bulkFormat === 'none' ? [] : [{ form: flags.bulkFormat }];
  const place = sink.mark === undefined ? sink.scope : `${sink.scope} ${sink.mark}`;
  const where = [place, ...(flags.command ?? []), ...form];
  const scope = JSON.stringify([source.scope, query, rawQuery ?? '', categories, ...where]);
  const mark = hash('sha256', scope).slice(0, 8);
  return `${source.name.slice(0, 40)}.${sink.name}.${mark}`;
}

/**
 * What a position under `--job` belongs to besides source and sink: which of the source's records are wanted. Empty for all of
 * them, and for generated names, which differ from search to search.
 */
export function searchScope({ job }: Pick<Flags, 'job'>, search: Search): string {
  const { query, rawQuery, categories } = sorted(search);
  const parts = Object.entries({ query: query.map(asText), rawQuery, categories }).filter(
    ([, value]) => value !== undefined && value.length > 0,
  );
  return job === undefined || parts.length === 0 ? '' : `where ${JSON.stringify(Object.fromEntries(parts))}`;
}

/** The same search in one spelling: the order of its pairs and categories means nothing. */
function sorted({ query, rawQuery, categories }: Search): Pick<Search, 'query' | 'rawQuery' | 'categories'> {
  const inOrder = query.toSorted((one, other) => (asText(one) < asText(other) ? -1 : 1));
  return { query: inOrder, rawQuery, categories: categories.toSorted() };
}

function asText([key, value]: Search['query'][number]): string {
  return `${key}=${value}`;
}

/** A duration in nanoseconds, longer than zero. */
export function longerThanZero(text: string | undefined, flag: string): Duration | undefined {
  const value = duration(text, flag);
  if (value !== 0n) return value;
  throw new Problem(exit.usage, `${flag} must be longer than ${text}`, { hint: 'write a duration such as 50s or 10m' });
}

function duration(text: string | undefined, flag: string): Duration | undefined {
  return text === undefined ? undefined : parseDuration(text, flag);
}

/** `--max-quarantine`: a percentage as a share, 0 to 1. */
function share(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^(?:\d{1,2}|100)$/.test(text)) return Number(text) / 100;
  throw new Problem(exit.usage, `--max-quarantine is not a percentage: ${text}`, {
    hint: 'write --max-quarantine 100 for all of them',
  });
}

/** `--limit`. */
function pageSize(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  if (/^[1-9]\d+$/.test(text)) {
    throw new Problem(exit.usage, `--limit is too large: ${text}`, { hint: 'write --limit 999999999 at most' });
  }
  throw new Problem(exit.usage, `--limit is not a positive whole number: ${text}`, { hint: 'write --limit 1000' });
}
