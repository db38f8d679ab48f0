/** A vendor's HTTP without a network: thousands of runs a minute. */
import { Buffer } from 'node:buffer';
import type { Http, HttpReply, HttpRequest } from '../../src/core/tools.ts';
import { fromMillis } from '../../src/core/time.ts';
import type { Clock } from './fake-tools.ts';

export interface MemoryAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly text: string;
  /** Thrown in the middle of the body. */
  readonly breaks?: Error;
}

/** `answer` may throw, as a connection does, or never come. */
export function memoryHttp(
  base: string,
  clock: Clock,
  answer: (url: URL, request: HttpRequest) => MemoryAnswer | Promise<MemoryAnswer>,
): Http {
  return {
    cookies: 0,
    cookie: () => undefined,
    forgetCookies: () => {},
    close: async () => {},
    async send(request) {
      const url = new URL(request.url, base);
      return replyOf(url, clock, await answer(url, request));
    },
  };
}

function replyOf({ href }: URL, clock: Clock, { status, headers, text, breaks }: MemoryAnswer): HttpReply {
  const bytes = Buffer.from(text);
  const half = Math.floor(bytes.length / 2);
  async function* body(): AsyncGenerator<Buffer, void, undefined> {
    yield bytes.subarray(0, half);
    if (breaks !== undefined) throw breaks;
    yield bytes.subarray(half);
  }
  const length = { 'content-type': 'application/json', 'content-length': String(bytes.length) };
  return {
    status,
    url: href,
    headers: { ...length, ...headers },
    date: fromMillis(Math.floor(clock.now / 1000) * 1000), // vendors tell whole seconds
    body: body(),
    async text() {
      const chunks: Buffer[] = [];
      for await (const chunk of body()) chunks.push(chunk);
      return Buffer.concat(chunks).toString();
    },
    discard: async () => {},
  };
}
