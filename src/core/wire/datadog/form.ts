/**
 * A record as an entry of Datadog's log intake: its text as `message`, a JSON string, so that nothing in it is altered on
 * the way (Datadog itself reads attributes from a message that is JSON); its time and its ID as fields beside it.
 * https://docs.datadoghq.com/api/latest/logs/#send-logs
 */
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

/** `{"ddsource":"acme","service":"acme","timestamp":"...","record_id":"abc","message":"..."},` */
export function datadogForm(fields: DatadogFields): Encode {
  const constant = `${JSON.stringify(fields).slice(0, -1)},`; // leaves out what is undefined
  return (record, out) => {
    const time = eventTime(record);
    out.text(`${constant}${time === undefined ? '' : `"timestamp":"${time}",`}"record_id":"`);
    appendId(record, out);
    out.text('","message":');
    appendJsonString(record.bytes, record.start, record.end, out);
    out.text('},');
  };
}
