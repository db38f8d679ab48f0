/**
 * A record as an entry of Datadog's log intake: its text as `message`, a JSON string, so that nothing in it is altered on
 * the way (Datadog itself reads attributes from a message that is JSON); its time and its ID as fields beside it.
 * https://docs.datadoghq.com/api/latest/logs/#send-logs
 * https://docs.datadoghq.com/logs/log_configuration/processors/log_date_remapper/
 */
import { Buffer } from 'node:buffer';
import type { Encode } from '../json-line.ts';
import { lexemeAt } from '../../json/json.ts';
import { appendJsonString } from '../../json/json-string.ts';
import { parseJson } from '../../json/parsed.ts';
import { escapeFinder, memberFinder } from '../name-finders.ts';
import { appendId } from '../sink-id.ts';
import type { AuditRecord } from '../../types.ts';

export interface DatadogFields {
  readonly ddsource: string;
  readonly service: string;
  readonly hostname?: string | undefined;
  readonly ddtags?: string | undefined;
}

/** Members of a message that Datadog takes for its date, unless told otherwise. */
const dates = [
  '@timestamp',
  'timestamp',
  '_timestamp',
  'Timestamp',
  'eventTime',
  'date',
  'published_date',
  'syslog.timestamp',
].map((path) => path.split('.'));
const endsInZone = /(?:[a-z]|[+-]\d\d:?\d\d)$/i;

const before = Buffer.from('{"record":');
const after = Buffer.from('}');

/**
 * `{"ddsource":"acme","service":"acme","timestamp":1763596800000,"record_id":"abc","message":"..."},`
 *
 * The time is in milliseconds, as the agent of Datadog sends it: others that have this intake, as VictoriaLogs, take no other.
 * Datadog drops a log whose date is of another day, and answers that all is well. The date is our `timestamp`; or a member
 * of the message, under one of many names, that of a pipeline among them. So a record that `isOutside` of the times that it
 * takes (in milliseconds since 1970) is sent without the one, and inside a member `record`, where Datadog looks for none. The
 * latter is enough for a record with a time of its own that it takes; `untimed` is told of each that is left without any.
 */
export function datadogForm(fields: DatadogFields, isOutside: (time: number) => boolean, untimed: () => void): Encode {
  const escaped = escapeFinder();
  const finders = dates.map((path) => ({ path, isThere: memberFinder(path[0] ?? '', escaped) }));

  /** The dates that it tells itself, in milliseconds since 1970; NaN for what is none. */
  function datesIn({ bytes, start, end }: AuditRecord): number[] {
    return finders
      .filter(({ isThere }) => isThere(bytes, start, end))
      .map(({ path }) => dateOf(parseJson(lexemeAt(bytes.subarray(start, end), path) ?? '')));
  }

  const constant = `${JSON.stringify(fields).slice(0, -1)},`; // leaves out what is undefined
  return (record, out) => {
    const isItselfOutside = isOutside(record.time);
    const time = isItselfOutside || Number.isNaN(record.time) ? undefined : record.time;
    const isWrapped = isItselfOutside || datesIn(record).some(isOutside);
    if (isWrapped && time === undefined) untimed();
    out.text(`${constant}${time === undefined ? '' : `"timestamp":${time},`}"record_id":"`);
    appendId(record, out);
    out.text('","message":');
    if (isWrapped) {
      const whole = Buffer.concat([before, record.bytes.subarray(record.start, record.end), after]);
      appendJsonString(whole, 0, whole.length, out);
    } else {
      appendJsonString(record.bytes, record.start, record.end, out);
    }
    out.text('},');
  };
}

/**
 * As Datadog reads it: a number is milliseconds, also one that was meant to be seconds, but for one that is beyond all
 * dates, such as Sysdig's nanoseconds; a text without a zone is in UTC.
 */
function dateOf(value: unknown): number {
  if (typeof value === 'number') return new Date(value).getTime();
  return typeof value === 'string' ? Date.parse(endsInZone.test(value) ? value : `${value}Z`) : Number.NaN;
}
