/** One page of a vendor's reply, streamed: raw records with their identity and time, in parts. */
import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import type { SourceDefinition } from './definition.ts';
import type { Exchange, Question } from './exchange.ts';
import type { Identify, IdentityRule } from './identity.ts';
import type { PageEnd } from './paging.ts';
import { parsePath } from './path.ts';
import { exit, Problem } from './problem.ts';
import { saying, tokenAt, valueAt } from './reply.ts';
import { defaultPolicy, retrying } from './retry.ts';
import type { SearchPlan } from './search.ts';
import { splitter } from './split.ts';
import { readTime } from './time.ts';
import type { AuditRecord, Page, RefusedRecord, Tools } from './types.ts';

/** A page that was read to its end. */
export interface ReadPage extends PageEnd {
  /** Whether the reply had a place for records at all. */
  readonly containerSeen: boolean;
}

export interface PageReader {
  /**
   * Reads one page. A reply that breaks off is asked for again from its beginning; records that were already yielded
   * come again then, with the same keys.
   */
  read(question: Question, identity: Identify): AsyncGenerator<Page, ReadPage, undefined>;
}

/** Records in one part of a page: enough to be worth a step of the pipeline, few enough not to hold a large page. */
const partSize = 256;

const defaultRecordBytes = 16 * 1024 * 1024;

/** How the records of a definition are identified. */
export function identityRule({ records: { id } }: SourceDefinition): IdentityRule {
  if ('paths' in id) return { paths: id.paths.map(parsePath) };
  return { paths: [], without: (id.without ?? []).map(parsePath) };
}

export function pageReader(definition: SourceDefinition, plan: SearchPlan, vendor: Exchange, tools: Tools): PageReader {
  const fields = fieldsOf(definition, plan);

  async function* attempt({ question, identity }: Reading): AsyncGenerator<Page, ReadPage, undefined> {
    const reply = await vendor.stream(question);
    const part = collector(definition, plan, fields, identity);
    for await (const chunk of reply.body) {
      part.push(chunk);
      if (part.size >= partSize) yield part.take();
    }
    const { value, text } = part.end();
    vendor.check(value, question.what);
    const { containerSeen } = part;
    if (!containerSeen && !mayBeMissing(definition, value)) throw noRecords(definition, value, question.what);
    if (part.size > 0) yield part.take();
    const total = definition.records.total === undefined ? undefined : tokenAt(text, definition.records.total);
    return {
      url: reply.url,
      headers: reply.headers,
      envelope: text,
      count: part.count,
      limit: plan.limit,
      total: total === undefined ? undefined : Number(total),
      last: part.last(),
      fingerprint: part.fingerprint(),
      containerSeen,
    };
  }

  async function* read(question: Question, identity: Identify): AsyncGenerator<Page, ReadPage, undefined> {
    let reader: AsyncGenerator<Page, ReadPage, undefined> | undefined;
    let starts = 0;
    let renewed = false;

    async function next(): Promise<IteratorResult<Page, ReadPage>> {
      if (reader === undefined) {
        identity.startPage(starts > 0);
        reader = attempt({ question, identity });
        starts++;
      }
      try {
        return await reader.next();
      } catch (error) {
        reader = undefined;
        if (!renewed && (await vendor.renewed(error))) {
          renewed = true;
          return next();
        }
        // Each part that arrives starts the attempts anew; a page that always breaks later must end, too.
        if (starts < 2 * defaultPolicy.attempts || !(error instanceof Problem)) throw error;
        throw new Problem(error.status, error.message, error.hint === undefined ? {} : { hint: error.hint });
      }
    }

    try {
      for (;;) {
        const part = await retrying(next, tools);
        if (part.done === true) return part.value;
        yield part.value;
      }
    } finally {
      await reader?.return(undefined as never);
    }
  }

  return { read };
}

interface Reading {
  readonly question: Question;
  readonly identity: Identify;
}

/** The paths that are looked up in every record, by what they are for. */
interface Fields {
  readonly paths: readonly (readonly string[])[];
  readonly time: number;
  readonly last: number;
  readonly wanted: number;
}

