/**
 * A record that is new because its content is (`--dedupe`). Its key then names ID and content, for the ledger and for the
 * destination: Elasticsearch would take a changed record under the old `_id` for a repeat, and drop it.
 */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { AuditRecord } from '../types.ts';
import { contentOf } from './volatile.ts';

/** Whether the record's key names its content: another content would have another key. */
export function namesContent({ key, keyStart, keyEnd }: AuditRecord): boolean {
  return /^sha256:|,"sha256:[0-9a-f]{64}"\]$/.test(key.toString('utf8', keyStart, keyEnd));
}

/** The record with the key `["id","sha256:..."]`; one that is known by its content already stays as it is. */
export function withContentKey(record: AuditRecord): AuditRecord {
  const id = record.key.toString('utf8', record.keyStart, record.keyEnd);
  if (id.startsWith('sha256:')) return record;
  const { bytes, start, end } = contentOf(record);
  const text = bytes.subarray(start, end);
  const key = Buffer.from(`[${id},"sha256:${createHash('sha256').update(text).digest('hex')}"]`);
  return { ...record, key, keyStart: 0, keyEnd: key.length };
}
