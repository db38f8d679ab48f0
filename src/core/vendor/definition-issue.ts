/** What zod found wrong, in one sentence: where in the definition, what was expected, and the nearest spelling. */
import type * as z from 'zod/mini';
import { didYouMean } from '../nearest.ts';

type Issue = z.core.$ZodIssue;

/** `paging.type: expected one of none, link, cursor; found "curser"`. `known` are all names that a definition can have. */
export function firstIssue(issues: readonly Issue[], value: unknown, known: Iterable<string>): string {
  // A mistyped name also makes the right one missing: the mistyped one is what the reader can mend.
  const issue = issues.find((each) => each.code === 'unrecognized_keys') ?? issues[0];
  return issue === undefined ? 'not a definition of a source' : describe(meant(issue), value, known);
}

/** All names of members that a schema knows, for suggestions. */
export function namesOf(schema: z.core.$ZodType): Set<string> {
  const found = new Set<string>();
  const visit = (each: z.core.$ZodType): void => {
    const { def } = each._zod as z.core.$ZodTypes['_zod'];
    if (def.type === 'object') {
      for (const [key, member] of Object.entries(def.shape)) {
        found.add(key);
        visit(member);
      }
    } else if (def.type === 'optional') visit(def.innerType);
    else if (def.type === 'union') def.options.forEach(visit);
    else if (def.type === 'array') visit(def.element);
    else if (def.type === 'record') visit(def.valueType);
  };
  visit(schema);
  return found;
}

function describe(issue: Issue, value: unknown, known: Iterable<string>): string {
  const at = issue.path.length === 0 ? 'the definition' : where(issue.path);
  const found = lookUp(value, issue.path);
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    return `${where([...issue.path, key])} means nothing here${didYouMean(key, known)}`;
  }
  const expected = expectation(issue);
  if (found === undefined) return `${at} is missing: expected ${expected.text}`;
  const near = typeof found === 'string' ? didYouMean(found, expected.values) : '';
  return `${at}: expected ${expected.text}, found ${shown(found)}${near}`;
}

function expectation(issue: Issue): { readonly text: string; readonly values: readonly string[] } {
  if (issue.code === 'invalid_type') return { text: issue.expected, values: [] };
  if (issue.code === 'invalid_value') return oneOf(issue.values.map(String));
  if (issue.code === 'invalid_union' && 'options' in issue) return oneOf((issue.options as unknown[]).map(String));
  if (issue.code === 'custom') return { text: issue.message, values: [] };
  if (issue.code === 'invalid_key') return { text: 'a name in capitals such as ACME_URL', values: [] };
  return { text: issue.message === 'Invalid input' ? 'another value' : issue.message, values: [] };
}

function oneOf(values: readonly string[]): { readonly text: string; readonly values: readonly string[] } {
  return { text: (values.length > 1 ? 'one of ' : '') + values.join(', '), values };
}

/** Of a union's members, each of which failed, what was wrong with the one that was meant: that went in furthest. */
function meant(issue: Issue): Issue {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return issue;
  const candidates = issue.errors.flat().map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }) as Issue);
  const furthest = candidates.reduce((best, each) => (progress(each) > progress(best) ? each : best));
  return meant(furthest);
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

/** A value short enough for a message. A definition holds no secrets: those are settings. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
