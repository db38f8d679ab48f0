/**
 * The cursor that a vendor gives us to ask for the next page, and the text that stands for it in a position. It is a text,
 * an integer with all its digits, or a list of both, such as the sort values of Elasticsearch's `search_after`.
 */
import { inDefinition, ofPosition } from '../hint.ts';
import type { PagingDefinition } from '../definition.ts';
import { stopsAt } from '../definition/paging-rules.ts';
import { lexemeAt, lexemesAt } from '../json/json.ts';
import { parsePath } from '../json/path.ts';
import type { PageEnd } from '../paging.ts';
import { exit, Problem } from '../problem.ts';
import { parseJson } from '../json/parsed.ts';
import { tokenOf } from '../json/value-at.ts';
import { jsonText } from '../definition/template.ts';

export type Cursor = string | bigint | readonly (string | bigint)[];

/** The most characters that a cursor or an address may have; vendors need a few hundred. */
const longest = 64 * 1024;

type CursorPaging = Extract<PagingDefinition, { type: 'cursor' }>;

/**
 * The cursor after a page; undefined when that was the last. Throws Problem 76 when a header that should hold JSON holds
 * something else.
 */
export function nextCursor(
  { path, last, header = '', json }: CursorPaging,
  end: PageEnd,
  source: string,
): Cursor | undefined {
  if (last !== undefined) return cursorOf(end.last);
  if (path !== undefined) return cursorOf(lexemeAt(end.envelope, parsePath(path)));
  const text = end.headers[header.toLowerCase()]?.trim() ?? '';
  if (json !== true || text === '') return text === '' ? undefined : text;
  if (parseJson(text) === undefined) {
    throw new Problem(exit.protocol, `${source}: the header ${header} holds no JSON`, {
      hint: inDefinition((there) => `leave out paging.json ${there} if its value is to be sent back as it is`),
    });
  }
  return cursorOf(text);
}

/**
 * Throws Problem 76 for a page whose last record does not name the next page, although there must be one. A short page
 * without a readable record counts as the last: there is nothing else to go by.
 */
export function refuseNameless(paging: PagingDefinition, end: PageEnd, source: string): void {
  if (paging.type !== 'cursor' || paging.last === undefined) return;
  const { count, limit, total, fingerprint } = end;
  if (count === 0 || stopsAt(paging, 'missing') || (total !== undefined && count >= total)) return;
  const isFull = limit !== undefined && count >= limit;
  if (!isFull && (fingerprint === undefined || stopsAt(paging, 'short-page'))) return;
  const message = `${source}: the last record of a page has nothing at ${paging.last}, by which the next page is asked for`;
  throw new Problem(exit.protocol, message, {
    hint: [
      ofPosition('the position stays'),
      "check the vendor's API version, and paging.last if the definition is yours",
    ],
  });
}

/** Throws Problem 76 for a cursor or address that is too long to be sent with each request, and saved in the position. */
export function refuseLong(name: string, source: string): void {
  if (name.length <= longest) return;
  throw new Problem(exit.protocol, `${source} names its next page with more than ${longest} characters`, {
    hint: [ofPosition('nothing was skipped and the position stays'), 'report it to the vendor if it happens again'],
  });
}

/** The cursor as a text, another one for every other cursor; `cursorFrom` turns it back. */
export function cursorText(cursor: Cursor): string {
  // A text stands for itself, without quotes, unless it would be read as something else.
  return typeof cursor === 'string' && cursorFrom(cursor) === cursor ? cursor : jsonText(cursor);
}

/** The cursor behind a text of `cursorText`; any other text is a cursor by itself. */
export function cursorFrom(text: string): Cursor {
  const isJson = /^["[\d-]/.test(text) && parseJson(text) !== undefined;
  return (isJson ? cursorOf(text) : undefined) ?? text;
}

/** The cursor in a JSON value, given as its text. Objects, and lists of anything but texts and integers, stay that text. */
function cursorOf(lexeme: string | undefined): Cursor | undefined {
  const elements = lexeme === undefined ? undefined : lexemesAt(lexeme, []);
  if (elements === undefined) return tokenOf(lexeme);
  if (elements.length === 0) return undefined;
  if (!elements.every((each) => /^(?:"|-?\d+$)/.test(each))) return lexeme;
  return elements.map((each) => tokenOf(each) ?? ''); // an empty text is no cursor, but may be a part of one
}
