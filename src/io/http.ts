/**
 * The one door to HTTP. A client belongs to one origin: its credentials and cookies never reach another one, whatever a
 * reply says. One attempt a call; when to try again is decided in core/retry.ts.
 */
import { isSuccessful } from '../core/http-status.ts';
import { parseBase, resolveSameOrigin } from '../core/origin.ts';
import type { Http, HttpReply, HttpRequest, Tools } from '../core/tools.ts';
import { acceptedEncodings, checkEncoding, discardBody, readBody, readText } from './http/body.ts';
import { cookieJar } from './http/cookies.ts';
import { openClient } from './http/client.ts';
import type { Client, Course, Dispatched, RawReply } from './http/dispatcher.ts';
import { beginExchange, type Exchange } from './http/exchange.ts';
import { reached } from './failpoint.ts';
import { dateOf, incomingHeaders, outgoingHeaders } from './http/headers.ts';
import { connectionProblem, isBroken, pathOf, type Where } from './http/http-errors.ts';
import { mayBeOf, proxyFor } from './http/proxy.ts';
import { followRedirect, isRedirect } from './http/redirects.ts';
import { unless } from './streams/unless.ts';
import { refuseUnprotected, type Trust } from './connection/tls.ts';

export interface HttpOptions extends Trust {
  /** Total limit of one request, its body included, in milliseconds; time spent on the caller's side does not count. */
  readonly timeout: number;
  /** Default: 10 s, at most `timeout`. */
  readonly connectTimeout?: number;
  /** Ends what is under way; its reason is a Problem and is thrown as it is. */
  readonly stop: AbortSignal;
  /** When the time of the run is over, in milliseconds since 1970, for final requests: nothing else ends them. */
  readonly until: number;
  readonly now: () => number;
  readonly debug: Tools['debug'];
  readonly hide: Tools['hide'];
  readonly isSecret: Tools['isSecret'];
  readonly role: 'source' | 'sink';
}

/** Limits of a final request, in milliseconds: whoever stops the run does not wait for a polite vendor. */
const farewell = 5000;
const leastFarewell = 1000; // a session that is left open at each run costs more than this second

/** Opens a client for the origin of `base`. Nothing is loaded or connected before the first request. */
export function openHttp(base: string, options: HttpOptions): Http {
  const home = parseBase(base);
  refuseUnprotected(home, options);
  const proxy = proxyFor(home, options.environment);
  const jar = cookieJar(home, options.hide);
  const isSecret = options.isSecret(base);
  const underWay = new Set<Exchange>();
  let client: Promise<Client> | undefined;
  let acceptEncoding = acceptedEncodings;
  let answered = false;

  async function send(request: HttpRequest): Promise<HttpReply> {
    const stop = request.final === true ? undefined : options.stop;
    if (stop?.aborted === true) throw stop.reason;
    const url = resolveSameOrigin(base, request.url);
    let where: Where = { role: options.role, method: request.method, url, isSecret, proxy };
    const headers = outgoingHeaders(request.headers ?? {}, where);
    const left = Math.max(leastFarewell, options.until - options.now());
    const timeout = request.final === true ? Math.min(options.timeout, farewell, left) : options.timeout;
    const exchange = beginExchange(timeout, stop, () => where);
    underWay.add(exchange);
    try {
      for (let count = 0; ; count++) {
        const reply = await ask(request, headers, where, exchange);
        if (!isRedirect(reply.statusCode) || request.keepRedirect === true) return toReply(reply, where, exchange);
        await discardBody(reply.body);
        const { statusCode: status, headers: replied } = reply;
        const redirect = { status, location: replied['location'], count, allowed: request.followRedirects };
        where = { ...where, url: followRedirect(redirect, where) };
      }
    } catch (error) {
      exchange.abort();
      underWay.delete(exchange);
      throw connectionProblem(error, { ...where, answered });
    }
  }

  /** One request and the head of its reply. */
  async function ask(
    request: HttpRequest,
    headers: Readonly<Record<string, string>>,
    where: Where,
    exchange: Exchange,
  ): Promise<RawReply> {
    client ??= openClient(home, proxy, options);
    const opened = await client;
    const { pathname, search } = where.url;
    const { method, body = null, repeatable = method === 'GET', isSuccess = isSuccessful } = request;
    const cookie = jar.header(pathname, options.now());
    const own = {
      'user-agent': 'audit-export',
      'accept-encoding': acceptEncoding,
      ...(cookie !== undefined && { cookie }),
    };
    const path = pathname + search;
    const asked = { origin: home.origin, path, method, headers: { ...own, ...headers }, body, signal: exchange.signal };
    const started = options.now();
    exchange.waits();
    // undici looks at a signal once the request is on a connection: until there is one, nobody would be heard.
    const reply = await unless(
      exchange.signal,
      dispatch(opened, asked, where, { begins: exchange.begins, isSuccess }, repeatable),
    );
    reached('http: reply headers');
    answered = true;
    jar.store([reply.headers['set-cookie'] ?? []].flat(), pathname, options.now(), dateOf(reply.headers));
    const milliseconds = options.now() - started;
    options.debug('http', { method, path: pathOf(where), status: reply.statusCode, milliseconds });
    return reply;
  }

  /** Sent once more, on a fresh connection, if the idle one turns out to have died meanwhile. */
  async function dispatch(
    opened: Client,
    asked: Dispatched,
    where: Where,
    course: Course,
    isRepeatable: boolean,
  ): Promise<RawReply> {
    for (let isAgain = false; ; isAgain = true) {
      try {
        const reply = opened.dispatch(asked, course);
        reached('http: request sent');
        return await reply;
      } catch (error) {
        if (isAgain || !answered || !isRepeatable || !isBroken(error) || asked.signal.aborted) throw error;
        options.debug('the idle connection was gone, sending again', { method: where.method, path: pathOf(where) });
      }
    }
  }

  function toReply(reply: RawReply, where: Where, exchange: Exchange): HttpReply {
    exchange.limit.pause();
    const headers = incomingHeaders(reply.headers);
    const date = dateOf(reply.headers);
    const body = readBody(reply.body, {
      where: { ...where, answered },
      encoding: checkEncoding(headers['content-encoding'], where),
      limit: exchange.limit,
      misencoded: () => (acceptEncoding = 'identity'),
      finished() {
        exchange.end();
        underWay.delete(exchange);
      },
    });
    return {
      status: reply.statusCode,
      url: where.url.href,
      headers,
      orProxy: mayBeOf(proxy, home),
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
    cookie: (name) => jar.value(name, options.now()),
    forgetCookies: jar.clear,
    async close() {
      for (const exchange of underWay) exchange.end();
      underWay.clear();
      const opened = await client?.catch(() => undefined); // a client that could not be opened has been reported
      await opened?.close();
    },
  };
}
