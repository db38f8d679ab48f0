/**
 * A syslog receiver for tests: TCP or TLS, octet counting (RFC 6587, RFC 5425), messages taken apart by the grammar of
 * RFC 5424. It takes frames as they come, and can be told to misbehave.
 */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

export interface SyslogMessage {
  readonly facility: number;
  readonly severity: number;
  readonly timestamp: string;
  readonly hostname: string;
  readonly appName: string;
  readonly processId: string;
  readonly messageId: string;
  /** Element name, and its parameters unescaped. */
  readonly data: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly text: string;
  /** In octets, as its frame said. */
  readonly length: number;
}

/**
 * What the receiver does with a connection: `reset` breaks it off when the first bytes arrive, `hangUp` closes it at once
 * and reads nothing, `keep` reads everything and never closes its side, `deaf` reads nothing, `slow` begins after half a second.
 */
export type Misbehaviour = 'reset' | 'hangUp' | 'keep' | 'deaf' | 'slow';

export interface FakeSyslog {
  /** `tcp://127.0.0.1:port` or `tls://localhost:port`. */
  readonly address: string;
  readonly messages: SyslogMessage[];
  /** What was wrong with the frames and messages. */
  readonly faults: string[];
  readonly connections: number;
  /** Those of them on which something came: a receiver that closes late, as on a busy machine, is looked for once more. */
  readonly deliveries: number;
  /** Asked for each connection, 1 for the first. */
  misbehave: ((connection: number) => Misbehaviour | undefined) | undefined;
  /** Longest message that it takes, in octets; at the frame of a longer one it closes the connection, as syslog-ng does. */
  longest: number;
  close(): Promise<void>;
}

export async function fakeSyslog(tls?: TlsOptions): Promise<FakeSyslog> {
  const messages: SyslogMessage[] = [];
  const faults: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  let deliveries = 0;

  function serve(socket: Socket): void {
    connections += 1;
    socket.on('error', () => undefined);
    const misbehaviour = fake.misbehave?.(connections);
    if (misbehaviour === 'hangUp') {
      socket.destroy();
      return;
    }
    if (misbehaviour === 'deaf') return;
    let pending: Buffer = Buffer.alloc(0);
    socket.once('data', () => (deliveries += 1));
    socket.on('data', (chunk: Buffer) => {
      if (misbehaviour === 'reset') {
        // A TLS socket cannot, but the kernel does it for bytes that nobody reads any more.
        if ('encrypted' in socket) socket.destroy();
        else socket.resetAndDestroy();
        return;
      }
      pending = Buffer.concat([pending, chunk]);
      try {
        pending = takeFrames(pending, messages, fake.longest);
      } catch (error) {
        faults.push(String(error));
        socket.destroy();
      }
    });
    if (misbehaviour === 'slow') {
      socket.pause();
      setTimeout(() => socket.resume(), 500);
    }
    socket.on('end', () => {
      if (pending.length > 0) faults.push(`half a frame: ${pending.toString().slice(0, 100)}`);
      if (misbehaviour !== 'keep') socket.end();
    });
  }

  const options = { allowHalfOpen: true };
  const server = tls === undefined ? createServer(options, serve) : createTlsServer({ ...options, ...tls }, serve);
  server.on('tlsClientError', () => undefined);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const fake: FakeSyslog = {
    address: tls === undefined ? `tcp://127.0.0.1:${port}` : `tls://localhost:${port}`,
    messages,
    faults,
    get connections() {
      return connections;
    },
    get deliveries() {
      return deliveries;
    },
    misbehave: undefined,
    longest: Infinity,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return fake;
}

/** Takes whole frames off the front; returns the rest. */
function takeFrames(bytes: Buffer, messages: SyslogMessage[], longest: number): Buffer {
  let rest = bytes;
  for (;;) {
    const head = /^([1-9]\d{0,8}) /.exec(rest.toString('latin1', 0, 10));
    if (head === null) {
      if (!/^(?:[1-9]\d{0,8})?$/.test(rest.toString('latin1', 0, 10))) throw new Error('not a frame');
      return rest;
    }
    const start = head[0].length;
    const length = Number(head[1]);
    if (length > longest) throw new Error(`a frame of ${length} octets`);
    if (rest.length < start + length) return rest;
    messages.push(parse(rest.toString('utf8', start, start + length), length));
    rest = rest.subarray(start + length);
  }
}

const element = String.raw`\[[!#-<>-\\^-~]{1,32}(?: [!#-<>-\\^-~]{1,32}="(?:[^"\\\]]|\\[\s\S])*")*\]`;
const grammar = new RegExp(
  String.raw`^<(0|[1-9]\d{0,2})>1 (-|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)) ` +
    String.raw`([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) (-|(?:${element})+)(?: ([\s\S]*))?$`,
);

function parse(text: string, length: number): SyslogMessage {
  const found = grammar.exec(text);
  if (found === null) throw new Error(`not RFC 5424: ${text.slice(0, 200)}`);
  const [
    ,
    priority,
    timestamp = '',
    hostname = '',
    appName = '',
    processId = '',
    messageId = '',
    data = '',
    body = '',
  ] = found;
  return {
    facility: Math.floor(Number(priority) / 8),
    severity: Number(priority) % 8,
    timestamp,
    hostname,
    appName,
    processId,
    messageId,
    data: Object.fromEntries([...data.matchAll(new RegExp(element, 'g'))].map(([whole]) => elementOf(whole))),
    text: body,
    length,
  };
}

function elementOf(whole: string): [string, Record<string, string>] {
  const name = /^\[([^ \]]+)/.exec(whole)?.[1] ?? '';
  const parameters = [...whole.matchAll(/ ([^ =]+)="((?:[^"\\\]]|\\[\s\S])*)"/g)];
  return [
    name,
    Object.fromEntries(parameters.map(([, key = '', value = '']) => [key, value.replace(/\\(["\\\]])/g, '$1')])),
  ];
}
