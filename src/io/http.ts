/**
 * The one door to HTTP, and the only file that knows undici. A client belongs to one origin: its credentials and cookies
 * never reach another one, whatever a reply says. One attempt a call; when to try again is decided in core/retry.ts.
 */
import type { Dispatcher } from 'undici';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import type { Connect } from 'undici/lib/core/connect.js';
import { parseHttpDate } from '../core/http-date.ts';
import { parseBase, resolveSameOrigin } from '../core/origin.ts';
import { exit } from '../core/problem.ts';
import type { Http, HttpReply, HttpRequest, Tools } from '../core/types.ts';
import { acceptedEncodings, checkEncoding, discardBody, readBody, readText } from './body.ts';
import { cookieJar } from './cookies.ts';
import { reached } from './failpoint.ts';
import { connectionProblem, problem, type Where } from './http-errors.ts';
import { proxyFor, type Proxy } from './proxy.ts';
import { timeLimit, type TimeLimit } from './time-limit.ts';
import { refuseUnprotected, tlsOptions, type Trust } from './tls.ts';

export interface HttpOptions extends Trust {
  /** Total limit of one request, its body included, in milliseconds; time spent on the caller's side does not count. */
  readonly timeout: number;
  /** Default: 10 s, at most `timeout`. */
  readonly connectTimeout?: number;
  /** Default: 30 s, at most `timeout`. */
  readonly headersTimeout?: number;
  /** Ends what is under way; its reason is a Problem and is thrown as it is. */
  readonly stop?: AbortSignal;
  readonly now: () => number;
  readonly debug?: Tools['debug'];
  /** For messages. */
  readonly role: 'source' | 'sink';
}

/** Redirects followed for one request, all within the origin. */
const maxRedirects = 3;

/** Opens a client for the origin of `base`. Nothing is loaded or connected before the first request. */
export function openHttp(base: string, options: HttpOptions): Http {
  const home = parseBase(base);
  refuseUnprotected(home, options);
  const proxy = proxyFor(home, options.environment);
  const jar = cookieJar(home);
  const underWay = new Set<Exchange>();
  let client: Promise<Client> | undefined;
  let acceptEncoding = acceptedEncodings;
  let answered = false;

  async function send(request: HttpRequest): Promise<HttpReply> {
    if (options.stop?.aborted === true) throw options.stop.reason;
    const url = resolveSameOrigin(base, request.url);
    let where: Where = { role: options.role, method: request.method, url, proxy: proxy?.origin };
    const headers = checkedHeaders(request, where);
    const exchange = begin(options, () => where);
    underWay.add(exchange);
    const finished = (): void => {
      exchange.end();
      underWay.delete(exchange);
    };
    try {
      for (let redirects = 0; ; redirects++) {
        const reply = await ask(request, headers, where, exchange);
        if (!isRedirect(reply.statusCode)) return toReply(reply, request, where, exchange, finished);
        await discardBody(reply.body);
        where = { ...where, url: redirected(base, request, reply, where, redirects) };
      }
    } catch (error) {
      finished();
      throw connectionProblem(error, where);
    }
  }

  /** One request and the head of its reply, on a fresh connection if the old one turns out to have died meanwhile. */
  async function ask(
    request: HttpRequest,
    headers: Readonly<Record<string, string>>,
    { url }: Where,
    exchange: Exchange,
  ): Promise<Dispatcher.ResponseData> {
    client ??= openClient(home, proxy, options);
    const { send: dispatch } = await client;
    const cookie = jar.header(options.now());
    const dispatched: Dispatcher.RequestOptions = {
      origin: home.origin,
      path: url.pathname + url.search,
      method: request.method,
      headers: {
        'user-agent': 'audit-export',
        'accept-encoding': acceptEncoding,
        ...(cookie !== undefined && { cookie }),
        ...headers,
      },
      body: request.body ?? null,
      signal: exchange.signal,
    };
    const started = options.now();
    const reply = await dispatch(dispatched).catch((error: unknown) => {
      const repeatable = request.repeatable ?? request.method === 'GET';
      if (!answered || !repeatable || !isBroken(error) || exchange.signal.aborted) throw error;
      options.debug?.('the idle connection was gone, sending again', { method: request.method, path: url.pathname });
      return dispatch(dispatched);
    });
    reached('http: reply headers');
    answered = true;
    jar.store([reply.headers['set-cookie'] ?? []].flat(), options.now());
    options.debug?.('http', {
      method: request.method,
      path: url.pathname,
      status: reply.statusCode,
      milliseconds: options.now() - started,
    });
    return reply;
  }

  function toReply(
    reply: Dispatcher.ResponseData,
    request: HttpRequest,
    where: Where,
    exchange: Exchange,
    finished: () => void,
  ): HttpReply {
    exchange.limit.pause();
    const headers = plainHeaders(reply.headers);
    const encoding = (headers['content-encoding'] ?? '').trim().toLowerCase();
    checkEncoding(encoding, where);
    const date = parseHttpDate(headers['date'] ?? '');
    const body = readBody(reply.body, {
      where,
      encoding,
      maxBytes: request.maxBytes ?? Infinity,
      limit: exchange.limit,
      finished,
      misencoded: () => (acceptEncoding = 'identity'),
    });
    return {
      status: reply.statusCode,
      url: where.url.href,
      headers,
      date: date === undefined ? undefined : BigInt(date) * 1_000_000n,
      body,
      text: (limit = 1024 * 1024) => readText(body, limit),
      discard: () => discardBody(body),
    };
  }

  return {
    send,
    get cookies() {
      return jar.size;
    },
    async close() {
      for (const exchange of underWay) exchange.end();
      underWay.clear();
      const opened = await client?.catch(() => undefined); // a client that could not be opened has been reported
      await opened?.close();
    },
  };
}

