/** What stands at a path of a JSON document: of one that was parsed, or of its text, where integers keep all their digits. */
import { lexemeAt } from './json.ts';
import { parsePath } from './path.ts';

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
  // No number is longer, and a million digits would keep a processor busy for a second.
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
