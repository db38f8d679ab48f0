/** What zod found wrong, as sentences: where in the definition, what was expected, and the nearest spelling. */
import type * as z from 'zod/mini';
import { isObject, kindOf } from '../json/parsed.ts';
import { plainPath } from '../json/path.ts';
import { didYouMean, nearest } from '../text/nearest.ts';
import { quoted } from '../text/shown.ts';
import type { Places } from './places.ts';

type Issue = z.core.$ZodIssue;

/** Unknown names that what is known is searched for: each takes a tenth of a millisecond. Further ones are only counted. */
const mostNames = 100;

/** `paging.type: expected one of none, link, cursor; found "curser"`. `known` are all names that a definition can have. */
export function faultsOf(issues: readonly Issue[], value: unknown, known: Places): readonly string[] {
  const all = issues.map(meant);
  const texts = new Set<string>();
  const suggested = new Set<string>(); // a mistyped name also makes the right one missing
  for (const issue of all) {
    if (issue.code !== 'unrecognized_keys') continue;
    const near = siblings(issue.path, known);
    for (const [number, key] of issue.keys.entries()) {
      if (number >= mostNames) {
        texts.add(where([...issue.path, key]));
        continue;
      }
      const sibling = closest(key, near);
      if (sibling !== undefined) suggested.add(where([...issue.path, sibling]));
      const at = issue.path.length === 0 ? 'the definition' : where(issue.path);
      const meaning = sibling === undefined ? elsewhere(key, at, known) : ` (Did you mean ${sibling}?)`;
      texts.add(`${where([...issue.path, key])} means nothing here${meaning ?? didYouMean(key, known.keys())}`);
    }
  }
  for (const issue of all) {
    const at = issue.path.length === 0 ? 'the definition' : where(issue.path);
    const found = lookUp(value, issue.path);
    if (issue.code === 'unrecognized_keys' || (found === undefined && suggested.has(at))) continue;
    texts.add(described(issue, at, found));
  }
  return [...texts];
}

function described(issue: Issue, at: string, found: unknown): string {
  const expected = expectation(issue, at);
  if (found === undefined) return `${at} is missing: expected ${expected.text}`;
  if (mayBeSecret(issue)) return `${at}: expected ${expected.text}, found ${kindOf(found)}`;
  return `${at}: expected ${expected.text}, found ${quoted(found)}${advice(expected, found)}`;
}

/** A value of the wrong type in these parts may be a credential, written where its setting belongs. */
function mayBeSecret({ code, path: [part] }: Issue): boolean {
  return code === 'invalid_type' && (part === 'auth' || part === 'settings');
}

/** The names that are known in the same part, whatever its type. */
function siblings(path: readonly PropertyKey[], known: Places): readonly string[] {
  const parts = path.filter((part) => typeof part !== 'number').map(String);
  const named = [...parts.slice(0, -1), 'NAME'].join('.'); // the part of one of the settings, say
  const places = parts.length === 0 ? ['the definition itself'] : [parts.join('.'), named];
  const isHere = (place: string): boolean =>
    places.some((each) => place === each || place.startsWith(`${each} of type `));
  return [...known].flatMap(([name, all]) => ([...all].some(isHere) ? [name] : []));
}

/** The name that is spelled almost like it, or begins like it: paging for `pagination`. */
function closest(key: string, names: readonly string[]): string | undefined {
  if (names.includes(key)) return undefined; // spelled well, and right with another type
  return nearest(key, names) ?? names.find((name) => beginning(key, name) >= Math.max(4, name.length - 1));
}

/** How many letters two names share at their beginning. */
function beginning(one: string, other: string): number {
  let count = 0;
  while (count < one.length && one[count] === other[count]) count += 1;
  return count;
}

interface Expectation {
  readonly text: string;
  readonly values?: readonly string[];
}

