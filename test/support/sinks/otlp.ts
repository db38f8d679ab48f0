/**
 * A fake receiver of OTLP over HTTP, as strict as the protocol: names in lowerCamelCase, 64-bit numbers as decimal texts,
 * values with their type. What it rejects of a request it tells as a number, and keeps the rest.
 */
import { type Answer, fakeServer, type FakeServer, type Received } from './server.ts';

export interface OtlpRecord {
  readonly service: string;
  readonly time?: string;
  readonly observed?: string;
  readonly uid: string;
  readonly body: string;
}

export interface FakeOtlp extends FakeServer {
  readonly records: OtlpRecord[];
  /** Whether a log record is rejected, its neighbours being kept. */
  rejects: ((record: OtlpRecord) => boolean) | undefined;
  /** Whether a log record makes it refuse the whole request. */
  refuses: ((record: OtlpRecord) => boolean) | undefined;
  /** What the answer to a success holds; an empty object by default. */
  says: unknown;
}

/** `path` is that of its address, before /v1/logs. */
export async function fakeOtlp(key = 'a-long-key', path = ''): Promise<FakeOtlp> {
  const records: OtlpRecord[] = [];

  function answer(received: Received): Answer {
    if (received.path !== `${path}/v1/logs`)
      return { status: 404, headers: { 'content-type': 'text/plain' }, body: '' };
    if (received.method !== 'POST') return { status: 405, body: '' };
    if (received.headers['api-key'] !== key) return { status: 401, body: { code: 16, message: 'no such key' } };
    if (received.headers['content-type'] !== 'application/json') return { status: 415, body: '' };
    if (received.bytes > 20 * 1024 * 1024) return { status: 413, body: { message: 'request body too large' } };
    const sent = recordsIn(JSON.parse(received.body));
    if (sent === undefined) return { status: 400, body: { code: 3, message: 'cannot decode the request' } };
    if (sent.some((record) => fake.refuses?.(record))) return { status: 400, body: { message: 'a body is malformed' } };
    const kept = sent.filter((record) => fake.rejects?.(record) !== true);
    records.push(...kept);
    const rejectedLogRecords = String(sent.length - kept.length);
    const partialSuccess = { rejectedLogRecords, errorMessage: 'some are older than the retention' };
    return { status: 200, body: kept.length === sent.length ? fake.says : { partialSuccess } };
  }

  const fake: FakeOtlp = Object.assign(await fakeServer(answer), {
    records,
    rejects: undefined,
    refuses: undefined,
    says: {},
  });
  return fake;
}

/** The log records of a request; undefined when it is none. */
function recordsIn(request: unknown): OtlpRecord[] | undefined {
  const { resourceLogs } = request as { resourceLogs: ResourceLogs[] };
  const read = resourceLogs.flatMap(({ resource, scopeLogs }) =>
    scopeLogs.flatMap(({ scope, logRecords }) =>
      logRecords.map((record) => {
        const { timeUnixNano: time, observedTimeUnixNano: observed, body, attributes, ...others } = record;
        const [{ key, value } = { key: '', value: { stringValue: '' } }] = attributes;
        const service = resource.attributes.find((one) => one.key === 'service.name')?.value.stringValue ?? '';
        const isRead =
          isNanos(time) &&
          isNanos(observed) &&
          typeof body.stringValue === 'string' &&
          key === 'log.record.uid' &&
          typeof scope.version === 'string' &&
          Object.keys(others).length === 0;
        return isRead ? { service, time, observed, uid: value.stringValue, body: body.stringValue } : undefined;
      }),
    ),
  );
  return read.every((record) => record !== undefined) ? read.map((record) => withoutHoles(record)) : undefined;
}

function isNanos(value: unknown): boolean {
  return value === undefined || (typeof value === 'string' && /^[1-9]\d*$/.test(value) && BigInt(value) < 2n ** 64n);
}

function withoutHoles(record: object): OtlpRecord {
  return JSON.parse(JSON.stringify(record)) as OtlpRecord;
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue: string };
}

interface ResourceLogs {
  readonly resource: { readonly attributes: readonly Attribute[] };
  readonly scopeLogs: readonly {
    readonly scope: { readonly name: string; readonly version: string };
    readonly logRecords: readonly {
      readonly timeUnixNano?: string;
      readonly observedTimeUnixNano?: string;
      readonly body: { readonly stringValue: string };
      readonly attributes: readonly Attribute[];
    }[];
  }[];
}
