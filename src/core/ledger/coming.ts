/**
 * Records that are about to be looked for, a part of a page at a time. Where a key is in the table of a million, no cache knows:
 * looked for one after another, each is waited for; all at once, the memory brings several at a time.
 */
import type { AuditRecord } from '../types.ts';
import type { KeyTable } from './key-table.ts';
import type { StoredKey } from './ledger-key.ts';

type Keyed = Pick<AuditRecord, 'key' | 'keyStart' | 'keyEnd'>;

export interface Coming {
  /** These come next, in this order; some of them may be left out. */
  expect(records: readonly Keyed[]): void;
  /** The hash of the key, if that of a record that is expected, else 0; records before that one are expected no more. */
  hashOf(key: Keyed['key'], start: number, end: number): number;
}

export function coming(
  { hashOf, touch }: Pick<KeyTable, 'hashOf' | 'touch'>,
  packed: (key: Keyed['key'], start: number, end: number) => StoredKey,
): Coming {
  let records: readonly Keyed[] = [];
  let hashes = new Int32Array(256);
  let next = 0;

  return {
    expect(expected) {
      records = expected;
      next = 0;
      if (hashes.length < expected.length) hashes = new Int32Array(2 * expected.length);
      for (let index = 0; index < expected.length; index += 1) {
        const { key, keyStart, keyEnd } = expected[index]!;
        hashes[index] = hashOf(packed(key, keyStart, keyEnd));
      }
      touch(hashes, expected.length);
    },
    hashOf(key, start, end) {
      while (next < records.length) {
        const record = records[next]!;
        next += 1;
        if (record.key === key && record.keyStart === start && record.keyEnd === end) return hashes[next - 1]!;
      }
      return 0;
    },
  };
}
