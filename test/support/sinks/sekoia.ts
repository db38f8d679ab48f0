/** A fake Sekoia.io intake: `/plain/batch`, an ID for each line, a status for each when some are dropped. */
import { Buffer } from 'node:buffer';
import { fakeServer } from './server.ts';
import type { Answer, FakeServer, Received } from './server.ts';

export interface FakeSekoia extends FakeServer {
  /** The events that were taken. */
  readonly lines: string[];
  /** Whether an event is dropped; those over 250 KiB always are. */
  drops: ((line: string) => boolean) | undefined;
}

export interface SekoiaOptions {
  readonly key?: string;
  readonly prefix?: string;
}

export async function fakeSekoia({ key = 'a-long-key', prefix = '' }: SekoiaOptions = {}): Promise<FakeSekoia> {
  const lines: string[] = [];

  function answer(received: Received): Answer {
    if (received.path !== `${prefix}/plain/batch`) return { status: 404, body: { message: 'not found' } };
    if (received.method !== 'POST') return { status: 405, body: { message: 'method not allowed' } };
    if (received.headers['x-sekoiaio-intake-key'] !== key) return { status: 401, body: { message: 'bad intake key' } };
    if (received.bytes > 10 * 1024 * 1024) return { status: 413, body: '' };
    const events = received.body.split('\n').filter((line) => line !== '');
    const dropped = events.map((line) => Buffer.byteLength(line) > 250 * 1024 || fake.drops?.(line) === true);
    if (events.length > 0 && dropped.every(Boolean) && fake.drops === undefined) return { status: 413, body: '' };
    lines.push(...events.filter((_, index) => dropped[index] === false));
    const ids = events.map((_, index) => `id-${lines.length}-${index}`);
    if (!dropped.includes(true)) return { status: 200, body: { event_ids: ids } };
    const statuses = ids.map((id, index) =>
      dropped[index] === true ? { status: 413, message: 'event too large' } : { status: 200, event_id: id },
    );
    return { status: 200, body: { events: statuses } };
  }

  const fake: FakeSekoia = Object.assign(await fakeServer(answer), { lines, drops: undefined });
  return fake;
}
