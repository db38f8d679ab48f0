/**
 * A record as a syslog message (RFC 5424) in a frame with its length in octets (RFC 6587 section 3.4.1, RFC 5425 section
 * 4.3.1). Without the byte order mark that RFC 5424 wants before UTF-8: receivers take it for a part of the message, and
 * the message would no longer be JSON.
 */
import { byteBuffer } from '../../bytes.ts';
import { eventTime } from '../../clock/event-time.ts';
import type { Encode } from '../json-line.ts';
import { printableId } from './payload.ts';

export interface SyslogFields {
  readonly facility: number;
  readonly severity: number;
  readonly hostname: string;
  readonly appName: string;
  readonly messageId: string;
  /** Name of the structured data element that holds the record's ID. */
  readonly structuredDataId: string;
  /** Milliseconds at most: IBM's "LEEF event components" knows no finer time in the header. */
  readonly coarse: boolean;
}

/** `312 <110>1 2025-11-20T00:00:00.123456Z host audit-export - audit [record@32473 id="abc"] ` and the payload. */
export function syslogForm(fields: SyslogFields, payload: Encode): Encode {
  const priority = fields.facility * 8 + fields.severity;
  const constant = ` ${fields.hostname} ${fields.appName} - ${fields.messageId} [${fields.structuredDataId} id="`;
  const message = byteBuffer();
  return (record, out, branch) => {
    message.truncate(0);
    const id = printableId(record).replace(/["\\\]]/g, String.raw`\$&`);
    const time = eventTime(fields.coarse ? { time: record.time, nanos: 0 } : record);
    message.text(`<${priority}>1 ${time ?? '-'}${constant}${id}"] `);
    payload(record, message, branch);
    out.text(`${message.length()} `);
    out.bytes(message.view(), 0, message.length());
  };
}
