/** A record in the form of `_bulk`: an action line with its ID, and the record with its time. */
import { Buffer } from 'node:buffer';
import { millisecondText } from '../../clock/event-time.ts';
import { isByContent } from '../../content/record-id.ts';
import { appendJsonString } from '../../json/json-string.ts';
import { ascii, skipBlanks } from '../../json/json.ts';
import { appendMark, documentId, longestId, markOf } from '../document-id.ts';
import type { Encode } from '../json-line.ts';
import { appendId, isPlainId } from '../sink-id.ts';
import { brokenNameFinder, escapeFinder, memberFinder, underscoredFinder } from '../name-finders.ts';
import type { SinkTools } from '../../sink-tools.ts';
import type { AuditRecord } from '../../types.ts';

/** What an `_id` is made of. */
export type FormTools = Pick<SinkTools, 'idSpace' | 'trustsIds' | 'now'>;

const actionStart = '{"create":{"_id":"';
const idEnd = Buffer.from('"}}\n');

/**
 * Metadata fields of Elasticsearch and OpenSearch, which no document may have; only `_doc_count` is taken, and would make one
 * document count as many.
 * https://www.elastic.co/docs/reference/elasticsearch/mapping-reference/document-metadata-fields
 */
const metadataFields = new Set(
  (
    '_id _index _source _routing _version _seq_no _field_names _ignored _ignored_source _nested_path ' +
    '_data_stream_timestamp _doc_count _index_mode _tier'
  ).split(' '),
);

/**
 * `{"create":{"_id":"acme.3f9a2c1b07d4:9f86d081:abc"}}`, then the record; `@timestamp` is put in front of its members where
 * it is missing, with the record's full precision, or as `now` (milliseconds since 1970) when it has no time that can be
 * read. A record that Elasticsearch would refuse for a name in it goes in whole: into a member `record` if it has a member
 * with the name of a metadata field, and as text into `message` if a name is empty, or has nothing before or between its
 * dots, at any depth.
 */
export function elasticForm({ idSpace: idSpaceOf, trustsIds, now }: FormTools): Encode {
  let known: string | undefined;
  let idSpace = '';
  let idStart = Buffer.alloc(0);
  let room = 0;
  const escaped = escapeFinder();
  const hasTimestamp = memberFinder('@timestamp', escaped);
  const hasMetadata = underscoredFinder(metadataFields, escaped);
  const hasBrokenName = brokenNameFinder();

  function goTo(branch: string): void {
    known = branch;
    idSpace = idSpaceOf(branch);
    idStart = Buffer.from(`${actionStart}${JSON.stringify(`${idSpace}:`).slice(1, -1)}`);
    room = idSpace === 'sha256' ? 0 : longestId - Buffer.byteLength(`${idSpace}:${markOf(0)}:`);
  }

  return (record, out, branch) => {
    if (branch !== known) goTo(branch);
    const { bytes, start, end } = record;
    const isMarked = !trustsIds && !isByContent(record);
    if (record.keyEnd - record.keyStart <= room && isPlainId(record, !isMarked)) {
      out.bytes(idStart, 0, idStart.length);
      if (isMarked) {
        appendMark(record.fingerprint, out);
        out.byte(ascii.colon);
      }
      appendId(record, out);
      out.bytes(idEnd, 0, idEnd.length);
    } else {
      out.text(`{"create":{"_id":${JSON.stringify(documentId(idSpace, record, trustsIds))}}}\n`);
    }
    if (hasBrokenName(bytes, start, end)) {
      out.text(`{"@timestamp":"${timestamp(record, now)}","message":`);
      appendJsonString(bytes, start, end, out);
      out.text('}');
    } else if (hasMetadata(bytes, start, end)) {
      out.text(`{"@timestamp":"${timestamp(record, now)}","record":`);
      out.bytes(bytes, start, end);
      out.text('}');
    } else if (hasTimestamp(bytes, start, end)) {
      out.bytes(bytes, start, end);
    } else {
      const members = skipBlanks(bytes, start + 1, end);
      out.text(`{"@timestamp":"${timestamp(record, now)}"${members === end - 1 ? '' : ','}`);
      out.bytes(bytes, start + 1, end);
    }
    out.byte(ascii.lineFeed);
  };
}

/** Is the line, its line break included, the first of the two of a record? */
export function isAction(line: Buffer): boolean {
  return line.indexOf(actionStart) === 0 && line.subarray(-idEnd.length).equals(idEnd);
}

/** ISO 8601 in UTC with 3 or 9 digits of fraction. */
function timestamp({ time, nanos }: AuditRecord, now: () => number): string {
  if (Number.isNaN(time)) return millisecondText(now());
  const text = millisecondText(time);
  return nanos === 0 ? text : `${text.slice(0, -1)}${String(nanos).padStart(6, '0')}Z`;
}
