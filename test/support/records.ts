/** Audit records for the tests of sinks and of the delivery loop. */
import { Buffer } from 'node:buffer';
import { fingerprint } from '../../src/core/content/fingerprint.ts';
import type { AuditRecord, EncodedRecord } from '../../src/core/types.ts';

/** A record with this text; the key is a JSON lexeme, `time` in milliseconds since 1970. */
export function auditRecord(text: string, key = '"id"', time = NaN, nanos = 0): AuditRecord {
  // Records share a buffer with their neighbours: the text is deliberately not at its start.
  const bytes = Buffer.from(`[${text},{}]`);
  const keyBytes = Buffer.from(`<${key}>`);
  return {
    bytes,
    start: 1,
    end: bytes.length - 4,
    key: keyBytes,
    keyStart: 1,
    keyEnd: keyBytes.length - 1,
    time,
    nanos,
    fingerprint: fingerprint(bytes, 1, bytes.length - 4),
  };
}

/** `{"id":"r0","n":0}` and so on, a second apart. */
export function auditRecords(count: number): AuditRecord[] {
  return Array.from({ length: count }, (_, index) =>
    auditRecord(`{"id":"r${index}","n":${index}}`, `"r${index}"`, 1_763_596_800_000 + index * 1000),
  );
}

export function textOf(record: EncodedRecord): string {
  return record.bytes.toString('utf8', record.start, record.end);
}
