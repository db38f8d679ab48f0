/** A record in the form of `_bulk`: an action line with its ID, and the record with its time. */
import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import { hasTopLevelKey, skipBlanks } from './json.ts';
import type { Encode } from './json-line.ts';
import { sinkId } from './sink-id.ts';
import type { AuditRecord } from './types.ts';

/** Elasticsearch refuses longer ones, and the whole request with them. */
const longestId = 512;
const lineBreak = Buffer.from('\n');
const endOfYear9999 = 253_402_300_799_999;
const startOfYear0 = -62_167_219_200_000;

/**
 * `{"create":{"_id":"acme:abc"}}`, then the record; `@timestamp` is put in front of its members where it is missing, with
 * the record's full precision, or as `now` (milliseconds since 1970) when it has no time that can be read.
 */
export function elasticForm(sourceName: string, now: () => number): Encode {
  return (record, out) => {
    const { bytes, start, end } = record;
    out.text(`{"create":{"_id":${JSON.stringify(documentId(sourceName, record))}}}\n`);
    if (hasTopLevelKey(bytes, start, end, '@timestamp')) {
      out.bytes(bytes, start, end);
    } else {
      const members = skipBlanks(bytes, start + 1, end);
      const comma = members === end - 1 ? '' : ',';
      out.text(`{"@timestamp":"${timestamp(record, now)}"${comma}`);
      out.bytes(bytes, start + 1, end);
    }
    out.bytes(lineBreak, 0, 1);
  };
}

/** `<source>:<id>`; hashed when too long. A text that looks like a hash is hashed too, so that it cannot meet one. */
export function documentId(sourceName: string, record: AuditRecord): string {
  const id = sinkId(sourceName, record);
  const fits = id.length <= longestId && (id.length * 3 <= longestId || Buffer.byteLength(id) <= longestId);
  return fits && !id.startsWith('sha256:') ? id : `sha256:${hash('sha256', id)}`;
}

/** ISO 8601 in UTC with 3 or 9 digits of fraction. */
function timestamp({ time, nanos }: AuditRecord, now: () => number): string {
  if (!(time >= startOfYear0 && time <= endOfYear9999)) return new Date(now()).toISOString();
  const text = new Date(time).toISOString();
  return nanos === 0 ? text : `${text.slice(0, -1)}${String(nanos).padStart(6, '0')}Z`;
}
