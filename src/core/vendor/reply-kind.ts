/** What kind of reply this is: by its status and headers, before its body is read, and by what its records are in. */
import type { SourceDefinition } from '../definition.ts';
import { pagingRules } from '../definition/paging-rules.ts';
import { isObject } from '../json/parsed.ts';
import { parsePath } from '../json/path.ts';
import type { HttpReply } from '../tools.ts';
import { valueAt } from '../json/value-at.ts';
import type { VendorReply } from './vendor-client.ts';

/** Whether the status comes with what was asked for: 204 and 206 are successful, and do not. */
export function bringsContent(status: number): boolean {
  return status === 200 || status === 201 || status === 202;
}

/** Whether the status says that there are no records, or no more of them: it then needs no body. */
export function tellsNothing(
  { reply }: SourceDefinition,
  { status, ended = false }: Pick<VendorReply, 'status' | 'ended'>,
): boolean {
  return ended || reply?.empty?.includes(status) === true;
}

/** Whether it says that it is HTML: a page for people. */
export function isHtml({ headers }: HttpReply): boolean {
  return /\bhtml\b/i.test(headers['content-type'] ?? '');
}

/** Whether it says that it is plain text. */
export function isPlainText({ headers }: HttpReply): boolean {
  return /^text\/plain\b/i.test(headers['content-type'] ?? '');
}

/** The encoding that a reply says it has, unless that is UTF-8. */
export function foreignCharset({ headers }: HttpReply): string | undefined {
  const charset = /;\s*charset\s*=\s*"?([\w.:-]+)/i.exec(headers['content-type'] ?? '')?.[1];
  return charset === undefined || /^(?:utf-?8|us-ascii)$/i.test(charset) ? undefined : charset;
}

/** Neither a length nor chunks (RFC 9112 section 6.3). Compression proves nothing: gzip may be cut between two members. */
export function endsWithConnection(headers: Readonly<Record<string, string>>): boolean {
  return headers['content-length'] === undefined && headers['transfer-encoding'] === undefined;
}

/** Whether a reply is one JSON document, whose end can be seen. */
export function isDocument({ records: { format } }: SourceDefinition): boolean {
  return format === undefined || format === 'json';
}

/** Whether a reply without its records means that there are none. `value`: what surrounds them, parsed. */
export function mayBeMissing(definition: SourceDefinition, value: unknown): boolean {
  const { format, missing, path = '' } = definition.records;
  if (format === 'lines') return true;
  const found = valueAt(value, path);
  if (missing === 'null') return found === null;
  const { path: next, pages, more } = pagingRules(definition.paging);
  const places = [path, next, pages, more].flatMap((each) => (each === undefined ? [] : [parsePath(each)]));
  if (missing === 'bare' && !isBare(value, places)) return false;
  return (missing === 'empty' || missing === 'bare') && isNothing(endOfWay(value, path));
}

/** The value at the path, or where the path ends early because there is no object: records of another shape, or an error. */
function endOfWay(value: unknown, path: string): unknown {
  let found = value;
  for (const name of parsePath(path)) {
    if (!isObject(found)) return found;
    found = Object.hasOwn(found, name) ? found[name] : undefined;
  }
  return found;
}

/** Whether a value has only members that lead to one of these places: any other could be the records. */
function isBare(value: unknown, places: readonly (readonly string[])[]): boolean {
  if (value === null || places.some((place) => place.length === 0)) return true;
  const inside = (name: string) => places.flatMap(([first, ...rest]) => (first === name ? [rest] : []));
  return isObject(value) && Object.entries(value).every(([name, each]) => isMember(each, inside(name)));
}

function isMember(value: unknown, places: readonly (readonly string[])[]): boolean {
  return places.length > 0 && isBare(value, places);
}

/** Missing, null, or an empty list or object: anything else could be records of another shape. */
function isNothing(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}
