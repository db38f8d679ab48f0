/** A record as a Splunk HTTP Event Collector event object, one a line. */
import type { Encode } from '../json-line.ts';
import { appendId } from '../sink-id.ts';

export interface HecFields {
  readonly host: string;
  readonly source: string;
  readonly sourcetype: string;
  /** The token's own index when undefined. */
  readonly index: string | undefined;
}

/**
 * `{"time":1763596800.5,"host":...,"fields":{"record_id":"abc"},"event":{...}}`. The keys are a closed set: Splunk takes
 * the objects before one with an unknown key, drops the rest, and answers 200. Without `time` it takes its own clock.
 */
export function hecForm({ host, source, sourcetype, index }: HecFields): Encode {
  const named = { host, source, sourcetype, ...(index !== undefined && { index }) };
  const constant = `${JSON.stringify(named).slice(1, -1)},"fields":{"record_id":`;
  return (record, out) => {
    const time = epochSeconds(record.time, record.nanos);
    out.text(`{${time === undefined ? '' : `"time":${time},`}${constant}"`);
    appendId(record, out);
    out.text('"},"event":');
    out.bytes(record.bytes, record.start, record.end);
    out.text('}\n');
  };
}

/** Seconds since 1970 as an exact decimal, or undefined when there is no time. */
export function epochSeconds(time: number, nanos: number): string | undefined {
  if (Number.isNaN(time)) return undefined;
  const fraction = `${String(time % 1000).padStart(3, '0')}${String(nanos).padStart(6, '0')}`.replace(/0+$/, '');
  const whole = String(Math.floor(time / 1000));
  return fraction === '' ? whole : `${whole}.${fraction}`;
}
