/**
 * A record that is new because its content is (`--dedupe`): its key names ID and content, for the ledger and for
 * destinations.
 */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { AuditRecord } from '../types.ts';
import { isByContent } from './record-id.ts';
import { contentOf } from './volatile.ts';

type Key = Pick<AuditRecord, 'key' | 'keyStart' | 'keyEnd'>;

/** The record with the key `["id","sha256:..."]`; one that is identified by its content already stays as it is. */
export function withContentKey(record: AuditRecord): AuditRecord {
  if (isByContent(record)) return record;
  const id = record.key.toString('utf8', record.keyStart, record.keyEnd);
  const { bytes, start, end } = contentOf(record);
  const text = bytes.subarray(start, end);
  const key = Buffer.from(`[${id},"sha256:${createHash('sha256').update(text).digest('hex')}"]`);
  return { ...record, key, keyStart: 0, keyEnd: key.length };
}

/** The key that `withContentKey` was given, for what names the content in another way. */
export function withoutContent({ key, keyStart, keyEnd }: Key): Key {
  return /^\[.*,"sha256:[0-9a-f]{64}"\]$/s.test(key.toString('utf8', keyStart, keyEnd))
    ? { key, keyStart: keyStart + 1, keyEnd: keyEnd - ',"sha256:"]'.length - 64 }
    : { key, keyStart, keyEnd };
}
