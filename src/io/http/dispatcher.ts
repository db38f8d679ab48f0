/**
 * The parts of undici that one origin needs, connected; the only file that knows undici. It is published as a file of its
 * own (test/tools/build.ts) and therefore imports nothing of ours that is used elsewhere.
 */
import type { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { buildConnector, Dispatcher } from 'undici';
import callConnect from 'undici/lib/api/api-connect.js';
import callRequest from 'undici/lib/api/api-request.js';
import buildConnect from 'undici/lib/core/connect.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import { connections, type Connections, holdUntilSent, readToEnd } from './whole-replies.ts';

export type Dispatched = Dispatcher.RequestOptions & { readonly signal: AbortSignal };
export type RawReply = Dispatcher.ResponseData;

/** `cert` and `key` are what the server is shown when it asks. */
type Connection = buildConnector.BuildOptions & Pick<ConnectionOptions, 'cert' | 'key'>;

export interface DispatcherOptions {
  readonly connection: Connection;
  readonly proxy: { readonly origin: string; readonly token?: string | undefined } | undefined;
  /** Sees every socket that is opened, and those through a proxy once more when they lead to the server. */
  readonly opened: (socket: Socket) => Socket;
}

/** No limits of undici's own: that of the whole request (exchange.ts) is for all of it. */
const timeouts = { headersTimeout: 0, bodyTimeout: 0 };

/** What is to be known of a request under way. */
export interface Course {
  /** Called when the request is on a connection and about to be written. */
  begins(): void;
  /** Whether a status means success: the body of such a reply ends only after all of the request has left. */
  isSuccess(status: number): boolean;
}

export interface Client {
  dispatch(options: Dispatched, course: Course): Promise<RawReply>;
  /** Ends every connection, one that is still being made as well. */
  close(): Promise<void>;
}

type Connector = ReturnType<typeof buildConnect>;
type Keep = (connect: Connector) => Connector;

/** A client of one origin; nothing is connected before the first request. */
export async function openDispatcher(origin: string, options: DispatcherOptions): Promise<Client> {
  const { proxy } = options;
  // undici lets go of a connection that is being made only once it has been made, or has not in time.
  const sockets = new Set<Socket>();
  const keep: Keep = (connect) => (to, callback) => {
    const socket = connected(connect, breaking)(to, callback);
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    return socket;
  };
  const dispatcher =
    proxy === undefined ? direct(origin, options, keep) : await throughProxy(origin, proxy, options, keep);
  const { next, close } = connections();
  return {
    dispatch: (dispatched, course) =>
      callRequest.call(telling(dispatcher, next, course), { ...timeouts, ...dispatched }),
    async close() {
      close();
      await dispatcher.destroy();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Several requests may be under way, some on a connection and some without one: undici tells only the handler of each. */
function telling(
  dispatcher: Dispatcher,
  next: Connections['next'],
  { begins, isSuccess }: Course,
): ThisParameterType<typeof callRequest> {
  return {
    dispatch(options, handler) {
      const { onConnect } = handler;
      let connection: Socket | undefined;
      handler.onConnect = (...told) => {
        begins();
        next((socket) => (connection = socket));
        onConnect?.apply(handler, told);
      };
      holdUntilSent(handler, () => connection, isSuccess);
      return dispatcher.dispatch(options, handler);
    },
  };
}

function direct(origin: string, { connection, opened }: DispatcherOptions, keep: Keep): Dispatcher {
  const connect = buildConnect(connection);
  return new Pool(origin, { connect: keep((to, callback) => opened(connect(to, callback))) });
}

async function throughProxy(
  origin: string,
  proxy: NonNullable<DispatcherOptions['proxy']>,
  { connection, opened }: DispatcherOptions,
  keep: Keep,
): Promise<Dispatcher> {
  const { default: ProxyAgent } = await import('undici/lib/dispatcher/proxy-agent.js');
  const proxyTls = withoutClient(connection); // the certificate is for the server, not for who stands on the way
  const connectTo = marking(buildConnect(proxyTls));
  const connect = keep((to, callback) => opened(connectTo(to, callback)));
  return new ProxyAgent({
    uri: proxy.origin,
    ...(proxy.token !== undefined && { token: proxy.token }),
    proxyTunnel: origin.startsWith('https:'),
    proxyTls,
    requestTls: connection,
    factory: (to, agent) => new Pool(to, showing(agent, opened)),
    clientFactory: (to) => {
      const pool = new Pool(to, { ...timeouts, connect });
      const limit = { headersTimeout: connection.timeout }; // a tunnel is part of a connection
      return Object.assign(pool, {
        connect: (asked: Dispatcher.ConnectOptions) => askForTunnel(pool, { ...asked, ...limit }),
      });
    },
  });
}

/** The options of the pool behind the proxy, which undici has made, with each socket seen once it is connected. */
function showing({ connect, ...rest }: { connect?: Connector }, opened: DispatcherOptions['opened']): Pool.Options {
  return connect === undefined ? rest : { ...rest, connect: connected(connect, (socket) => breaking(opened(socket))) };
}

/** The same connector, with each socket seen once it is connected, before undici listens to it. */
function connected(connect: Connector, see: DispatcherOptions['opened']): Connector {
  return (to, callback) =>
    connect(to, (...[error, socket]) => {
      if (error === null) callback(null, see(socket));
      else callback(error, null);
    });
}

/**
 * A connection that is reset completes no reply (RFC 9112 section 8). undici takes a body without a length for complete then,
 * and for broken off with any other code; so the error has one of undici's own until undici has seen it. A reset that comes
 * together with the last bytes looks like an ordinary end, which libuv makes of it.
 */
function breaking(socket: Socket): Socket {
  return readToEnd(socket).prependListener('error', (failure: NodeJS.ErrnoException) => {
    if (failure.code !== 'ECONNRESET') return;
    failure.code = 'UND_ERR_SOCKET';
    queueMicrotask(() => (failure.code = 'ECONNRESET'));
  });
}

/**
 * Where a proxy hangs up instead of answering, undici has an error after which it connects again: at once, for ever, and
 * with no time for a timer or a signal. So it is given another one.
 */
async function askForTunnel(pool: Dispatcher, asked: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> {
  try {
    return await callConnect.call(pool, asked);
  } catch (error) {
    const { code, cause } = error as NodeJS.ErrnoException;
    const isTakenSo = code === 'UND_ERR_SOCKET' || code === 'UND_ERR_INFO';
    const told = isTakenSo ? Object.assign(new Error('no tunnel'), { code: 'ECONNRESET' }) : (error as Error);
    // What the socket met first, see `opened`: the mark belongs to that.
    throw Object.assign(cause instanceof Error ? cause : told, { atProxy: true });
  }
}

/** Errors on the way to the proxy bear a mark: they look like those of the server behind it. */
function marking(connect: Connector): Connector {
  return (to, callback) =>
    connect(to, (...[error, socket]) => {
      if (error === null) callback(null, socket);
      else callback(Object.assign(error, { atProxy: true }), null);
    });
}

function withoutClient({ cert: _cert, key: _key, ...rest }: Connection): buildConnector.BuildOptions {
  return rest;
}
