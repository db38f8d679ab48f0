/** What zod found wrong, in one sentence: where in the definition, what was expected, and the nearest spelling. */
import type * as z from 'zod/mini';
import { plainPath } from '../json/path.ts';
import { didYouMean } from '../text/nearest.ts';
import { quoted } from '../text/shown.ts';
import type { Places } from './names.ts';

type Issue = z.core.$ZodIssue;

/** `paging.type: expected one of none, link, cursor; found "curser"`. `known` are all names that a definition can have. */
export function firstIssue(issues: readonly Issue[], value: unknown, known: Places): string {
  // A mistyped name also makes the right one missing: the mistyped one is what the reader can mend.
  const issue = issues.find((each) => each.code === 'unrecognized_keys') ?? issues[0];
  return issue === undefined ? 'not a definition of a source' : describe(meant(issue), value, known);
}

function describe(issue: Issue, value: unknown, known: Places): string {
  const at = issue.path.length === 0 ? 'the definition' : where(issue.path);
  const found = lookUp(value, issue.path);
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    return `${where([...issue.path, key])} means nothing here${elsewhere(key, at, known) ?? didYouMean(key, known.keys())}`;
  }
  const expected = expectation(issue, at);
  if (found === undefined) return `${at} is missing: expected ${expected.text}`;
  return `${at}: expected ${expected.text}, found ${quoted(found)}${advice(expected, found)}`;
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

/** Parts that are taken for something simpler. */
const forms: Readonly<Record<string, string>> = {
  auth: '{ type: headers, headers: { … } }',
  items: '{ address: uri }',
  'items.paging': '{ type: none }',
  'items.request': '{ path: /parts/{item} }',
  paging: '{ type: none }',
  'branches.fetch.paging': '{ type: none }',
  request: '{ path: /audit }',
  window: '{ filter: event, time: iso }',
  'records.id': '{ paths: [id] }',
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

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Of a union's members, each of which failed, what was wrong with the one that was meant: that went in furthest. */
function meant(issue: Issue): Issue {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return issue;
  const strangeness = Math.min(...issue.errors.map(strange));
  const members = issue.errors.filter((member) => strange(member) === strangeness);
  const candidates = members.flat().map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }) as Issue);
  const furthest = candidates.reduce((best, each) => (progress(each) > progress(best) ? each : best));
  return meant(furthest);
}

/** How little a value is like a member of a union: names that are not known there, or another type altogether. */
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
