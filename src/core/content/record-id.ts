/** What a key says about a record's ID. */
import type { Buffer } from 'node:buffer';
import type { AuditRecord } from '../types.ts';

/**
 * The key as sinks show it: a string without its quotes, anything else as it is. Different keys have different texts:
 * a string that reads like another kind of key keeps its quotes.
 */
export function idText(key: Buffer, start: number, end: number): string {
  const text = key.toString('utf8', start, end);
  if (!text.startsWith('"')) return text;
  const decoded = String(JSON.parse(text));
  return /^(?:["[]|sha256(?:-of-id)?:|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$)|\p{Surrogate}/u.test(decoded)
    ? text
    : decoded;
}

/** The same for people and searches, to whom the text "12345" and the number are one: a string of digits has no quotes. */
export function shownId(key: Buffer, start: number, end: number): string {
  const text = idText(key, start, end);
  return /^"[-+.\deE]*"$/.test(text) ? text.slice(1, -1) : text;
}

/** Whether the record is identified by its content, because it has no ID. */
export function isByContent({ key, keyStart }: Pick<AuditRecord, 'key' | 'keyStart'>): boolean {
  return key[keyStart] === 0x73 && key.toString('latin1', keyStart, keyStart + 7) === 'sha256:';
}
