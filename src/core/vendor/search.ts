/** What the user searches for, sent to the vendor where it can filter, and matched here where it cannot. */
import type { SourceDefinition } from '../definition.ts';
import { stopsAt } from '../definition/paging-rules.ts';
import { usedPlaceholders } from '../definition/texts.ts';
import { ofSource } from '../hint.ts';
import { didYouMean } from '../text/nearest.ts';
import { faultOfPath, parsePath } from '../json/path.ts';
import { exit, Problem } from '../problem.ts';
import { fill, fillJson, type Json, type TemplateValues } from '../definition/template.ts';
import type { Tools } from '../tools.ts';
import type { Search } from '../types.ts';
import { matcher, readings, type Matcher, type Wanted } from './search/wanted.ts';

export interface VendorSearch extends Matcher {
  /** Values of {query}, {rawQuery}, {categories} and {limit}. */
  readonly values: TemplateValues;
  /** Records asked for in one query; undefined when the vendor decides. */
  readonly limit: number | undefined;
  /** One query only. */
  readonly single: boolean;
  /** Query parameters of --query that the vendor knows. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Throws Problem 64 when the source cannot do what is asked. */
export function vendorSearch(definition: SourceDefinition, search: Search, tools: Pick<Tools, 'warn'>): VendorSearch {
  const used = usedPlaceholders(definition);
  const { parameters, comparisons, wanted } = sortedOut(definition, search.query);
  if (search.rawQuery !== undefined && !used.has('rawQuery')) {
    throw unusable(`--raw-query: ${definition.name} has no query language; use --query`);
  }
  const categories = categoriesOf(definition, search.categories, used);
  const path = definition.categories?.path;
  if (path !== undefined && categories.length > 0)
    wanted.push({ flag: '--categories', field: path, paths: [parsePath(path)], values: categories.map(String) });
  const limit = limitOf(definition, search.limit, used, tools);
  if (search.limit !== undefined && !used.has('limit')) {
    tools.warn(`--limit has no effect: ${definition.name} decides how many records a query gives`);
  }

  return {
    values: {
      query: written(comparisons, definition.query),
      rawQuery: search.rawQuery,
      categories,
      limit,
    },
    limit: used.has('limit') ? limit : definition.limits?.page,
    single: search.single,
    parameters,
    ...matcher(wanted),
  };
}

/** What of `--query` goes to the vendor, as parameters or as comparisons in its language, and what is matched here. */
interface SortedQuery {
  readonly parameters: Readonly<Record<string, string>>;
  readonly comparisons: readonly Comparison[];
  readonly wanted: Wanted[];
}

/** Throws Problem 64 for a parameter or a path that is to have two values. */
function sortedOut(definition: SourceDefinition, pairs: Search['query']): SortedQuery {
  const parameters: Record<string, string> = {};
  const comparisons: Comparison[] = [];
  const only = new Map<string, string>(); // the value of each parameter and path: they have one at most
  const wanted: Wanted[] = [];
  const keys = new Map(Object.entries(definition.query?.keys ?? {})); // an object would also have `constructor`

  for (const [key, value] of pairs) {
    const known = keys.get(key);
    const { parameter, field, path } = known ?? openKey(definition, key, value);
    for (const place of [parameter && `parameter ${parameter}`, path && `path ${path}`]) {
      if (place === undefined) continue;
      if ((only.get(place) ?? value) !== value) throw unusable(`--query: ${key} cannot have two values at once`);
      only.set(place, value);
    }
    if (parameter !== undefined) parameters[parameter] = value;
    if (field !== undefined) comparisons.push({ field, value });
    if (path === undefined) continue;
    wanted.push({
      flag: '--query',
      field: key,
      paths: known === undefined ? readings(path) : [parsePath(path)],
      values: [value],
    });
  }
  return { parameters, comparisons, wanted };
}

/** What a key of `query.keys` says of how it is searched for. */
type QueryKey = NonNullable<SourceDefinition['query']>['keys'][string];

/**
 * A key that the definition does not name: a path in the record, and also a field of the vendor's language where that takes
 * any, and neither key nor value would need quoting there. Throws Problem 64 for what is no path.
 */
function openKey({ query }: SourceDefinition, key: string, value: string): QueryKey {
  const fault = faultOfPath(key);
  if (fault !== undefined) throw unusable(`--query: ${fault}`);
  const isPlain = /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) && !/["\\\p{Cc}]/u.test(value);
  return query?.open === true && isPlain ? { field: key, path: key } : { path: key };
}

/** What the user compares, and the vendor can. */
interface Comparison {
  readonly field: string;
  readonly value: string;
}

/** The comparisons in the vendor's language: a text, or a list of JSON objects. */
function written(
  comparisons: readonly Comparison[],
  { compare = '', and = ' and ', numbers }: Partial<NonNullable<SourceDefinition['query']>> = {},
): string | readonly Json[] {
  if (typeof compare !== 'string') return comparisons.map(({ field, value }) => fillJson(compare, { field, value }));
  const isBare = (value: string): boolean => numbers === 'bare' && /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(value);
  const spelled = (value: string): string => (isBare(value) ? value : JSON.stringify(value));
  return comparisons.map(({ field, value }) => fill(compare, { field, value: spelled(value) })).join(and);
}

function categoriesOf(definition: SourceDefinition, named: readonly string[], used: ReadonlySet<string>): Json[] {
  const { categories } = definition;
  const asked = named.length > 0 ? named : (categories?.default ?? []);
  if (asked.length === 0) return [];
  if (categories === undefined || (categories.path === undefined && !used.has('categories'))) {
    throw unusable(`--categories: ${definition.name} has none`);
  }
  const { values } = categories;
  if (values === undefined) return [...asked];
  const found = asked.map((name) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value !== undefined) return value;
    const names = Object.keys(values);
    throw new Problem(
      exit.usage,
      `--categories: ${definition.name} has no ${JSON.stringify(name)}${didYouMean(name, names)}`,
      { hint: `choose from ${names.join(', ')}` },
    );
  });
  return [...new Set(found)]; // several names may mean the same
}

/**
 * Records to ask for. Where a short page is the last one, a vendor that gives fewer than are asked for would seem to be
 * at its end: there, nothing beyond `limits.page` is asked for that the definition does not say to be given.
 */
function limitOf(
  { name, limits = {}, paging, items }: SourceDefinition,
  asked: number | undefined,
  used: ReadonlySet<string>,
  tools: Pick<Tools, 'warn'>,
): number | undefined {
  const { page } = limits;
  const isBound = [paging, items?.paging].some((pages) => stopsAt(pages, 'short-page')) && used.has('limit');
  const most = limits.most ?? (isBound ? page : undefined);
  if (asked === undefined || most === undefined || asked <= most) return asked ?? page;
  const known =
    limits.most === undefined ? 'is known to give at once (limits.most in its definition)' : 'gives at once';
  tools.warn(`--limit ${asked} is more than ${name} ${known}; ${most} is used`);
  return most;
}

function unusable(message: string): Problem {
  const hint = ofSource(
    (name) => `audit-export sources ${name} shows what can be searched`,
    'any path in a record can be searched, as in --query actor.id=7',
  );
  return new Problem(exit.usage, message, { hint });
}
