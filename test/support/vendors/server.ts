/** What the servers that play vendors have in common: a real server on loopback, a log of requests, and faults on demand. */
import { Buffer } from 'node:buffer';
import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface LoggedRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Sees each request first; true when it has answered (or hung up) itself. */
export type Fault = (request: LoggedRequest, response: ServerResponse) => boolean | Promise<boolean>;

export interface Vendor {
  /** The origin, without a slash at the end. */
  readonly origin: string;
  /** Every request so far, oldest first. */
  readonly requests: LoggedRequest[];
  /** Set it to break things; undefined is a healthy vendor. */
  fault: Fault | undefined;
  close(): Promise<void>;
}

export interface ServerOptions {
  /** The vendor's clock, for its Date header and its windows; milliseconds. */
  readonly now?: () => number;
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** Serves `answer` on a free port of 127.0.0.1. What `answer` throws becomes a 500, and is thrown again by `close`. */
export async function serve(
  options: ServerOptions,
  answer: (request: LoggedRequest, response: ServerResponse) => void | Promise<void>,
): Promise<Vendor> {
  const requests: LoggedRequest[] = [];
  const errors: unknown[] = [];
  const now = options.now ?? Date.now;

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const request: LoggedRequest = {
      method: incoming.method ?? '',
      target: incoming.url ?? '',
      headers: incoming.headers,
      body: Buffer.concat(chunks).toString(),
    };
    requests.push(request);
    response.setHeader('Date', new Date(now()).toUTCString());
    if ((await vendor.fault?.(request, response)) === true) return;
    await answer(request, response);
  }

  async function listen(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await handle(incoming, response);
    } catch (error) {
      if (incoming.aborted || response.destroyed) return; // the client hung up
      errors.push(error);
      response.writeHead(500).end();
    }
  }

  const listener = (incoming: IncomingMessage, response: ServerResponse): void => void listen(incoming, response);
  const server = options.tls ? createTlsServer({ ...options.tls }, listener) : createPlainServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref(); // a test that fails before it closes this must not keep the whole run waiting
  const vendor: Vendor = {
    origin: `${options.tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    fault: undefined,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      if (errors.length > 0) throw errors[0];
    },
  };
  return vendor;
}

/** Answers with a JSON text. */
export function sendJson(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

/** Refuses the first request so, and no other. */
export function refusesOnce(status: number, text: string, headers: Record<string, string>): Fault {
  let asked = 0;
  return (_, response) => {
    if (asked++ > 0) return false;
    sendJson(response, status, text, headers);
    return true;
  };
}

/** Answers with a page for people, as a proxy or an expired session does. */
export function sendHtml(
  response: ServerResponse,
  status: number,
  html = '<html><body>Please log in</body></html>',
): void {
  response.writeHead(status, { 'Content-Type': 'text/html' }).end(html);
}
