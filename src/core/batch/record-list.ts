/**
 * A list of records without an object for each. Thousands of them wait for their batch to be delivered: as objects, they would
 * survive V8's young generation, and make it grow to its limit.
 */
import { Buffer } from 'node:buffer';
import type { AuditRecord, EncodedRecord } from '../types.ts';

export interface RecordList {
  add(record: AuditRecord): void;
  /** The record of that index, as a new object. */
  at(index: number): EncodedRecord;
  /** Forgets all of them; the room stays. */
  clear(): void;
}

/** start, end, keyStart, keyEnd, time, nanos */
const width = 6;

/** An empty list, which grows by doubling. */
export function recordList(): RecordList {
  const buffers: Buffer[] = [];
  const keys: Buffer[] = [];
  let numbers = new Float64Array(256 * width);

  return {
    add(record) {
      const at = buffers.length * width;
      if (at === numbers.length) {
        const larger = new Float64Array(2 * at);
        larger.set(numbers);
        numbers = larger;
      }
      buffers.push(record.bytes);
      keys.push(record.key);
      numbers[at] = record.start;
      numbers[at + 1] = record.end;
      numbers[at + 2] = record.keyStart;
      numbers[at + 3] = record.keyEnd;
      numbers[at + 4] = record.time;
      numbers[at + 5] = record.nanos;
    },
    at(index) {
      const [bytes, key] = [buffers[index], keys[index]];
      if (bytes === undefined || key === undefined) throw new RangeError(`no record ${index}`);
      const [start = 0, end = 0, keyStart = 0, keyEnd = 0, time = 0, nanos = 0] = numbers.subarray(index * width);
      return { bytes, start, end, key, keyStart, keyEnd, time, nanos };
    },
    clear() {
      buffers.length = 0;
      keys.length = 0;
    },
  };
}
