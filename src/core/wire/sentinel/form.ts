/**
 * A record as a row of Microsoft Sentinel's Logs Ingestion API. Columns that a data collection rule does not declare are
 * dropped in silence, so the columns are the same for all vendors, and the record's text is one of them.
 * https://learn.microsoft.com/azure/azure-monitor/logs/logs-ingestion-api-overview
 */
import { Buffer } from 'node:buffer';
import { eventTime } from '../../clock/event-time.ts';
import { appendJsonString } from '../../json/json-string.ts';
import type { Encode } from '../json-line.ts';
import { appendId } from '../sink-id.ts';

/**
 * `{"TimeGenerated":"...","RecordSource":"acme","RecordId":"abc","RawData":"..."},`; a table has no row without a time, so a
 * record that tells none gets `now`, in milliseconds since 1970.
 */
export function sentinelForm(source: string, now: () => number): Encode {
  const constant = `","RecordSource":${JSON.stringify(source)},"RecordId":"`;
  return (record, out) => {
    out.text(`{"TimeGenerated":"${eventTime(record) ?? new Date(now()).toISOString()}${constant}`);
    appendId(record, out);
    out.text('","RawData":');
    appendJsonString(record.bytes, record.start, record.end, out);
    out.text('},');
  };
}

/** Bytes of the record's own text, by the row that it was encoded to. */
export function rawBytes(row: Buffer): number {
  const { RawData: text } = JSON.parse(row.toString('utf8').replace(/,$/, '')) as { readonly RawData: string };
  return Buffer.byteLength(text);
}
