/**
 * Servers below HTTP: a test says byte for byte what they answer, when they fall silent and when they hang up. They
 * record every connection and every request, so that a test can claim that something was never sent.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** One request as it arrived. */
export interface RawRequest {
  readonly method: string;
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** 1 for the first request of the server, over all connections. */
  readonly number: number;
  /** 1 for the server's first connection. */
  readonly connection: number;
}

export type Behaviour = (socket: Socket, request: RawRequest) => void | Promise<void>;

export interface RawServer {
  readonly port: number;
  /** `http://127.0.0.1:port`, or `https://localhost:port` with TLS. */
  readonly url: string;
  readonly connections: number;
  readonly requests: readonly RawRequest[];
  close(): Promise<void>;
}

export interface RawServerOptions {
  readonly tls?: TlsOptions;
  /** Default: any free one. */
  readonly port?: number;
  /** Called with each new connection before anything is read; true means that it is taken care of. */
  readonly onConnection?: (socket: Socket) => boolean;
}

/** A server on a free port of 127.0.0.1 that calls `behave` with each complete request. */
export async function rawServer(behave: Behaviour, options: RawServerOptions = {}): Promise<RawServer> {
  const requests: RawRequest[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;

  function serve(socket: Socket): void {
    const connection = ++connections;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined); // clients hang up, too
    if (options.onConnection?.(socket) === true) return;
    let pending: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      for (let parsed = parse(pending); parsed !== undefined; parsed = parse(pending)) {
        pending = parsed.rest;
        const request = { ...parsed.request, number: requests.length + 1, connection };
        requests.push(request);
        void behave(socket, request);
      }
    });
  }

  const server: Server = options.tls === undefined ? createServer(serve) : createTlsServer(options.tls, serve);
  server.on('tlsClientError', () => undefined);
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: options.tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`,
    get connections() {
      return connections;
    },
    requests,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The first complete request of the bytes, and what follows it. */
function parse(bytes: Buffer): { request: Omit<RawRequest, 'number' | 'connection'>; rest: Buffer } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [line = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((each) => [each.slice(0, each.indexOf(':')).toLowerCase(), each.slice(each.indexOf(':') + 1).trim()]),
  );
  const from = end + 4;
  const until = from + Number(headers['content-length'] ?? 0);
  if (bytes.length < until) return undefined;
  const [method = '', path = ''] = line.split(' ');
  return { request: { method, path, headers, body: bytes.subarray(from, until) }, rest: bytes.subarray(until) };
}

/** A complete reply with Content-Length, as bytes. */
export function reply(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body: string | Buffer = '',
): Buffer {
  const bytes = Buffer.from(body);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 ${status} Status\r\nContent-Length: ${bytes.length}\r\n${lines.join('')}\r\n`, 'latin1'),
    bytes,
  ]);
}

/** Answers each request with the next of these; a function behaves by itself. The last one is for all that follow. */
export function answers(...list: readonly (Buffer | string | Behaviour)[]): Behaviour {
  return (socket, request) => {
    const answer = list[Math.min(request.number, list.length) - 1];
    if (typeof answer === 'function') return answer(socket, request);
    socket.write(answer ?? '');
    return undefined;
  };
}

/** Sends these bytes and closes the connection in good order (FIN). */
export function thenClose(bytes: Buffer | string): Behaviour {
  return (socket) => void socket.end(bytes);
}

/** Sends these bytes and breaks the connection (RST). */
export function thenReset(bytes: Buffer | string = ''): Behaviour {
  return (socket) =>
    void (bytes.length === 0
      ? socket.resetAndDestroy()
      : socket.write(bytes, () => setImmediate(() => socket.resetAndDestroy())));
}

/** Sends the head at once and then one byte of the text at a time: it is never silent and never done. */
export function drip(head: string, text: string, milliseconds: number): Behaviour {
  return (socket) => {
    socket.write(head);
    let at = 0;
    const timer = setInterval(() => socket.write(text[at++ % text.length] ?? ''), milliseconds);
    socket.on('close', () => clearInterval(timer));
  };
}

/** A proxy's answer to CONNECT: a tunnel to a port of this machine, whatever host was named. */
export function tunnel(port: number): Behaviour {
  return (socket) => {
    socket.removeAllListeners('data');
    const target = connect(port, '127.0.0.1', () => socket.write('HTTP/1.1 200 Connected\r\n\r\n'));
    target.on('error', () => socket.destroy());
    socket.on('close', () => target.destroy());
    socket.pipe(target).pipe(socket);
  };
}

/** Never answers. */
export const silence: Behaviour = () => undefined;

/** A raw server that lives as long as the test. */
export async function rawServerFor(t: TestContext, behave: Behaviour, options?: RawServerOptions): Promise<RawServer> {
  const server = await rawServer(behave, options);
  t.after(() => server.close());
  return server;
}

/** A port on which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = await rawServer(silence);
  await server.close();
  return server.port;
}

/** A port that takes no connection and refuses none: its process is stopped and its queue is full. */
export async function blackHole(port = 0): Promise<{ readonly port: number; close(): Promise<void> }> {
  const script = `const s = require('net').createServer();
    s.listen({ port: ${port}, host: '127.0.0.1', backlog: 1 }, () => console.log(s.address().port));`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const bound = Number(line.toString());
  child.kill('SIGSTOP');
  const fillers = Array.from({ length: 4 }, () => connect(bound, '127.0.0.1').on('error', () => undefined));
  await once(fillers[0] as Socket, 'connect');
  return {
    port: bound,
    async close() {
      for (const filler of fillers) filler.destroy();
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
