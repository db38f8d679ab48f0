/** The pages of a definition: whether each can be asked for, and where what tells of the next one is looked for. */
import type { PagingDefinition, SourceDefinition } from '../definition.ts';
import { parsePath } from '../json/path.ts';
import { collect, sentWith, usedPlaceholders } from './definition-texts.ts';
import { placeholders } from './template.ts';

/** What does not fit, as sentences that begin with their place. */
export function* pagingProblems(definition: SourceDefinition): Generator<string> {
  const { paging, limits } = definition;
  const used = usedPlaceholders(definition);
  const needed = { none: undefined, link: undefined, url: undefined, cursor: 'cursor', page: 'page', offset: 'offset' };
  const name = needed[paging.type];
  if (name !== undefined && !used.has(name)) yield `paging.type: ${paging.type} needs {${name}} in a request`;
  yield* laterPageProblems(definition, name);
  if (paging.type === 'url' && both(paging.path, paging.header)) yield 'paging: expected one of path and header';
  yield* linkProblems(paging);
  if (
    paging.type === 'cursor' &&
    [paging.path, paging.header, paging.last].filter((each) => each !== undefined).length !== 1
  ) {
    yield 'paging: expected one of path, header and last';
  }
  if (used.has('limit') && limits?.page === undefined) yield 'limits.page is missing: {limit} needs it';
  if (paging.type !== 'none' && paging.stop?.includes('short-page') && !used.has('limit')) {
    yield 'paging.stop: short-page needs {limit} in a request';
  }
  if ((limits?.most ?? Infinity) < (limits?.page ?? 0)) yield 'limits.page is more than limits.most';
}

/** Where the address of the next page is in a list of links. */
function* linkProblems(paging: PagingDefinition): Generator<string> {
  if (paging.type !== 'url') return;
  const { path, pick, address } = paging;
  if (pick !== undefined && (path === undefined || address === undefined)) {
    yield 'paging.pick: needs path and address';
  }
  if (address !== undefined && (path === undefined || pick === undefined)) yield 'paging.address: needs path and pick';
}

/** Where later pages have a request of their own. */
function* laterPageProblems(definition: SourceDefinition, name: string | undefined): Generator<string> {
  const { paging, request } = definition;
  if (paging.type === 'none' || paging.request === undefined) return;
  const sent = sentWith(definition, paging.request);
  if (name !== undefined && !sent.has(name)) {
    yield `paging.request: {${name}} is missing, so that every page would be the first`;
  }
  const ends = [...collect('', request)].some(([, text]) => placeholders(text).includes('until'));
  if (paging.type === 'cursor' && paging.bookmark === true && ends && !sent.has('until')) {
    yield 'paging.bookmark: a cursor of a request with {until} ends there; leave {until} out of request';
  }
}

/** Lists are not looked into where a record, or what tells of pages, is read from the text. */
export function* pathProblems({ paging, job, records }: SourceDefinition): Generator<string> {
  const ids = 'paths' in records.id ? records.id.paths : [];
  const paths: readonly (readonly [at: string, path: string | undefined])[] = [
    ['paging.path', 'path' in paging ? paging.path : undefined],
    ['paging.pages', 'pages' in paging ? paging.pages : undefined],
    ['paging.last', 'last' in paging ? paging.last : undefined],
    ['job.id', job?.id],
    ['job.total', job?.total],
    ['records.path', records.path],
    ...ids.map((path, index) => [`records.id.paths.${index}`, path] as const),
    ['records.time.path', records.time?.path],
    ['records.total', records.total],
  ];
  for (const [at, path = ''] of paths) {
    const index = parsePath(path).find((name) => /^\d+$/.test(name));
    if (index !== undefined) yield `${at}: ${index} is no name of a member, and lists cannot be looked into here`;
  }
}

/** Exactly one of two is wanted: true when there are none or two. */
function both(one: unknown, other: unknown): boolean {
  return (one === undefined) === (other === undefined);
}
