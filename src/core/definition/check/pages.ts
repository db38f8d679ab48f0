/** The pages of a definition: whether each can be asked for, and whether what names the next one can be found. */
import type { SourceDefinition } from '../../definition.ts';
import { parsePath } from '../../json/path.ts';
import { keepsBookmark, pagingRules, stopsAt } from '../paging-rules.ts';
import { sentWith, usedPlaceholders, usesPlaceholder, type EveryRequest } from '../texts.ts';

/** What does not fit, as sentences that begin with their place. */
export function* pagingProblems(definition: SourceDefinition): Generator<string> {
  const { paging, request, branches, limits } = definition;
  const used = usedPlaceholders(definition);
  yield* styleProblems('paging', definition, { request, paging });
  yield* bookmarkProblems(definition);
  if (branches?.fetch !== undefined) yield* listProblems(definition, branches.fetch);
  if (used.has('limit') && limits?.page === undefined) yield 'limits.page is missing: {limit} needs it';
  if (stopsAt(paging, 'short-page') && limits?.page === undefined) {
    yield 'paging.stop: short-page needs {limit} in a request, or limits.page where every page has as many records';
  }
  if ((limits?.most ?? Infinity) < (limits?.page ?? 0)) yield 'limits.page is more than limits.most';
}

type Paged = Pick<SourceDefinition, 'request' | 'paging'>;

/** Placeholders without which every page would be the first. */
const needed = { none: undefined, link: undefined, url: undefined, cursor: 'cursor', page: 'page', offset: 'offset' };

/** What holds for any list that comes in pages. */
function* styleProblems(at: string, around: EveryRequest, { request, paging }: Paged): Generator<string> {
  if (paging.type === 'none') return;
  const name = needed[paging.type];
  if (name !== undefined && !sentWith(around, paging.request ?? request).has(name)) {
    if (paging.request === undefined) yield `${at}.type: ${paging.type} needs {${name}} in a request`;
    else yield `${at}.request: {${name}} is missing, so that every page would be the first`;
  }
  if (paging.type === 'cursor') {
    const { path, header, json, last } = paging;
    if (json !== undefined && header === undefined)
      yield `${at}.json: says what is in a header, and there is none here`;
    const ways = at === 'paging' ? 'path, header and last' : 'path and header'; // records alone have fields to go by
    if (given(path, header, last) !== 1) yield `${at}: expected one of ${ways}`;
  }
  if (paging.type !== 'url') return;
  const { path, header, pick, address } = paging;
  if (pick !== undefined && given(path, address) < 2) yield `${at}.pick: needs path and address`;
  if (address !== undefined && given(path, pick) < 2) yield `${at}.address: needs path and pick`;
  if (given(path, header) !== 1) yield `${at}: expected one of path and header`;
}

/** Where a reply is nothing but records, no path can lead to the next page: every window would end after the first. */
export function* bareProblems({ paging, items, records }: SourceDefinition): Generator<string> {
  const { format, path } = records;
  const isBare = format === 'lines' || path === undefined; // a CSV has no path
  yield* unseenProblems('paging', paging, items === undefined ? isBare : items.path === undefined);
  yield* unseenProblems('items.paging', items?.paging, isBare);
}

function* unseenProblems(at: string, paging: Paged['paging'] | undefined, bare: boolean): Generator<string> {
  if (!bare) return;
  const { path, pages, more } = pagingRules(paging);
  const [found] = Object.entries({ path, pages, more }).find(([, value]) => value !== undefined) ?? [];
  if (found !== undefined) yield `${at}.${found}: there is nothing but records in the reply, so that it is never found`;
}

/** The pages of one item of a list. */
export function* insideProblems(around: EveryRequest, { request, paging }: Paged): Generator<string> {
  const at = 'items.paging';
  yield* styleProblems(at, around, { request, paging });
  if (stopsAt(paging, 'short-page') && !sentWith(around, request).has('limit')) {
    yield `${at}.stop: short-page needs {limit} in items.request`;
  }
}

