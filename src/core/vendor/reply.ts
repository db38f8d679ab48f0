/**
 * A reply outside its records: whether the vendor calls it a success, and what it says went wrong. "HTTP 200" is not
 * yet success: many vendors tell errors in the body only.
 */
import type { Answers, EnvelopeTest, SourceDefinition } from '../definition.ts';
import { lexemeAt } from '../json/json.ts';
import { isIntricate, kindOf } from '../json/parsed.ts';
import { parsePath } from '../json/path.ts';
import { exit, Problem } from '../problem.ts';
import { serverText } from '../text/shown.ts';

/** The value at a path of a parsed JSON document, or undefined. */
export function valueAt(value: unknown, path: string): unknown {
  let found = value;
  for (const name of parsePath(path)) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Record<string, unknown>)[name];
  }
  return found;
}

/**
 * A cursor or job at a path of a JSON text. Integers keep all their digits (19 do not fit a number). Undefined when it
 * is missing, null, false, or an empty text.
 */
export function tokenAt(text: string, path: string): string | bigint | undefined {
  return tokenOf(lexemeAt(text, parsePath(path)));
}

/** The same for the value's own text. */
export function tokenOf(lexeme: string | undefined): string | bigint | undefined {
  if (lexeme === undefined || ['null', 'false', '""'].includes(lexeme)) return undefined;
  if (lexeme.startsWith('"')) return JSON.parse(lexeme) as string;
  // Nobody counts further, and a million digits keep a processor busy for a second.
  return /^-?\d{1,1000}$/.test(lexeme) ? BigInt(lexeme) : lexeme;
}

/**
 * How many records there are, as the vendor says at a path of a JSON text; undefined when it says no such thing. Some write
 * 2.0 for 2.
 */
export function totalAt(text: string, path: string): number | undefined {
  const said = String(tokenAt(text, path));
  const total = /^\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(said) ? Number(said) : Number.NaN;
  return Number.isInteger(total) ? total : undefined;
}

/** How vendors write a flag. */
const words = new Map<unknown, boolean>([
  ...[true, 'true', 1, '1'].map((word) => [word, true] as const),
  ...[false, 'false', 0, '0', null, ''].map((word) => [word, false] as const),
]);

/**
 * What the flag at a path of a parsed reply says. Throws Problem 76 when it is neither true nor false: taken for either, it
 * would lose records, or never end. `name` is what the definition calls it, `without` where a definition needs none.
 */
export function flagAt(
  reply: unknown,
  path: string,
  { source, name, without }: { readonly source: string; readonly name: string; readonly without: string },
): boolean | 'absent' {
  const value = valueAt(reply, path);
  const flag = value === undefined ? 'absent' : words.get(value);
  if (flag !== undefined) return flag;
  throw new Problem(exit.protocol, `${source}: ${path} (${name}) is ${kindOf(value)}, neither true nor false`, {
    hint: `check ${name} in the definition, and the vendor's API version, or leave it out ${without}`,
  });
}

/** Whether a parsed reply says that a cap left out what follows. */
export function isCapped({ name: source, records: { capped } }: SourceDefinition, reply: unknown): boolean {
  if (capped === undefined) return false;
  return flagAt(reply, capped, { source, name: 'records.capped', without: 'where no cap is told of' }) === true;
}

/** Is the member there, not null, and as it should be? */
export function holds(test: EnvelopeTest, value: unknown): boolean {
  const found = valueAt(value, test.path);
  if (found === undefined && test.optional === true) return true;
  if (test.equals === undefined) return found !== undefined && found !== null;
  return [test.equals].flat().some((accepted) => accepted === found);
}

/** Whether a parsed reply tells of an error, by the rules of the definition. */
export function tellsError(definition: SourceDefinition, value: unknown): boolean {
  const { success, errors = ['error', 'errors'] } = definition.reply ?? {};
  if (success !== undefined && !holds(success, value)) return true;
  return errors.some((path) => says(valueAt(value, path)));
}

/** Whether a parsed reply tells that the session is over. */
export function tellsExpired(definition: SourceDefinition, value: unknown): boolean {
  const expired = definition.reply?.expired;
  return expired !== undefined && holds(expired, value);
}

/** Whether a parsed reply tells that the cursor is no longer valid, or the item gone, besides by its HTTP status. */
export function tellsInvalid({ paging, items }: SourceDefinition, value: unknown): boolean {
  const invalid = 'invalid' in paging ? (paging.invalid ?? []) : [];
  return isAmong([...invalid, ...(items?.gone ?? [])], undefined, value);
}

/** Whether a reply, by its HTTP status or its body, is one of these. */
export function isAmong(answers: Answers, status: number | undefined, value: unknown): boolean {
  return answers.some((each) => (typeof each === 'number' ? each === status : holds(each, value)));
}

/** The HTTP statuses among them. */
export function statusesOf(answers: Answers = []): readonly number[] {
  return answers.filter((each) => typeof each === 'number');
}

/** `: what the vendor said`, made fit for a terminal; or nothing. The reply may be a list of errors. */
export function saying(definition: Pick<SourceDefinition, 'reply'>, value: unknown): string {
  const paths = [...(definition.reply?.messages ?? []), 'message', 'detail', 'error', 'errors', 'error_description'];
  for (const each of Array.isArray(value) ? value : [value]) {
    const found = [...paths.map((path) => textIn(valueAt(each, path))), each === value ? undefined : textIn(each)];
    const text = found.find((words) => words !== undefined);
    if (text !== undefined) return `: ${serverText(text)}`;
  }
  return '';
}

/** The JSON text as a value; undefined when it is none, and when it has too many values to be a reply. */
export function parseJson(text: string): unknown {
  if (isIntricate(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** False, 0, empty texts, lists and objects say that there is no error. */
function says(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** The first text in a message, a list of messages, or an error object; not deeper than anybody writes one. */
function textIn(value: unknown, levels = 10): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (typeof value !== 'object' || value === null || levels === 0) return undefined;
  const { message, msg, detail, title, description, reason, code } = value as Record<string, unknown>;
  const said = [message, msg, detail, title, description, reason, code];
  const parts: readonly unknown[] = Array.isArray(value) ? value : said;
  return parts.map((part) => textIn(part, levels - 1)).find((text) => text !== undefined);
}
