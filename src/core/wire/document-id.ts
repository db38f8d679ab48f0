/** The ID of a record at its destination, by which a repeat can be told from a record that only looks like one. */
import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import { withoutContent } from '../content/content-key.ts';
import { idText, isByContent, shownId } from '../content/record-id.ts';
import type { AuditRecord, ByteWriter } from '../types.ts';

/** Elasticsearch refuses longer ones, and the whole request with them. */
export const longestId = 512;

/**
 * `<ID space>:<mark of the content>:<id>`. With the mark, a reused ID or a record that was edited after its delivery is no
 * repeat, so that "exists already" (409) proves that this very record is there. There is no mark where IDs are trusted, or
 * are a hash of the content themselves. An ID that is too long is hashed, and so is a text that looks like a hash: the two
 * cannot be mixed up.
 */
export function documentId(idSpace: string, record: AuditRecord, trustsIds: boolean): string {
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

/** The same, appended: without a string for each record. */
export function appendMark(fingerprint: number, out: ByteWriter): void {
  for (let shift = 28; shift >= 0; shift -= 4) out.byte('0123456789abcdef'.charCodeAt((fingerprint >>> shift) & 15));
}