// ------------------------------------------------------------------------------------------- one exchange

interface Exchange {
  readonly signal: AbortSignal;
  readonly limit: TimeLimit;
  /** Lets go of the timer and of the stop signal. */
  end(): void;
}

/** Starts the clock of a request, and ties it to the stop signal. */
function begin({ timeout, stop }: HttpOptions, where: () => Where): Exchange {
  const controller = new AbortController();
  const limit = timeLimit(timeout, () => {
    const what = `did not complete its reply within ${timeout / 1000} s`;
    const hint = 'ask for less at once, or give it more time with --timeout';
    controller.abort(problem(exit.unavailable, where(), what, undefined, hint, {}));
  });
  // AbortSignal.any would keep every request alive as long as the run's own signal.
  const onStop = (): void => controller.abort(stop?.reason);
  stop?.addEventListener('abort', onStop, { once: true });
  limit.run();
  return {
    signal: controller.signal,
    limit,
    end() {
      limit.pause();
      stop?.removeEventListener('abort', onStop);
    },
  };
}

/** Lower-case names, values that cannot break out of their line. */
function checkedHeaders({ headers = {} }: HttpRequest, where: Where): Readonly<Record<string, string>> {
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  for (const [name, value] of entries) {
    if (/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) continue;
    const what = `cannot be sent the header ${name}: its value has characters that headers cannot carry`;
    throw problem(
      exit.config,
      where,
      what,
      undefined,
      'look for a line break or a typographic character in the setting it comes from',
    );
  }
  return Object.fromEntries(entries);
}

/** Repeated headers joined as RFC 9110 section 5.3 says. Cookies stay in here: they are secrets of this client. */
function plainHeaders(headers: Dispatcher.ResponseData['headers']): Readonly<Record<string, string>> {
  const entries = Object.entries(headers).filter(([name, value]) => value !== undefined && name !== 'set-cookie');
  return Object.fromEntries(entries.map(([name, value]) => [name, [value].flat().join(', ')]));
}

