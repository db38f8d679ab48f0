/** The records of one reply, as they are split off: identified, dated, and held back when nobody asked for them. */
import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import type { SourceDefinition } from '../definition.ts';
import type { Identify, IdentityRule } from '../identity.ts';
import { parsePath } from '../json/path.ts';
import { refusedKeys } from './refused-key.ts';
import type { RowAgain } from './row-again.ts';
import type { SearchPlan } from './search.ts';
import { splitter } from '../split.ts';
import { spellingOf } from '../clock/spelling.ts';
import { fingerprint } from '../content/fingerprint.ts';
import { contentOf, volatileSpans } from '../content/volatile.ts';
import type { AuditRecord, Page, RefusedRecord } from '../types.ts';

/** A record that is larger goes to the quarantine. */
const defaultRecordBytes = 16 * 1024 * 1024;
/** Records, and bytes of them, that are handed on together. */
const partSize = 256;
const partBytes = 1024 * 1024;

/** How the records of a definition are identified. */
export function identityRule({ records: { id, volatile = [] } }: SourceDefinition): Required<IdentityRule> {
  const { paths, first, without } = { paths: [], first: false, without: [], ...id };
  return { paths: paths.map(parsePath), first, without: [...volatile, ...without].map(parsePath) };
}

/** The paths that are looked up in every record, by what they are for. */
export interface Fields {
  readonly paths: readonly (readonly string[])[];
  readonly time: number;
  readonly last: number;
  readonly volatile: number;
  readonly volatileCount: number;
  readonly wanted: number;
}

export function fieldsOf(definition: SourceDefinition, plan: SearchPlan): Fields {
  const { paging, records } = definition;
  const { paths: identity, without } = identityRule(definition); // first: identity.key reads its spans from 0 on
  const time = records.time === undefined ? [] : [parsePath(records.time.path)];
  const last = paging.type === 'cursor' && paging.last !== undefined ? [parsePath(paging.last)] : [];
  return {
    paths: [...identity, ...time, ...last, ...without, ...plan.paths],
    time: time.length === 0 ? -1 : identity.length,
    last: last.length === 0 ? -1 : identity.length + time.length,
    volatile: identity.length + time.length + last.length,
    volatileCount: without.length,
    wanted: identity.length + time.length + last.length + without.length,
  };
}

/** Members that every record should have; of several that may be the ID, one is enough. */
function columnsOf(definition: SourceDefinition): readonly string[] {
  const { time } = definition.records;
  const { paths: ids, first } = identityRule(definition);
  const paths = [...(first ? [] : ids), ...(time === undefined ? [] : [parsePath(time.path)])];
  return paths.flatMap((path) => path.slice(0, 1));
}

/** Collects the records of a reply after the other; `begin` starts on one. `again`: a row that is to be left out. */
export function collector(definition: SourceDefinition, plan: SearchPlan, fields: Fields, again?: RowAgain) {
  const { records: rules, limits } = definition;
  const read = { time: Number.NaN, nanos: 0 };
  const readTime = rules.time === undefined ? undefined : spellingOf(rules.time).read;
  const withKey = refusedKeys(identityRule(definition).without);
  let identity: Identify | undefined;
  let records: AuditRecord[] = [];
  let refused: RefusedRecord[] = [];
  let unmatched = 0;
  let size = 0;
  let held = 0;
  let bytes = 0;
  // Numbers, not Buffers: one of those for each record would cost more than splitting does.
  let firstSum = 0;
  let last: Buffer | undefined;
  let lastStart = 0;
  let lastEnd = 0;
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
      size++;
      held += end - start;
      bytes += end - start;
      const isFirst = last === undefined;
      if (isFirst) firstSum = crc32(buffer.subarray(start, end));
      last = buffer;
      lastStart = start;
      lastEnd = end;
      if (fields.last !== -1) {
        fieldStart = spans[2 * fields.last] ?? -1;
        fieldEnd = spans[2 * fields.last + 1] ?? -1;
        if (isFirst) firstField = lastField();
      }
      // A key is taken from every record, wanted or not: twins are numbered by their place among all.
      const identified = begun().key(buffer, start, end, spans);
      if (again?.take(identified, begun()) === true) return;
      const { key, keyStart, keyEnd } = identified;
      if (!plan.wants(buffer, spans, fields.wanted)) {
        unmatched++;
        return;
      }
      read.time = Number.NaN;
      read.nanos = 0;
      const at = fields.time === -1 ? -1 : (spans[2 * fields.time] ?? -1);
      if (at >= 0 && readTime !== undefined) readTime(buffer, at, spans[2 * fields.time + 1] ?? at, read);
      if (read.time === 0) read.time = Number.NaN; // what programs write where they know no time
      const { time, nanos } = read;
      // Two literals, and not one with a member that may be missing: this is done for every record.
      if (fields.volatileCount === 0) {
        const mark = fingerprint(buffer, start, end);
        records.push({ bytes: buffer, start, end, key, keyStart, keyEnd, time, nanos, fingerprint: mark });
      } else {
        const volatile = volatileSpans(buffer, spans, fields.volatile, fields.volatileCount);
        const content = contentOf({ bytes: buffer, start, end, volatile });
        const mark = fingerprint(content.bytes, content.start, content.end);
        records.push({ bytes: buffer, start, end, key, keyStart, keyEnd, time, nanos, fingerprint: mark, volatile });
      }
    },
    refused(record) {
      size++;
      held += record.text.length;
      again?.skip();
      refused.push(withKey(record, begun()));
    },
  });

  function begun(): Identify {
    if (identity === undefined) throw new Error('records before the beginning of a reply');
    return identity;
  }

  function lastField(): string | undefined {
    return fieldStart < 0 ? undefined : last?.toString('utf8', fieldStart, fieldEnd);
  }

  return {
    begin(identify: Identify): void {
      split.begin();
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
    /** Enough to be worth a step of the pipeline, too little to matter in memory. */
    full: () => size >= partSize || held >= partBytes,
    count: split.found,
    containerSeen: split.containerSeen,
    /** What the first and the last record have at `paging.last`. */
    first: () => firstField,
    last: lastField,
    take(): Page {
      const part = { records, refused, unmatched };
      records = [];
      refused = [];
      unmatched = 0;
      size = 0;
      held = 0;
      return part;
    },
    fingerprint(): string | undefined {
      if (last === undefined) return undefined;
      return [split.found(), bytes, firstSum, crc32(last.subarray(lastStart, lastEnd))].join(' ');
    },
  };
}