function expectation(issue: Issue, at: string): Expectation {
  if (issue.code === 'invalid_type') {
    const form = issue.expected === 'object' ? forms[at] : undefined;
    if (form !== undefined) return { text: `an object such as ${form}` };
    if (issue.message !== unsaid) return { text: issue.message };
    return { text: issue.expected === 'array' ? 'a list' : issue.expected };
  }
  if (issue.code === 'too_small' && issue.origin === 'array') return { text: 'one at least' };
  if (issue.code === 'invalid_value') return oneOf(issue.values.map(String));
  if (issue.code === 'invalid_union' && 'options' in issue) return oneOf((issue.options as unknown[]).map(String));
  if (issue.code === 'invalid_key') return { text: 'a name in capitals such as ACME_URL' };
  return { text: issue.message === unsaid ? 'another value' : issue.message };
}

/** Zod's message where the schema has none. */
const unsaid = 'Invalid input';

/** An example of each part that people write as something simpler. */
const forms: Readonly<Record<string, string>> = {
  auth: '{ type: headers, headers: { … } }',
  items: '{ address: uri }',
  'limits.rate': '{ header: X-RateLimit-Limit, per: 1m }',
  'items.paging': '{ type: none }',
  'items.request': '{ path: /parts/{item} }',
  paging: '{ type: none }',
  'branches.fetch.paging': '{ type: none }',
  request: '{ path: /audit }',
  window: '{ filter: event, time: iso }',
  'records.id': '{ paths: [id] } or { content: true }',
  'records.time': '{ path: at, format: iso }',
};

function oneOf(values: readonly string[]): Expectation {
  return { text: (values.length > 1 ? 'one of ' : '') + values.join(', '), values };
}

/** `: it belongs to paging of type cursor`, for a name that is right somewhere else; best in the same part. */
function elsewhere(key: string, at: string, known: Places): string | undefined {
  const places = [...(known.get(key) ?? [])];
  const part = places.filter((place) => place.startsWith(`${at} of type `));
  const [first, ...others] = part.length > 0 ? part : places;
  if (first === undefined) return undefined;
  if (part.length === 0 && others.length > 1) return ''; // too many to be of help
  const shortened = others.map((place) => (part.length > 0 ? place.replace(`${at} of type `, '') : place));
  return `: it belongs to ${[first, ...shortened].join(' or ')}`;
}

function advice({ text, values = [] }: Expectation, found: unknown): string {
  if (text === 'string' && (typeof found === 'number' || typeof found === 'boolean')) {
    return ` (it needs quotes: ${JSON.stringify(String(found))})`;
  }
  const [placeholder, ...others] = text === 'string' && isObject(found) ? Object.entries(found) : [];
  if (placeholder?.[1] === null && others.length === 0) return ` (it needs quotes: "{${placeholder[0]}}")`;
  if (typeof found !== 'string') return '';
  const path = text.startsWith('a path ') ? plainPath(found) : undefined;
  return path === undefined || path === '' ? didYouMean(found, values) : ` (Did you mean ${path}?)`;
}

/** Where every member of a union has failed: what was wrong with the likeliest one, at its deepest place. */
function meant(issue: Issue): Issue {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return issue;
  const strangeness = Math.min(...issue.errors.map(strange));
  const members = issue.errors.filter((member) => strange(member) === strangeness);
  const candidates = members.flat().map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
  const furthest = candidates.reduce((best, each) => (progress(each) > progress(best) ? each : best));
  return meant(furthest);
}

/** How unlike a member of a union a value is: the names that the member does not know, or Infinity for another type. */
function strange(issues: readonly Issue[]): number {
  if (issues.some(({ path, code }) => path.length === 0 && code !== 'unrecognized_keys')) return Infinity;
  return issues.reduce((count, issue) => count + (issue.code === 'unrecognized_keys' ? issue.keys.length : 0), 0);
}

/** A wrong member inside says more than "not an object"; an unknown name says most. */
function progress(issue: Issue): number {
  return issue.path.length * 2 + (issue.code === 'unrecognized_keys' ? 3 : 0);
}

/** `paging.request.query."page[size]"`. */
function where(path: readonly PropertyKey[]): string {
  return path.map((part) => (/^[\w-]+$/.test(String(part)) ? String(part) : JSON.stringify(String(part)))).join('.');
}

function lookUp(value: unknown, path: readonly PropertyKey[]): unknown {
  let found = value;
  for (const part of path) found = (found as Record<PropertyKey, unknown> | null | undefined)?.[part];
  return found;
}
