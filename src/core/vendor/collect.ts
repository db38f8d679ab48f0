/** The records of one reply, as they are split off: identified, dated, and held back when nobody asked for them. */
import type { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import { spellingOf } from '../clock/spelling.ts';
import { fingerprint } from '../content/fingerprint.ts';
import { contentLength, contentOf, volatileSpans } from '../content/volatile.ts';
import type { SourceDefinition } from '../definition.ts';
import type { Identifier } from '../identity.ts';
import { parsePath } from '../json/path.ts';
import { splitter, type Splitter } from '../split.ts';
import type { AuditRecord, Page, RefusedRecord } from '../types.ts';
import { columnsOf, identityRule, type Fields } from './record-fields.ts';
import { refusedKeys } from './refused-key.ts';
import { endIds, type EndIds } from '../paging/end-ids.ts';
import type { RowAgain } from '../paging/row-again.ts';
import type { VendorSearch } from './search.ts';

/** A record that is larger goes to the quarantine. */
const defaultRecordBytes = 16 * 1024 * 1024;
/** How many records, or bytes of them, are handed on together. */
const partSize = 256;
const partBytes = 1024 * 1024;
const none: readonly number[] = [];

export interface Collector {
  /** A reply begins; what the last one left is forgotten. */
  begin(identify: Identifier): void;
  /** As of the splitter, for the body of the reply. */
  readonly push: Splitter['push'];
  readonly end: Splitter['end'];
  readonly containerSeen: Splitter['containerSeen'];
  /** Records of the reply so far, refused ones included. */
  readonly count: Splitter['found'];
  /** Records since the last `take`, wanted or not. */
  size(): number;
  /** Whether there is enough to be worth a step of the pipeline. */
  full(): boolean;
  /** The records since the last call, handed over. */
  take(): Page;
  /** What the first and the last record have at `paging.last`. */
  first(): string | undefined;
  last(): string | undefined;
  /** The last record itself, wanted or not. */
  lastText(): string | undefined;
  /** The same for two replies only when their records are the same, but for what is volatile; undefined without records. */
  fingerprint(): string | undefined;
  readonly ids: EndIds['told'];
}

/** Collects the records of one reply after another. `rows` knows those that were read before, and are left out. */
export function collector(
  definition: SourceDefinition,
  search: VendorSearch,
  fields: Fields,
  rows?: RowAgain,
): Collector {
  const { records: rules, limits } = definition;
  const read = { time: Number.NaN, nanos: 0 };
  const readTime = rules.time === undefined ? undefined : spellingOf(rules.time).read;
  const withKey = refusedKeys(identityRule(definition).without);
  const ids = endIds();
  let identity: Identifier | undefined;
  let records: AuditRecord[] = [];
  let refused: RefusedRecord[] = [];
  let unmatched = 0;
  let size = 0;
  let held = 0;
  let bytes = 0;
  // Offsets, not Buffers: a Buffer for each record would cost more than splitting does.
  let firstSum = 0;
  let last: Buffer | undefined;
  let lastStart = 0;
  let lastEnd = 0;
  let lastVolatile: readonly number[] = none;
  let fieldStart = -1;
  let fieldEnd = -1;
  let firstField: string | undefined;

  const split = splitter({
    records: rules.format === 'lines' || rules.format === 'csv' ? rules.format : parsePath(rules.path ?? ''),
    columns: columnsOf(definition),
    container: rules.container ?? 'array',
    fields: fields.paths,
    maxRecordBytes: limits?.record ?? defaultRecordBytes,
    record(buffer, start, end, spans) {
      const { volatile: first, volatileCount } = fields;
      const volatile = volatileCount === 0 ? none : volatileSpans(buffer, spans, first, volatileCount);
      noteRow(buffer, start, end, spans, volatile);
      // Every record gets a key, wanted or not: twins are numbered by their place among all records.
      const identified = begun().key(buffer, start, end, spans);
      ids.note(identified);
      if (rows?.isReread(identified, begun()) === true) return;
      const { key, keyStart, keyEnd } = identified;
      if (!search.wants(buffer, spans, fields.wanted)) {
        unmatched++;
        return;
      }
      noteTime(buffer, spans);
      const { time, nanos } = read;
      // Two literals rather than an optional member, so that all records of a run have one hidden class.
      if (volatileCount === 0) {
        const mark = fingerprint(buffer, start, end);
        records.push({ bytes: buffer, start, end, key, keyStart, keyEnd, time, nanos, fingerprint: mark });
      } else {
        const content = contentOf({ bytes: buffer, start, end, volatile });
        const mark = fingerprint(content.bytes, content.start, content.end);
        records.push({ bytes: buffer, start, end, key, keyStart, keyEnd, time, nanos, fingerprint: mark, volatile });
      }
    },
    refused(record) {
      size++;
      held += record.text.length;
      rows?.skip();
      refused.push(withKey(record, begun()));
    },
  });

  /** Counts a record, wanted or not, and remembers where it is: it may be the last of the page. */
  function noteRow(buffer: Buffer, start: number, end: number, spans: Int32Array, volatile: readonly number[]): void {
    size++;
    held += end - start;
    bytes += volatile.length === 0 ? end - start : contentLength({ start, end, volatile });
    const isFirst = last === undefined;
    last = buffer;
    lastStart = start;
    lastEnd = end;
    lastVolatile = volatile;
    if (isFirst) firstSum = lastSum();
    if (fields.last === -1) return;
    fieldStart = spans[2 * fields.last] ?? -1;
    fieldEnd = spans[2 * fields.last + 1] ?? -1;
    if (isFirst) firstField = lastField();
  }

  /** Reads the time of a record into `read`; NaN when it has none. */
  function noteTime(buffer: Buffer, spans: Int32Array): void {
    read.time = Number.NaN;
    read.nanos = 0;
    const at = fields.time === -1 ? -1 : (spans[2 * fields.time] ?? -1);
    if (at >= 0 && readTime !== undefined) readTime(buffer, at, spans[2 * fields.time + 1] ?? at, read);
    if (read.time === 0) read.time = Number.NaN; // 1970: what programs write for an unknown time
  }

  function begun(): Identifier {
    if (identity === undefined) throw new Error('records before the beginning of a reply');
    return identity;
  }

  /** A checksum of what does not change each time that the record is shown. */
  function lastSum(): number {
    if (last === undefined) return 0;
    const content = contentOf({ bytes: last, start: lastStart, end: lastEnd, volatile: lastVolatile });
    return crc32(content.bytes.subarray(content.start, content.end));
  }

  function lastField(): string | undefined {
    return fieldStart < 0 ? undefined : last?.toString('utf8', fieldStart, fieldEnd);
  }

  return {
    begin(identify) {
      split.begin();
      ids.begin();
      identity = identify;
      records = [];
      refused = [];
      unmatched = size = held = bytes = 0;
      last = undefined;
      fieldStart = -1;
      firstField = undefined;
    },
    push: split.push,
    end: split.end,
    size: () => size,
    full: () => size >= partSize || held >= partBytes,
    count: split.found,
    containerSeen: split.containerSeen,
    ids: ids.told,
    first: () => firstField,
    last: lastField,
    lastText: () => last?.toString('utf8', lastStart, lastEnd),
    take() {
      const part = { records, refused, unmatched };
      records = [];
      refused = [];
      unmatched = 0;
      size = 0;
      held = 0;
      return part;
    },
    fingerprint() {
      if (last === undefined) return undefined;
      return [split.found(), bytes, firstSum, lastSum()].join(' ');
    },
  };
}
