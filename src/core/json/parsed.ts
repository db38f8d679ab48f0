/** Parses JSON texts, unless they have more values than anybody writes; and what values are called in messages. */
import { ascii } from './json.ts';

/** More than any reply has that is of use. */
const mostValues = 500_000;

/**
 * Whether a JSON text has so many values that parsing it would take a hundred times its length in memory, as nested lists
 * do. Counts brackets and commas outside strings, which may quote a record.
 */
export function isIntricate(text: string, most = mostValues): boolean {
  if (text.length <= most) return false;
  let count = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === ascii.quote) quoted = !quoted;
    else if (quoted) at += code === ascii.backslash ? 1 : 0;
    else if (code === ascii.comma || code === ascii.openBrace || code === ascii.openBracket) count++;
  }
  return count > most;
}

/** The value of a JSON text; undefined when it is none, and when it has more than `most` values. */
export function parseJson(text: string, most?: number): unknown {
  if (isIntricate(text, most)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // the error of JSON.parse quotes the text
  }
}

/**
 * The value of a JSON text that must be an object; undefined for everything else: HTML, nothing, half an object, and more
 * than `most` values.
 */
export function objectOf(text: string, most?: number): Readonly<Record<string, unknown>> | undefined {
  const value = parseJson(text, most);
  return isObject(value) ? value : undefined;
}

/** The same for a body that may be left out, which stands for an object without members. */
export function objectOrNothing(text: string): Readonly<Record<string, unknown>> | undefined {
  return text.trim() === '' ? {} : objectOf(text);
}

/** Whether it is a JSON object: neither a list nor null. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A string that is not empty. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** What a value is, for messages that must not show it. */
export function kindOf(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? 'a text' : 'a number';
}
