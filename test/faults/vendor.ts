/**
 * The vendor of the fault catalogue: pages of records under a time filter and a cursor, an API key or a session, over
 * plain sockets, so that a test can break any reply at any byte. Without a fault it is honest.
 */
import type { TlsOptions } from 'node:tls';
import { rawServer, reply, type Behaviour, type RawRequest, type RawServer } from '../support/raw-server.ts';

/** What a request is for. `page` counts from 1. */
export type Asked = RawRequest &
  ({ readonly kind: 'page'; readonly page: number } | { readonly kind: 'login' | 'logout' | 'other' });

export interface VendorRecord {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly text: string;
}

/** What happens instead of the honest reply: bytes, or a behaviour; undefined leaves it honest. */
export type Fault = (asked: Asked, honest: Buffer) => Behaviour | Buffer | string | undefined;

export interface FaultVendor {
  readonly url: string;
  readonly port: number;
  /** All requests that arrived, over all times that it was up. */
  readonly requests: readonly Asked[];
  readonly connections: number;
  readonly records: VendorRecord[];
  /** Session cookies that are valid. */
  readonly sessions: Set<string>;
  fault: Fault | undefined;
  /** Called with each new connection before anything is read; true means that it is taken care of. */
  onConnection: ((socket: Parameters<Behaviour>[0]) => boolean) | undefined;
  /** Stores a record that happened that many seconds ago; `text` is its JSON. */
  add(id: string, secondsAgo: number, text?: string): VendorRecord;
  /** Stops listening; `up` listens on the same port again, with other certificates if given. */
  down(): Promise<void>;
  up(tls?: TlsOptions): Promise<void>;
}

export interface VendorOptions {
  now(): number;
  readonly apiKey: string;
  readonly username: string;
  readonly password: string;
  readonly tls?: TlsOptions | undefined;
  /** Credentials are a session's, not the API key. */
  readonly session: boolean;
  /** Where the query names a branch: which one the record with that ID is of. */
  branchOf?(id: string): string;
}

export async function faultVendor(options: VendorOptions): Promise<FaultVendor> {
  const requests: Asked[] = [];
  const sessions = new Set<string>();
  const records: VendorRecord[] = [];
  let connections = 0;
  let logins = 0;
  let server: RawServer;
  let tls = options.tls;

  function classify(request: RawRequest): Asked {
    const { pathname, searchParams } = new URL(request.path, 'http://vendor');
    const numbered = { ...request, number: requests.length + 1 };
    if (pathname === '/login') return { ...numbered, kind: 'login' };
    if (pathname === '/logout') return { ...numbered, kind: 'logout' };
    if (pathname !== '/audit') return { ...numbered, kind: 'other' };
    const size = Number(searchParams.get('size') ?? 2);
    return {
      ...numbered,
      kind: 'page',
      page: Math.ceil(Number((searchParams.get('cursor') ?? 'c0').slice(1)) / size) + 1,
    };
  }

  function honest(asked: Asked): Buffer {
    const headers = { Date: new Date(options.now()).toUTCString(), 'Content-Type': 'application/json' };
    const cookie = /(?:^|; )sid=([^;]*)/.exec(asked.headers['cookie'] ?? '')?.[1] ?? '';
    const refused = reply(401, headers, '{"message":"not authorised"}');
    if (asked.kind === 'other') return reply(404, headers, '{"message":"nothing here"}');
    if (asked.kind === 'login') {
      const { username, password } = JSON.parse(asked.body.toString()) as Record<string, unknown>;
      if (username !== options.username || password !== options.password) return refused;
      const sid = `canary-session-${++logins}`;
      sessions.add(sid);
      return reply(200, { ...headers, 'Set-Cookie': `sid=${sid}; Path=/; HttpOnly` }, '{"status":"ok"}');
    }
    if (asked.kind === 'logout') {
      sessions.delete(cookie);
      return reply(200, headers, '{}');
    }
    const allowed = options.session ? sessions.has(cookie) : asked.headers['x-api-key'] === options.apiKey;
    return allowed ? reply(200, headers, pageOf(asked)) : refused;
  }

  function pageOf({ path }: RawRequest): string {
    const { searchParams } = new URL(path, 'http://vendor');
    const from = Date.parse(searchParams.get('from') ?? '');
    const until = Date.parse(searchParams.get('until') ?? '');
    const offset = Number((searchParams.get('cursor') ?? 'c0').slice(1));
    const size = Number(searchParams.get('size') ?? 2);
    const branch = searchParams.get('branch');
    const found = records
      .filter(({ time }) => time >= from && time <= until)
      .filter(({ id }) => branch === null || options.branchOf?.(id) === branch)
      .toSorted((one, other) => one.time - other.time);
    const texts = found.slice(offset, offset + size).map(({ text }) => text);
    const next = offset + size < found.length ? `"c${offset + size}"` : 'null';
    return `{"records":[${texts.join(',')}],"next":${next},"total":${found.length}}`;
  }

  const behave: Behaviour = (socket, request) => {
    const asked = classify(request);
    requests.push(asked);
    const truth = honest(asked);
    const instead = vendor.fault?.(asked, truth) ?? truth;
    if (typeof instead === 'function') return instead(socket, asked);
    socket.write(instead);
    return undefined;
  };

  async function listen(port?: number): Promise<RawServer> {
    return rawServer(behave, {
      ...(tls === undefined ? {} : { tls }),
      ...(port === undefined ? {} : { port }),
      onConnection(socket) {
        connections += 1;
        return vendor.onConnection?.(socket) ?? false;
      },
    });
  }

  server = await listen();
  const { port, url } = server;
  const vendor: FaultVendor = {
    url,
    port,
    requests,
    records,
    sessions,
    fault: undefined,
    onConnection: undefined,
    get connections() {
      return connections;
    },
    add(id, secondsAgo, text) {
      const time = options.now() - secondsAgo * 1000;
      const record = { id, time, text: text ?? recordText(id, time) };
      records.push(record);
      return record;
    },
    down: () => server.close(),
    async up(other) {
      tls = other ?? tls;
      server = await listen(port);
    },
  };
  return vendor;
}

/** A record with what JSON.parse and JSON.stringify would spoil. */
export function recordText(id: string, time: number): string {
  return `{"id":${JSON.stringify(id)},"time":"${new Date(time).toISOString()}","n":12345678901234567890,"f":1.10}`;
}
