/** A fake Datadog log intake, version 2: limits, silent truncation and answers as its reference page tells them. */
import { Buffer } from 'node:buffer';
import { type Answer, fakeServer, type FakeServer, type Received } from './server.ts';

export interface DatadogLog {
  readonly message: string;
  readonly ddsource?: string;
  readonly service?: string;
  readonly hostname?: string;
  readonly ddtags?: string;
  readonly timestamp?: number;
  readonly record_id?: string;
}

export interface FakeDatadog extends FakeServer {
  readonly logs: DatadogLog[];
  /** Whether an entry makes the intake refuse its request. */
  refuses: ((log: DatadogLog) => boolean) | undefined;
}

const truncatedAt = 1_000_000;

/** "JSON logs" in its documentation: one of these at the top of a message, or syslog.timestamp, is the date of the log. */
const dates = ['@timestamp', 'timestamp', '_timestamp', 'Timestamp', 'eventTime', 'date', 'published_date'];

/**
 * With `now`, logs whose date is more than 18 hours before it or two hours after it are dropped, and accepted all the same,
 * as Datadog does: "Log events can be submitted up to 18 hours in the past and two hours in the future."
 */
export async function fakeDatadog(key = 'a-long-key', now?: () => number): Promise<FakeDatadog> {
  const logs: DatadogLog[] = [];

  function answer(received: Received): Answer {
    if (received.path !== '/api/v2/logs') return { status: 404, body: { errors: ['Not found'] } };
    if (received.method !== 'POST') return { status: 405, body: '' };
    if (received.headers['dd-api-key'] !== key) return refusal(403, 'Forbidden');
    if (received.headers['content-type'] !== 'application/json') return refusal(415, 'Unsupported Media Type');
    if (received.bytes > 5_000_000) return refusal(413, 'Payload too large');
    const entries = JSON.parse(received.body) as DatadogLog[];
    if (entries.length > 1000) return refusal(413, 'Too many entries');
    // VictoriaLogs, which has the same intake, takes no other time than a whole number of milliseconds.
    if (entries.some(({ timestamp: time }) => time !== undefined && !Number.isSafeInteger(time))) {
      return refusal(400, 'Bad Request', 'failed to parse timestamp');
    }
    if (entries.some((log) => typeof log.message !== 'string' || fake.refuses?.(log) === true)) {
      return refusal(400, 'Bad Request', 'an entry is malformed');
    }
    const taken = entries.filter((log) => now === undefined || isOfToday(log, now()));
    logs.push(...taken.map((log) => ({ ...log, message: truncated(log.message) })));
    return { status: 202, body: {} };
  }

  const fake: FakeDatadog = Object.assign(await fakeServer(answer), { logs, refuses: undefined });
  return fake;
}

/** A number is milliseconds, whatever it was meant to be, and beyond all dates no date; a text without a zone is UTC. */
function isOfToday({ timestamp, message }: DatadogLog, now: number): boolean {
  const members = JSON.parse(message) as Record<string, unknown>;
  const { syslog } = members as { readonly syslog?: { readonly timestamp?: unknown } };
  return [timestamp, syslog?.timestamp, ...dates.map((name) => members[name])]
    .map((date) => (typeof date === 'string' ? Date.parse(/Z$|[+-]\d\d:\d\d$/.test(date) ? date : `${date}Z`) : date))
    .map((date) => (typeof date === 'number' ? new Date(date).getTime() : NaN))
    .every((date) => Number.isNaN(date) || (date >= now - 18 * 3_600_000 && date <= now + 2 * 3_600_000));
}

function truncated(message: string): string {
  return Buffer.byteLength(message) <= truncatedAt ? message : message.slice(0, truncatedAt);
}

function refusal(status: number, title: string, detail?: string): Answer {
  return { status, body: { errors: [{ status: String(status), title, ...(detail !== undefined && { detail }) }] } };
}
