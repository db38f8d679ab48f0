/** Records to batches: encodes each record once, into one buffer, within a sink's count and byte limits. */
import { Buffer } from 'node:buffer';
import { byteBuffer } from './bytes.ts';
import { recordList, type RecordList } from './batch/record-list.ts';
import type { AuditRecord, Batch, EncodedRecord, Sink } from './types.ts';

/** A batch, and the ledger entry number of each of its records. */
export interface Packed {
  readonly batch: Batch;
  readonly entries: readonly number[];
}

export interface Packer {
  /**
   * Adds a record in the sink's wire form. `full`: it was not added, `take` the batch and add it again. `tooLarge`: it
   * was not added: it alone exceeds the limit for a record.
   */
  add(record: AuditRecord, entry: number): 'added' | 'full' | 'tooLarge';
  /** The batch so far, handed over; undefined when it is empty. */
  take(): Packed | undefined;
  /** Takes back a batch that is done with, so that its buffers are used again. */
  giveBack(packed: Packed): void;
}

/** Room for the record that makes a batch overflow, so that the buffer need not grow, and be copied, to find that out. */
const slack = 64 * 1024;

/** Packs records of a branch for one sink. The limits are read at every record: a sink may lower them as it learns. */
export function packer(sink: Pick<Sink, 'encode' | 'limits'>, branch: string): Packer {
  const buffer = byteBuffer(sink.limits().bytes + slack);
  const spare: RecordList[] = [];
  const lists = new WeakMap<Packed, RecordList>();
  let records = recordList();
  let entries: number[] = [];
  let ends: number[] = [];

  return {
    add(record, entry) {
      const limits = sink.limits();
      if (entries.length >= limits.records) return 'full';
      if (entries.length > 0 && buffer.length() + record.end - record.start > limits.bytes) return 'full';
      const start = buffer.length();
      sink.encode(record, buffer, branch);
      const size = buffer.length() - start;
      if (size > limits.record) {
        buffer.truncate(start);
        return 'tooLarge';
      }
      // A record above the limit of a batch, but not above its own, travels alone.
      if (buffer.length() > limits.bytes && entries.length > 0) {
        buffer.truncate(start);
        return 'full';
      }
      records.add(record);
      entries.push(entry);
      ends.push(buffer.length());
      return 'added';
    },
    take() {
      if (entries.length === 0) return undefined;
      const packed = { batch: batchOf(branch, entries.length, records.at, buffer.take(), ends), entries };
      lists.set(packed, records);
      records = spare.pop() ?? recordList();
      entries = [];
      ends = [];
      return packed;
    },
    giveBack(packed) {
      buffer.giveBack(packed.batch.body);
      const list = lists.get(packed);
      if (list === undefined) return;
      list.clear();
      lists.delete(packed);
      spare.push(list);
    },
  };
}

/** A batch whose records are made into objects when somebody asks for them. */
function batchOf(
  branch: string,
  count: number,
  at: (index: number) => EncodedRecord,
  body: Buffer,
  ends: readonly number[],
): Batch {
  let made: readonly EncodedRecord[] | undefined;
  return {
    branch,
    count,
    body,
    ends,
    get records() {
      return (made ??= Array.from({ length: count }, (_, index) => at(index)));
    },
  };
}

/** The outcomes of a batch that was taken as a whole. */
export function allKept({ count }: Pick<Batch, 'count'>): 'kept'[] {
  return Array<'kept'>(count).fill('kept');
}

/** Some records of a batch, by ascending index, without encoding them again; neighbours share the original's bytes. */
export function part(packed: Packed, indices: readonly number[]): Packed {
  const { batch, entries } = packed;
  if (indices.length === batch.count) return packed;
  const some: number[] = [];
  const spans: Buffer[] = [];
  const ends: number[] = [];
  let length = 0;
  for (const index of indices) {
    const entry = entries[index];
    const end = batch.ends[index];
    if (entry === undefined || end === undefined) throw new RangeError(`no record ${index}`);
    const span = batch.body.subarray(batch.ends[index - 1] ?? 0, end);
    some.push(entry);
    spans.push(span);
    length += span.length;
    ends.push(length);
  }
  const body = joined(batch, indices, spans, length);
  return {
    batch: batchOf(batch.branch, some.length, (at) => batch.records[indices[at] ?? -1]!, body, ends),
    entries: some,
  };
}

/** The spans as one buffer: a view where they are neighbours, a copy where they are not. */
function joined(batch: Batch, indices: readonly number[], spans: readonly Buffer[], length: number): Buffer {
  const first = indices[0];
  const last = indices.at(-1);
  if (first === undefined || last === undefined || last - first + 1 !== indices.length) {
    return Buffer.concat(spans, length);
  }
  const start = batch.ends[first - 1] ?? 0;
  return batch.body.subarray(start, start + length);
}