function fieldsOf(definition: SourceDefinition, plan: SearchPlan): Fields {
  const { paging, records } = definition;
  const identity = identityRule(definition).paths; // first: identity.key reads its spans from 0 on
  const time = records.time === undefined ? [] : [parsePath(records.time.path)];
  const last = paging.type === 'cursor' && paging.last !== undefined ? [parsePath(paging.last)] : [];
  return {
    paths: [...identity, ...time, ...last, ...plan.paths],
    time: time.length === 0 ? -1 : identity.length,
    last: last.length === 0 ? -1 : identity.length + time.length,
    wanted: identity.length + time.length + last.length,
  };
}

/** Collects the records of one reply. */
function collector(definition: SourceDefinition, plan: SearchPlan, fields: Fields, identity: Identify) {
  const { records: rules, limits } = definition;
  const read = { time: Number.NaN, nanos: 0 };
  let records: AuditRecord[] = [];
  let refused: RefusedRecord[] = [];
  let unmatched = 0;
  let size = 0;
  let bytes = 0;
  // Numbers, not Buffers: one of those for each record would cost more than splitting does.
  let firstSum = 0;
  let last: Buffer | undefined;
  let lastStart = 0;
  let lastEnd = 0;
  let fieldStart = -1;
  let fieldEnd = -1;

  const split = splitter({
    records: rules.format === 'lines' ? 'lines' : parsePath(rules.path ?? ''),
    container: rules.container ?? 'array',
    fields: fields.paths,
    maxRecordBytes: limits?.record ?? defaultRecordBytes,
    record(buffer, start, end, spans) {
      size++;
      bytes += end - start;
      if (last === undefined) firstSum = crc32(buffer.subarray(start, end));
      last = buffer;
      lastStart = start;
      lastEnd = end;
      if (fields.last !== -1) {
        fieldStart = spans[2 * fields.last] ?? -1;
        fieldEnd = spans[2 * fields.last + 1] ?? -1;
      }
      // A key is taken from every record, wanted or not: twins are numbered by their place among all.
      const { key, keyStart, keyEnd } = identity.key(buffer, start, end, spans);
      if (!plan.wants(buffer, spans, fields.wanted)) {
        unmatched++;
        return;
      }
      read.time = Number.NaN;
      read.nanos = 0;
      const at = fields.time === -1 ? -1 : (spans[2 * fields.time] ?? -1);
      if (at >= 0 && rules.time !== undefined)
        readTime(buffer, at, spans[2 * fields.time + 1] ?? at, rules.time.format, read);
      records.push({ bytes: buffer, start, end, key, keyStart, keyEnd, time: read.time, nanos: read.nanos });
    },
    refused(record) {
      size++;
      refused.push(record);
    },
  });

  return {
    push: split.push,
    end: split.end,
    get size() {
      return size;
    },
    get count() {
      return split.found;
    },
    get containerSeen() {
      return split.containerSeen;
    },
    last: () => (fieldStart < 0 ? undefined : last?.toString('utf8', fieldStart, fieldEnd)),
    take(): Page {
      const part = { records, refused, unmatched };
      records = [];
      refused = [];
      unmatched = 0;
      size = 0;
      return part;
    },
    fingerprint(): string | undefined {
      if (last === undefined) return undefined;
      return [split.found, bytes, firstSum, crc32(last.subarray(lastStart, lastEnd))].join(' ');
    },
  };
}

function mayBeMissing({ records: { format, missing, path } }: SourceDefinition, value: unknown): boolean {
  if (format === 'lines' || missing === 'empty') return true;
  return missing === 'null' && valueAt(value, path ?? '') === null;
}

function noRecords(definition: SourceDefinition, value: unknown, what: string): Problem {
  const { name, records } = definition;
  const where = records.path === undefined ? 'is not a list of records' : `has no list of records at ${records.path}`;
  return new Problem(exit.protocol, `${name}: the reply to ${what} ${where}${saying(definition, value)}`, {
    hint: "check the URL and the vendor's API version",
  });
}