// ------------------------------------------------------------------------------------------- redirects

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/** The address to go on with: in the same origin, for a request that stays the same. Throws Problem 76 otherwise. */
function redirected(
  base: string,
  request: HttpRequest,
  reply: Dispatcher.ResponseData,
  where: Where,
  redirects: number,
): URL {
  const { location } = reply.headers;
  const status = `HTTP ${reply.statusCode}`;
  const hint = 'check the URL in the settings: it should be the final address of the API';
  if (typeof location !== 'string') throw problem(exit.protocol, where, 'redirects to nowhere', status, hint);
  if (redirects >= maxRedirects)
    throw problem(exit.protocol, where, `redirects more than ${maxRedirects} times`, status, hint);
  const url = resolveSameOrigin(base, resolve(location, where.url));
  if (request.method !== 'GET' && reply.statusCode < 307) {
    throw problem(exit.protocol, where, `redirects a ${request.method}, which would lose its body`, status, hint);
  }
  return url;
}

/** A relative location starts from the address that was asked, not from the base. */
function resolve(location: string, from: URL): string {
  return URL.canParse(location, from) ? new URL(location, from).href : location;
}

// ------------------------------------------------------------------------------------------- undici

interface Client {
  send(options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData>;
  close(): Promise<void>;
}

/** Loads the few parts of undici that one origin needs, and connects them with our TLS options and the proxy. */
async function openClient(home: URL, proxy: Proxy | undefined, options: HttpOptions): Promise<Client> {
  // V8 of Node 20 optimises undici's parser for 60 ms and more before its first byte; it parses headers, not bodies.
  if (process.versions.node.startsWith('20.')) (await import('node:v8')).setFlagsFromString('--liftoff-only');
  const secure = home.protocol === 'https:' || proxy?.origin.startsWith('https:') === true;
  const tls: ConnectionOptions = secure ? await tlsOptions(options) : {};
  const timeouts = { headersTimeout: Math.min(options.headersTimeout ?? 30_000, options.timeout), bodyTimeout: 0 };
  const connection = {
    ...tls,
    timeout: Math.min(options.connectTimeout ?? 10_000, options.timeout),
    // Node's 250 ms for each address give up on servers that are merely far away.
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: 1000,
  };
  const [{ default: request }, { default: Pool }] = await Promise.all([
    import('undici/lib/api/api-request.js'),
    import('undici/lib/dispatcher/pool.js'),
  ]);

  let dispatcher: Dispatcher;
  if (proxy === undefined) {
    const { default: buildConnector } = await import('undici/lib/core/connect.js');
    dispatcher = new Pool(home.origin, { ...timeouts, connect: withCertificate(buildConnector(connection)) });
  } else {
    const [{ default: ProxyAgent }, { default: connect }] = await Promise.all([
      import('undici/lib/dispatcher/proxy-agent.js'),
      import('undici/lib/api/api-connect.js'),
    ]);
    dispatcher = new ProxyAgent({
      ...timeouts,
      uri: proxy.origin,
      ...(proxy.token !== undefined && { token: proxy.token }),
      proxyTunnel: home.protocol === 'https:',
      proxyTls: connection,
      requestTls: connection,
      clientFactory: (origin, more) => Object.assign(new Pool(origin, { ...more, ...timeouts }), { connect }),
    });
  }
  return {
    send(dispatched) {
      const reply = request.call(dispatcher, dispatched);
      reached('http: request sent');
      return reply;
    },
    close: () => dispatcher.destroy(),
  };
}

/** Puts the server's certificate onto the error of a failed handshake, as Node does for a wrong host name alone. */
function withCertificate(connect: Connect): Connect {
  return (options, callback) => {
    let cert: unknown;
    const socket = connect(options, (...result) => {
      if (result[0] !== null && cert !== undefined) Object.assign(result[0], { cert });
      callback(...result);
    });
    // Once verification has failed the socket is closed and knows nothing; this comes just before.
    if (options.protocol === 'https:')
      socket.prependListener('secure', () => (cert = (socket as TLSSocket).getPeerCertificate()));
    return socket;
  };
}

/** A connection that broke before the reply began. */
function isBroken(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
}
