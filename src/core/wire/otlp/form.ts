/**
 * A record as a log record of OpenTelemetry, in the JSON form of OTLP: its text as the body, so that nothing in it is altered
 * on the way, its time to the nanosecond, and an ID by which a repeat is known.
 * https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 * https://opentelemetry.io/docs/specs/otel/logs/data-model/
 * https://opentelemetry.io/docs/specs/semconv/general/logs/ for `log.record.uid`: the same for no two records that differ
 */
import { appendJsonString } from '../../json/json-string.ts';
import { documentId } from '../document-id.ts';
import type { Encode } from '../json-line.ts';
import type { SinkTools } from '../../sink-tools.ts';

/**
 * `{"timeUnixNano":"...","observedTimeUnixNano":"...","body":{"stringValue":"..."},"attributes":[...]},`; a record without a
 * time has none but `now`, in milliseconds since 1970, as when it was seen.
 */
export function otlpForm({ idSpace, trustsIds, now }: Pick<SinkTools, 'idSpace' | 'trustsIds' | 'now'>): Encode {
  let known: string | undefined;
  let space = '';
  return (record, out, branch) => {
    if (branch !== known) [known, space] = [branch, idSpace(branch)];
    const { time, nanos } = record;
    out.text(time > 0 ? `{"timeUnixNano":"${time}${String(nanos).padStart(6, '0')}",` : '{');
    out.text(`"observedTimeUnixNano":"${now()}000000","body":{"stringValue":`);
    appendJsonString(record.bytes, record.start, record.end, out);
    const id = JSON.stringify(documentId(space, record, trustsIds));
    out.text(`},"attributes":[{"key":"log.record.uid","value":{"stringValue":${id}}}]},`);
  };
}

/** What stands before and after the log records of a request; `service` is the `service.name` of what they are from. */
export function otlpEnvelope(service: string, version: string): readonly [before: string, after: string] {
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: service } }] };
  const scope = { name: 'audit-export', version };
  const request = { resourceLogs: [{ resource, scopeLogs: [{ scope, logRecords: [] }] }] };
  const [before = '', after = ''] = JSON.stringify(request).split(/(?<="logRecords":\[)/);
  return [before, after];
}
