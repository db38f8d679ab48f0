/**
 * A record as a log of Google SecOps: its bytes in base64, its time, and when it was collected, all of which are required.
 * https://cloud.google.com/chronicle/docs/reference/rest/v1beta/Log
 */
import { eventTime } from '../../clock/event-time.ts';
import type { Encode } from '../json-line.ts';

/**
 * `{"logEntryTime":"...","collectionTime":"...","data":"..."},`; `now` in milliseconds since 1970 stands for a time that a
 * record does not tell. A log must have been collected after it was written, also where the vendor's clock is ahead.
 */
export function secopsForm(namespace: string | undefined, now: () => number): Encode {
  const constant = namespace === undefined ? '' : `"environmentNamespace":${JSON.stringify(namespace)},`;
  return (record, out) => {
    const written = Number.isNaN(record.time) ? now() : record.time;
    const time = eventTime(record) ?? new Date(written).toISOString();
    const collected = new Date(Math.max(now(), written + 1)).toISOString();
    out.text(`{"logEntryTime":"${time}","collectionTime":"${collected}",${constant}"data":"`);
    out.text(record.bytes.toString('base64', record.start, record.end));
    out.text('"},');
  };
}
