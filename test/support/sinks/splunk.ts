/**
 * A fake Splunk HTTP Event Collector: events one by one, the first bad one ends a request with its number, those before it
 * are indexed; acknowledgements count up by channel and are told once.
 */
import { type Answer, fakeServer, type FakeServer, type Received } from './server.ts';

export interface HecEvent {
  readonly time?: number;
  readonly host?: string;
  readonly source?: string;
  readonly sourcetype?: string;
  readonly index?: string;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly event?: unknown;
}

export interface SplunkOptions {
  readonly token?: string;
  readonly ack?: boolean;
  readonly indexes?: readonly string[];
  /** Splunk Cloud: above this many bytes the answer is 400, code 6, event number 0. */
  readonly cloudLimit?: number;
  readonly acceptsGzip?: boolean;
}

export interface FakeSplunk extends FakeServer {
  /** What was indexed, as the lines that arrived. */
  readonly lines: string[];
  /** The code for an event that is bad; undefined takes it. */
  bad: ((event: HecEvent) => number | undefined) | undefined;
  /** Whether what was sent is indexed by now. */
  indexed: boolean;
  /** Forgets all channels, as a restart does. */
  restart(): void;
  posts(): Received[];
  polls(): Received[];
}

const allowed = ['time', 'host', 'source', 'sourcetype', 'index', 'fields', 'event'];
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export async function fakeSplunk(options: SplunkOptions = {}): Promise<FakeSplunk> {
  const { token = 'a-long-token', ack = false, indexes } = options;
  const lines: string[] = [];
  const next = new Map<string, number>();
  const waiting = new Set<string>();

  function answer(received: Received): Answer {
    const { authorization } = received.headers;
    const channel = received.headers['x-splunk-request-channel'];
    if (authorization === undefined) return hec(401, 2, 'Token is required');
    if (!authorization.startsWith('Splunk ')) return hec(401, 3, 'Invalid authorization');
    if (authorization !== `Splunk ${token}`) return hec(403, 4, 'Invalid token');
    if (received.path === '/services/collector/ack') return acknowledge(received);
    if (received.path !== '/services/collector/event') return { status: 404, body: '<html>not found' };
    if (received.headers['content-encoding'] === 'gzip' && options.acceptsGzip === false)
      return { status: 415, body: '<html>' };
    if (ack && channel === undefined) return hec(400, 10, 'Data channel is missing');
    if (typeof channel === 'string' && !guid.test(channel)) return hec(400, 11, 'Invalid data channel');
    if (received.body === '') return hec(400, 5, 'No data');
    if (received.bytes > (options.cloudLimit ?? Infinity)) {
      return hec(400, 6, 'Invalid data format', { 'invalid-event-number': 0 });
    }
    return index(received.body.trimEnd().split('\n'), String(channel));
  }

  function index(events: readonly string[], channel: string): Answer {
    for (const [number, line] of events.entries()) {
      const event = JSON.parse(line) as HecEvent;
      const unknown = Object.keys(event).some((key) => !allowed.includes(key));
      if (unknown) return number === 0 ? hec(400, 5, 'No data') : hec(200, 0, 'Success'); // as the real one does
      const nested = Object.values(event.fields ?? {}).some(
        (value) => typeof value === 'object' && !Array.isArray(value),
      );
      const code = event.event === undefined ? 12 : event.event === '' ? 13 : nested ? 15 : fake.bad?.(event);
      const more = (): object => (number === 0 ? {} : acked(channel));
      if (code !== undefined) return hec(400, code, 'Invalid data', { 'invalid-event-number': number, ...more() });
      if (event.index !== undefined && indexes?.includes(event.index) === false) {
        return hec(400, 7, 'Incorrect index', { 'invalid-event-number': number + 1, ...more() });
      }
      lines.push(line);
    }
    return hec(200, 0, 'Success', acked(channel));
  }

  function acked(channel: string): Record<string, number> {
    if (!ack) return {};
    const ackId = next.get(channel) ?? 0;
    next.set(channel, ackId + 1);
    waiting.add(`${channel}:${ackId}`);
    return { ackId };
  }

  function acknowledge(received: Received): Answer {
    if (!ack) return hec(400, 14, 'ACK is disabled');
    const channel = received.query.get('channel') ?? '';
    const { acks } = JSON.parse(received.body) as { acks: number[] };
    const told = acks.map((id) => [String(id), fake.indexed && waiting.delete(`${channel}:${id}`)] as const);
    return { status: 200, body: { acks: Object.fromEntries(told) } };
  }

  const fake: FakeSplunk = Object.assign(await fakeServer(answer), {
    lines,
    bad: undefined,
    indexed: true,
    restart() {
      next.clear();
      waiting.clear();
    },
    posts: () => fake.requests.filter(({ path }) => path.endsWith('/event')),
    polls: () => fake.requests.filter(({ path }) => path.endsWith('/ack')),
  });
  return fake;
}

function hec(status: number, code: number, text: string, more: object = {}): Answer {
  return { status, body: { text, code, ...more } };
}
