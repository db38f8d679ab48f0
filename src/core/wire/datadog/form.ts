/**
 * A record as an entry of Datadog's log intake: its text as `message`, a JSON string, so that nothing in it is altered on
 * the way (Datadog itself reads attributes from a message that is JSON); its time and its ID as fields beside it.
 * https://docs.datadoghq.com/api/latest/logs/#send-logs
 */
import { Buffer } from 'node:buffer';
import { eventTime } from '../../clock/event-time.ts';
import type { Encode } from '../json-line.ts';
import { appendJsonString } from '../../json/json-string.ts';
import { appendId } from '../sink-id.ts';

export interface DatadogFields {
  readonly ddsource: string;
  readonly service: string;
  readonly hostname?: string | undefined;
  readonly ddtags?: string | undefined;
}

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
  const constant = `${JSON.stringify(fields).slice(0, -1)},`; // leaves out what is undefined
  return (record, out) => {
    const isDated = !isTooOld(record.time);
    const time = isDated ? eventTime(record) : undefined;
    out.text(`${constant}${time === undefined ? '' : `"timestamp":"${time}",`}"record_id":"`);
    appendId(record, out);
    out.text('","message":');
    if (isDated) {
      appendJsonString(record.bytes, record.start, record.end, out);
    } else {
      const whole = Buffer.concat([before, record.bytes.subarray(record.start, record.end), after]);
      appendJsonString(whole, 0, whole.length, out);
    }
    out.text('},');
  };
}
