/** A fake Sekoia.io intake: all its routes, an ID for each event, a status for each when some are dropped. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { type Answer, fakeServer, type FakeServer, type Received } from './server.ts';

export interface FakeSekoia extends FakeServer {
  /** The events that were taken. */
  readonly lines: string[];
  /** The time that was told for each of them. */
  readonly times: (string | undefined)[];
  /** Whether an event is dropped; those over 250 KiB always are. */
  drops: ((line: string) => boolean) | undefined;
}

export interface SekoiaOptions {
  readonly key?: string;
  readonly prefix?: string;
}

export async function fakeSekoia({ key = 'a-long-key', prefix = '' }: SekoiaOptions = {}): Promise<FakeSekoia> {
  const lines: string[] = [];
  const times: (string | undefined)[] = [];

  function answer(received: Received): Answer {
    const { method, path, headers, bytes } = received;
    const route = path.startsWith(prefix) ? path.slice(prefix.length) : path;
    if (!routes.includes(route)) return { status: 404, body: { message: 'not found' } };
    if (method !== 'POST') return { status: 405, body: { message: 'method not allowed' } };
    const isPlain = route.startsWith('/plain');
    if (!isPlain && headers['content-type'] !== 'application/json') return { status: 415, body: '' };
    const { events, key: given } = read(route, received);
    if (given !== key) return { status: 401, body: { message: 'bad intake key' } };
    if (bytes > 10 * 1024 * 1024) return { status: 413, body: '' };
    const isSingle = route === '/plain' || route === '/';
    return take(events, isSingle);
  }

  function take(events: readonly Event[], isSingle: boolean): Answer {
    const dropped = events.map(({ text }) => Buffer.byteLength(text) > 250 * 1024 || fake.drops?.(text) === true);
    if (dropped.every(Boolean) && (isSingle || fake.drops === undefined)) return { status: 413, body: '' };
    const taken = events.filter((_, index) => dropped[index] === false);
    lines.push(...taken.map(({ text }) => text));
    times.push(...taken.map(({ time }) => time));
    const ids = events.map((_, index) => `id-${lines.length}-${index}`);
    if (isSingle) return { status: 200, body: { event_id: ids[0] } };
    if (!dropped.includes(true)) return { status: 200, body: { event_ids: ids } };
    const statuses = ids.map((id, index) =>
      dropped[index] === true ? { status: 413, message: 'event too large' } : { status: 200, event_id: id },
    );
    return { status: 200, body: { events: statuses } };
  }

  const fake: FakeSekoia = Object.assign(await fakeServer(answer), { lines, times, drops: undefined });
  return fake;
}

const routes = ['/plain', '/plain/batch', '/jsons', '/', '/batch', '/array'];

interface Event {
  readonly text: string;
  readonly time: string | undefined;
}

/** The events of a request, and the key wherever it is. */
function read(route: string, { body, headers, query }: Received): { events: Event[]; key: string | undefined } {
  const key = headerKey(headers) ?? query.get('intake_key') ?? undefined;
  const header = headers['x-sekoiaio-event-timestamp'];
  const time = typeof header === 'string' ? header : undefined;
  if (route === '/plain') return { events: [{ text: body, time }], key };
  if (route === '/plain/batch') {
    // Separated by line breaks, as the documentation has it: what follows the last one is an event, too.
    return { events: body.split('\n').map((text) => ({ text, time })), key };
  }
  if (route === '/jsons') {
    return { events: (JSON.parse(body) as string[]).map((text) => ({ text: textOf(text), time })), key };
  }
  if (route === '/array') {
    const list = JSON.parse(body) as { intake_key: string; json: unknown; timestamp?: string }[];
    return {
      events: list.map(({ json, timestamp }) => ({ text: textOf(json), time: timestamp })),
      key: list[0]?.intake_key,
    };
  }
  const content = JSON.parse(body) as { intake_key: string; json?: unknown; jsons?: unknown[]; '@timestamp'?: string };
  const texts = route === '/' ? [content.json] : (content.jsons ?? []);
  return {
    events: texts.map((text) => ({ text: textOf(text), time: content['@timestamp'] })),
    key: content.intake_key,
  };
}

function headerKey(headers: Received['headers']): string | undefined {
  const header = headers['x-sekoiaio-intake-key'];
  if (typeof header === 'string') return header;
  const [scheme, text = ''] = (headers.authorization ?? '').split(' ');
  return scheme === 'Basic'
    ? Buffer.from(text, 'base64')
        .toString()
        .replace(/^[^:]*:/, '')
    : undefined;
}

/** `json` must be quoted JSON. */
function textOf(value: unknown): string {
  assert.equal(typeof value, 'string', 'an event that is no text');
  return String(value);
}
