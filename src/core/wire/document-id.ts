/** One ID for each thing that was recorded, by which a destination can tell a repeat from what only looks like one. */
import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import { withoutContent } from '../content/content-key.ts';
import { idText, isByContent, shownId } from '../content/record-id.ts';
import type { AuditRecord } from '../types.ts';

/** Elasticsearch refuses longer ones, and the whole request with them. */
export const longestId = 512;

/**
 * `<ID space>:<mark of the content>:<id>`: an ID that is used again, and a record that was edited after its delivery, are
 * no repeats, and "exists already" (409) then proves that a record is there. Without the mark where IDs are trusted, or
 * hash the content themselves. Hashed when too long; a text that looks like a hash is hashed too, so that it cannot meet
 * one.
 */
export function documentId(idSpace: string, record: AuditRecord, trustsIds = false): string {
  const isMarked = !trustsIds && !isByContent(record);
  const { key, keyStart, keyEnd } = isMarked ? withoutContent(record) : record;
  const text = isMarked
    ? `${markOf(record.fingerprint)}:${shownId(key, keyStart, keyEnd)}`
    : idText(key, keyStart, keyEnd);
  const id = `${idSpace}:${text}`;
  return Buffer.byteLength(id) <= longestId && !id.startsWith('sha256:') ? id : `sha256:${hash('sha256', id)}`;
}

/** The content of a record, in eight hexadecimal digits. */
export function markOf(fingerprint: number): string {
  return fingerprint.toString(16).padStart(8, '0');
}
