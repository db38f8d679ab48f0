/** What the fake destinations have in common: a server on loopback that notes every request and can be told to fail. */
import { Buffer } from 'node:buffer';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface Received {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Decompressed. */
  readonly body: string;
  readonly bytes: number;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text and bytes are sent as they are, anything else as JSON. */
  readonly body?: unknown;
}

/**
 * Looks at a request before the server does; an answer replaces the server's, `hang` and `reset` give none. `late` has
 * the server take it and then breaks the connection.
 */
export type Hook = (received: Received, number: number) => Answer | 'hang' | 'reset' | 'late' | undefined;

export interface FakeServer {
  readonly url: string;
  readonly requests: Received[];
  hook: Hook | undefined;
  close(): Promise<void>;
}

export async function fakeServer(answer: (received: Received) => Answer): Promise<FakeServer> {
  const requests: Received[] = [];
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const raw = Buffer.concat(chunks);
      const body = incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
      const url = new URL(incoming.url ?? '/', 'http://localhost');
      const received: Received = {
        method: incoming.method ?? '',
        path: decodeURIComponent(url.pathname),
        query: url.searchParams,
        headers: incoming.headers,
        body: body.toString(),
        bytes: body.length,
      };
      requests.push(received);
      const hooked = fake.hook?.(received, requests.length);
      if (hooked === 'hang') return;
      if (hooked === 'late') answer(received);
      if (hooked === 'reset' || hooked === 'late') {
        incoming.socket.destroy();
        return;
      }
      const { status, headers, body: content } = hooked ?? answer(received);
      const isAsIs = typeof content === 'string' || Buffer.isBuffer(content);
      outgoing.writeHead(status, { 'content-type': 'application/json', ...headers });
      outgoing.end(content === undefined ? '' : isAsIs ? content : JSON.stringify(content));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const fake: FakeServer = {
    url: `http://127.0.0.1:${port}`,
    requests,
    hook: undefined,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return fake;
}
