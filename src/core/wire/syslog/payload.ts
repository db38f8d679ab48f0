/**
 * A record as the message of a syslog line. The whole record rides along in each form: as it is (json), in the field `raw`
 * (LEEF 2.0, IBM's "Log Event Extended Format"), or in the field `msg` (CEF 0, "ArcSight Common Event Format").
 * https://www.ibm.com/docs/en/dsm?topic=overview-leef-event-components
 */
import { shownId } from '../../content/record-id.ts';
import { bareRecord, type Encode } from '../json-line.ts';
import { oneLine } from '../../text/shown.ts';
import type { AuditRecord } from '../../types.ts';
import { version } from '../../version.ts';

export const syslogFormats = ['json', 'leef', 'cef'] as const;
export type SyslogFormat = (typeof syslogFormats)[number];

export interface PayloadFields {
  /** What the records are from: the name of a source or a job, which has none of the characters that mean something here. */
  readonly product: string;
  /** What kind of event they are. */
  readonly event: string;
  /** Syslog severity, 0 (emergency) to 7 (debug). */
  readonly severity: number;
}

/** Appends the message. */
export function syslogPayload(format: SyslogFormat, fields: PayloadFields): Encode {
  if (format === 'leef') return leef(fields);
  return format === 'cef' ? cef(fields) : bareRecord;
}

/** The record's ID on one line. */
export function printableId({ key, keyStart, keyEnd }: AuditRecord): string {
  return oneLine(shownId(key, keyStart, keyEnd));
}

/** The attributes are separated by tabs. JSON has tabs between its tokens at most, where a space means the same. */
function leef({ product, event }: PayloadFields): Encode {
  const header = `LEEF:2.0|audit-export|${product}|${version}|${headerText(event)}|x09|`;
  return (record, out) => {
    const time = Number.isNaN(record.time) ? '' : `devTime=${record.time}\t`;
    out.text(`${header}${time}externalId=${printableId(record)}\traw=`);
    const tab = record.bytes.indexOf(0x09, record.start);
    if (tab === -1 || tab >= record.end) out.bytes(record.bytes, record.start, record.end);
    else out.text(record.bytes.toString('utf8', record.start, record.end).replaceAll('\t', ' '));
  };
}

function cef({ product, event, severity }: PayloadFields): Encode {
  const importance = Math.round(((7 - severity) * 10) / 7); // CEF counts from 0 (lowest) to 10
  const header = `CEF:0|audit-export|${product}|${version}|${headerText(event)}|audit record|${importance}|`;
  const escaped = (text: string): string => text.replace(/[\\=]/g, String.raw`\$&`);
  return (record, out) => {
    const time = Number.isNaN(record.time) ? '' : `rt=${record.time} `;
    out.text(`${header}${time}externalId=${escaped(printableId(record))} msg=`);
    out.text(escaped(record.bytes.toString('utf8', record.start, record.end)));
  };
}

/** Neither form lets every character stand in a field of its header, and they escape it in different ways. */
function headerText(text: string): string {
  return text.replace(/[|\\^=]/g, '-');
}
