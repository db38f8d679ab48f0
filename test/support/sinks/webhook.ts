/** A fake receiver of webhooks: checks the Standard Webhooks signature as a receiver would, and drops known messages. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { Buffer } from 'node:buffer';
import { type Answer, fakeServer, type FakeServer, type Received } from './server.ts';

export interface FakeWebhook extends FakeServer {
  /** The records of all messages, as texts; messages that came twice count once. */
  readonly records: string[];
  refuses: ((record: string) => boolean) | undefined;
}

export interface WebhookOptions {
  readonly path?: string;
  readonly authorization?: string;
  /** The key that messages are signed with; none are checked without it. */
  readonly key?: Buffer;
  /** The receiver's clock in milliseconds. */
  readonly now?: () => number;
}

const tolerance = 5 * 60 * 1000;

export async function fakeWebhook(options: WebhookOptions = {}): Promise<FakeWebhook> {
  const records: string[] = [];
  const known = new Set<string>();

  function answer(received: Received): Answer {
    const { headers, body } = received;
    if (received.path !== (options.path ?? '/hook')) return { status: 404, body: 'not here' };
    if (received.method === 'OPTIONS') return { status: 204, headers: { allow: 'POST' } };
    if (options.authorization !== undefined && headers.authorization !== options.authorization) {
      return { status: 401, body: { message: 'who are you' } };
    }
    if (options.key !== undefined && !isSigned(received, options.key, options.now?.() ?? 0)) {
      return { status: 401, body: { message: 'bad signature' } };
    }
    const texts = textsOf(body, String(headers['content-type']));
    if (texts.some((text) => fake.refuses?.(text) === true)) {
      return { status: 422, body: { message: 'a record is\u0007 bad' } };
    }
    const id = String(headers['webhook-id']);
    if (!known.has(id)) records.push(...texts);
    known.add(id);
    return { status: 204 };
  }

  const fake: FakeWebhook = Object.assign(await fakeServer(answer), { records, refuses: undefined });
  return fake;
}

function isSigned({ headers, body }: Received, key: Buffer, now: number): boolean {
  const id = String(headers['webhook-id']);
  const timestamp = String(headers['webhook-timestamp']);
  if (id.includes('.') || Math.abs(Number(timestamp) * 1000 - now) > tolerance) return false;
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest();
  const given = String(headers['webhook-signature']).split(' ');
  return given.some((text) => {
    const bytes = Buffer.from(text.replace(/^v1,/, ''), 'base64');
    return text.startsWith('v1,') && bytes.length === expected.length && timingSafeEqual(bytes, expected);
  });
}

/** The texts of the records: lines, or the elements of an array as they stand there. */
function textsOf(body: string, type: string): string[] {
  if (type === 'application/x-ndjson') return body.split('\n').slice(0, -1);
  if (!Array.isArray(JSON.parse(body))) throw new Error('not an array');
  const texts: string[] = [];
  let depth = 0;
  let start = 1;
  for (let at = 1; at < body.length; at++) {
    const character = body[at];
    if (character === '"') for (at++; body[at] !== '"'; at++) if (body[at] === '\\') at++;
    if (character === '{' || character === '[') depth++;
    if ((character === ',' || character === ']') && depth === 0) {
      texts.push(body.slice(start, at));
      start = at + 1;
    } else if (character === '}' || character === ']') depth--;
  }
  return texts;
}
