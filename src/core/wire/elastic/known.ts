/** Documents as `_bulk` has them, and as a search finds them: are they the same? */
import { Buffer } from 'node:buffer';
import { contentOf } from '../../content/volatile.ts';
import { canonical } from '../../json/canonical.ts';
import { splitter } from '../../split.ts';
import type { Batch } from '../../types.ts';

/** A document of a batch: its `_id`, the line that holds the record, and what of it is the record's content. */
export interface Document {
  readonly index: number;
  readonly id: string;
  readonly source: Buffer;
  readonly content: string;
}

/** The documents of a batch with these numbers, copied: the body is written over. */
export function documentsIn({ body, ends, records }: Batch, indices: readonly number[]): Document[] {
  return indices.map((index) => {
    const { bytes, start: from, end } = contentOf(records[index]!);
    const content = bytes.toString('utf8', from, end);
    const start = ends[index - 1] ?? 0;
    const source = Buffer.from(body.subarray(body.indexOf(0x0a, start) + 1, ends[index]));
    return { index, id: idAt(body, start), source, content };
  });
}

/** The `_id` in an action line, see core/wire/elastic/form.ts. */
export function idsIn({ body, ends }: Batch): string[] {
  return ends.map((_, index) => idAt(body, ends[index - 1] ?? 0));
}

function idAt(body: Buffer, start: number): string {
  const action = JSON.parse(body.toString('utf8', start, body.indexOf(0x0a, start))) as { create: { _id: string } };
  return action.create._id;
}

/** A search, because `_mget` knows no data streams. What is to be found was there before this run. */
export function idsQuery(documents: readonly Document[]): string {
  const values = documents.map(({ id }) => id);
  return JSON.stringify({ size: 10_000, query: { ids: { values } } });
}

/** The documents that no hit holds all members of. Those that it has in addition are an ingest pipeline's. */
export function othersIn(found: string, documents: readonly Document[]): readonly Document[] {
  const same = new Set<string>();
  const contents = new Map(documents.map(({ id, content }) => [id, content]));
  const hits = splitter({
    records: ['hits', 'hits'],
    fields: [['_id'], ['_source']],
    maxRecordBytes: Number.MAX_SAFE_INTEGER,
    record(bytes, _start, _end, spans) {
      const [id, theirs] = [text(bytes, spans, 0), text(bytes, spans, 1)];
      const name = id === undefined ? undefined : String(JSON.parse(id));
      const ours = name === undefined ? undefined : contents.get(name);
      if (name !== undefined && ours !== undefined && theirs !== undefined && isPartOf(ours, theirs)) same.add(name);
    },
    refused: () => undefined,
  });
  hits.begin();
  hits.push(Buffer.from(found));
  return documents.filter(({ id }) => !same.has(id));
}

function text(bytes: Buffer, spans: Int32Array, field: number): string | undefined {
  const start = spans[2 * field] ?? -1;
  return start < 0 ? undefined : bytes.toString('utf8', start, spans[2 * field + 1]);
}

/** Compared by the digit, which a parsed number would not be. */
function isPartOf(ours: string, theirs: string): boolean {
  const own = new Set(Object.keys(JSON.parse(ours) as object));
  const added = Object.keys(JSON.parse(theirs) as object).filter((key) => !own.has(key));
  return (
    canonical(ours, []) ===
    canonical(
      theirs,
      added.map((key) => [key]),
    )
  );
}

export function underOtherIds(
  batch: Batch,
  documents: readonly Document[],
  changedId: (index: number) => string,
): Batch {
  const parts: Buffer[] = [];
  const ends: number[] = [];
  let length = 0;
  for (const { index, source } of documents) {
    const action = Buffer.from(`{"create":{"_id":${JSON.stringify(changedId(index))}}}\n`);
    parts.push(action, source);
    ends.push((length += action.length + source.length));
  }
  const records = documents.map(({ index }) => batch.records[index]!);
  return { count: documents.length, records, body: Buffer.concat(parts), ends };
}