/** A list of branches: it is asked for before there is a window, and without {limit}. */
function* listProblems({ variables: _variables, ...around }: SourceDefinition, fetch: Paged): Generator<string> {
  const at = 'branches.fetch';
  yield* styleProblems(`${at}.paging`, around, fetch);
  const known = [...Object.keys(around.settings), 'cursor', 'offset', 'page'];
  const { request, paging } = fetch;
  const unknown = [...sentWith({}, [request, paging])].find((name) => !known.includes(name));
  if (unknown !== undefined) {
    yield `${at}: {${unknown}} has no value here, only settings have, and cursor, offset and page`;
  }
  if (stopsAt(paging, 'short-page')) {
    yield `${at}.paging.stop: short-page means nothing here, where no number is asked for`;
  }
}

/** Bookmarks: what a later run asks with must not carry a credential, nor the end of an earlier window. */
function* bookmarkProblems(definition: SourceDefinition): Generator<string> {
  const { auth, paging, request } = definition;
  if (!keepsBookmark(paging)) return;
  if (paging.type !== 'cursor' && auth.type === 'query') {
    yield `paging.bookmark: the next address may repeat what auth.query adds, and would be saved with it; leave it out`;
  }
  if (paging.type === 'cursor' && paging.request === undefined) return; // each page says anew where to end
  const ends = usesPlaceholder(request, 'until');
  const saysAnew = paging.type === 'cursor' && sentWith(definition, paging.request).has('until');
  if (ends && !saysAnew) {
    yield 'paging.bookmark: what follows a request with {until} ends there; leave {until} out of request';
  }
}

/** A CSV consists of records alone. */
function* csvProblems({ format, id, time, ...records }: SourceDefinition['records']): Generator<string> {
  if (format !== 'csv') return;
  if (('content' in id || id.first === true) && time === undefined) {
    yield 'records.time is missing: without a column that there must be, an error in plain text is a CSV without rows';
  }
  const { path, container, total, count, capped } = records;
  const [found] =
    Object.entries({ path, container, total, count, capped }).find(([, value]) => value !== undefined) ?? [];
  if (found !== undefined) yield `records.${found}: a CSV has nothing around its records; leave it out`;
}

/** Paths that are looked up in the raw text of a reply or a record: they cannot lead into a list. */
export function* pathProblems({ paging, items, job, records, branches }: SourceDefinition): Generator<string> {
  yield* csvProblems(records);
  const ids = 'paths' in records.id ? records.id.paths : [];
  const paths: readonly (readonly [at: string, path: string | undefined])[] = [
    ...pagingPaths('paging', paging),
    ['items.path', items?.path],
    ['items.address', items?.address],
    ['items.name', items?.name],
    ...pagingPaths('items.paging', items?.paging),
    ['job.id', job?.id],
    ['job.total', job?.total],
    ...pagingPaths('branches.fetch.paging', branches?.fetch?.paging),
    ['branches.fetch.path', branches?.fetch?.path],
    ['branches.fetch.member', branches?.fetch?.member],
    ['records.path', records.path],
    ...ids.map((path, index) => [`records.id.paths.${index}`, path] as const),
    ['records.time.path', records.time?.path],
    ...(records.volatile ?? []).map((path, index) => [`records.volatile.${index}`, path] as const),
    ['records.total', records.total],
    ['records.count', records.count],
  ];
  for (const [at, path = ''] of paths) {
    const index = parsePath(path).find((name) => /^\d+$/.test(name));
    if (index !== undefined) yield `${at}: ${index} is no name of a member, and lists cannot be looked into here`;
  }
}

/** How many of them are given. */
export function given(...parts: readonly unknown[]): number {
  return parts.filter((each) => each !== undefined).length;
}

function pagingPaths(
  at: string,
  paging: Paged['paging'] | undefined,
): (readonly [at: string, path: string | undefined])[] {
  const { path, pages, last } = pagingRules(paging);
  return [
    [`${at}.path`, path],
    [`${at}.pages`, pages],
    [`${at}.last`, last],
  ];
}
