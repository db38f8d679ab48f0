/** An Http over node:http, as small as can be, for tests of sinks that are not about the HTTP client. */
import { Buffer } from 'node:buffer';
import { request as open } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { exit, Problem } from '../../src/core/problem.ts';
import type { Http, HttpRequest } from '../../src/core/types.ts';

export function plainHttp(base: string): Http {
  return {
    async send(request) {
      const url = new URL(request.url, base);
      const incoming = await exchange(url, request);
      const headers: Record<string, string> = {};
      for (const [name, value] of Object.entries(incoming.headers)) headers[name] = String(value);
      const text = async (): Promise<string> => {
        const chunks: Buffer[] = [];
        for await (const chunk of incoming) chunks.push(chunk as Buffer);
        return Buffer.concat(chunks).toString();
      };
      return {
        status: incoming.statusCode ?? 0,
        url: url.href,
        headers,
        date: undefined,
        body: incoming,
        text,
        async discard() {
          await text();
        },
      };
    },
    cookies: 0,
    close: () => Promise.resolve(),
  };
}

function exchange(url: URL, { method, headers = {}, body }: HttpRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const failed = (): void => reject(new Problem(exit.unavailable, `${url.origin} cannot be reached`, { again: {} }));
    const length = body === undefined ? 0 : Buffer.byteLength(body);
    const outgoing = open(url, { method, agent: false, headers: { ...headers, 'content-length': length } }, resolve);
    outgoing.on('error', failed);
    outgoing.end(body);
  });
}
