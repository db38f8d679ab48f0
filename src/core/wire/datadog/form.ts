/**
 * A record as an entry of Datadog's log intake: its text as `message`, a JSON string, so that nothing in it is altered on
 * the way (Datadog itself reads attributes from a message that is JSON); its time and its ID as fields beside it.
 * https://docs.datadoghq.com/api/latest/logs/#send-logs
 */
import { Buffer } from 'node:buffer';
import { eventTime } from '../../clock/event-time.ts';
import type { Encode } from '../json-line.ts';
import { lexemeAt } from '../../json/json.ts';
import { appendJsonString } from '../../json/json-string.ts';
import { parseJson } from '../../vendor/reply.ts';
import { escapeFinder, memberFinder } from '../names.ts';
import { appendId } from '../sink-id.ts';
import type { AuditRecord } from '../../types.ts';

export interface DatadogFields {
  readonly ddsource: string;
  readonly service: string;
  readonly hostname?: string | undefined;
  readonly ddtags?: string | undefined;
}

/** Members of a message that Datadog takes for its date, unless told otherwise. */
const dates = ['@timestamp', 'timestamp', '_timestamp', 'Timestamp', 'eventTime', 'date', 'published_date'];
/** Smaller numbers are not taken for milliseconds since 1970. */
const leastMillis = 1e11;

const before = Buffer.from('{"record":');
const after = Buffer.from('}');

/**
 * `{"ddsource":"acme","service":"acme","timestamp":"...","record_id":"abc","message":"..."},`
 *
 * Datadog drops a log whose date is too old, and answers that all is well. The date is our `timestamp`; or a member of the
 * message, under one of many names, that of a pipeline among them. So a record that `isTooOld` (milliseconds since 1970) is
 * sent without the one, and inside a member `record`, where Datadog looks for none.
 */
export function datadogForm(fields: DatadogFields, isTooOld: (time: number) => boolean): Encode {
  const escaped = escapeFinder();
  const finders = dates.map((name) => ({ name, isThere: memberFinder(name, escaped) }));

  /** The dates that it tells itself, in milliseconds since 1970; NaN for what is none. */
  function datesIn({ bytes, start, end }: AuditRecord): number[] {
    return finders
      .filter(({ isThere }) => isThere(bytes, start, end))
      .map(({ name }) => {
        const value = parseJson(lexemeAt(bytes.subarray(start, end), [name]) ?? '');
        if (typeof value === 'number') return value < leastMillis ? Number.NaN : value;
        return typeof value === 'string' ? Date.parse(value) : Number.NaN;
      });
  }

  const constant = `${JSON.stringify(fields).slice(0, -1)},`; // leaves out what is undefined
  return (record, out) => {
    const isOld = isTooOld(record.time);
    const time = isOld ? undefined : eventTime(record);
    out.text(`${constant}${time === undefined ? '' : `"timestamp":"${time}",`}"record_id":"`);
    appendId(record, out);
    out.text('","message":');
    if (isOld || datesIn(record).some(isTooOld)) {
      const whole = Buffer.concat([before, record.bytes.subarray(record.start, record.end), after]);
      appendJsonString(whole, 0, whole.length, out);
    } else {
      appendJsonString(record.bytes, record.start, record.end, out);
    }
    out.text('},');
  };
}
