/**
 * Every failure of a connection becomes a Problem here, and only here. The message names code, method, origin and path, but
 * never a query, a header, a body or an error object, since all of them can carry secrets, and no path that is known to hold
 * one.
 */
import { atAddress, type Hint } from '../../core/hint.ts';
import { exit, Problem, type ExitStatus, type ProblemOptions } from '../../core/problem.ts';
import { wrongService } from '../../core/http-problem.ts';
import { badGateway } from '../../core/http-status.ts';
import { isLoopback } from '../../core/origin.ts';
import { redacted } from '../scrub.ts';
import { tlsTrouble, type Validity } from '../connection/tls-errors.ts';
import {
  brokenCodes,
  codeOf,
  cutShortCodes,
  inVain,
  network,
  transientCodes,
  unconnected,
  notHttp,
} from './connection-codes.ts';
import type { Proxy } from './proxy.ts';
import { proxyTrouble } from './proxy-errors.ts';

/** The request that failed. */
export interface Where {
  readonly role: 'source' | 'sink';
  readonly method: string;
  readonly url: URL;
  /** The client's address holds a secret: its paths are never shown. */
  readonly isSecret?: boolean;
  /** The proxy on the way. */
  readonly proxy?: Proxy | undefined;
  /** What may be behind it when the other side breaks the connection, for the hint. */
  readonly whenBroken?: string | undefined;
  /** A reply of it has come, or a part of one. */
  readonly answered?: boolean;
}

/** The Problem behind an error of undici, zlib or the system. An error that none of them makes is returned as it is. */
export function connectionProblem(error: unknown, where: Where): unknown {
  if (error instanceof Problem || !(error instanceof Error)) return error;
  if (isHandshake(error.cause)) return connectionProblem(error.cause, where);
  // undici's parser is WebAssembly, for which V8 reserves 10 GB of addresses, and uses next to none of them.
  if (error instanceof RangeError && error.message.startsWith('WebAssembly')) {
    return new Problem(exit.ioerr, `this process may not have the address space that Node wants (${error.message})`, {
      hint: 'raise its limit (ulimit -v, or LimitAS=), or set NODE_OPTIONS=--disable-wasm-trap-handler',
      cause: error,
    });
  }
  const code = codeOf(error);
  const proxy = proxyTrouble(error, code, where);
  if (proxy !== undefined) return proxy;

  const plain = where.url.protocol === 'https:' ? 'HTTP' : 'TCP';
  const tls = tlsTrouble(code, (error as { cert?: Validity }).cert, plain, where.role);
  if (tls !== undefined) {
    const [what, hint, status = exit.protocol] = tls;
    return problem(status, where, what, { code, hint });
  }
  if (code === 'ENOTFOUND') {
    const hint = orProxy(
      atAddress((url) => `check ${url} and the name server`),
      where,
    );
    return problem(exit.unavailable, where, 'has a host name that does not resolve', {
      code,
      hint,
      again: { once: true, untaken: true },
    });
  }
  const strange = notHttp(error, code);
  if (strange !== undefined) return problem(exit.protocol, where, strange, { code, hint: wrongService });
  const transient = transientProblem(error, code, where);
  if (transient !== undefined) return transient;
  const isSystem = code.startsWith('E') && !code.startsWith('ERR_');
  if (isSystem || (code.startsWith('UND_ERR_') && !code.startsWith('UND_ERR_INVALID_'))) {
    return problem(exit.unavailable, where, 'could not be reached', { code, hint: network, again: {} });
  }
  return error;
}

/** The Problem of a code in `transientCodes`; undefined for any other. */
function transientProblem(error: Error, code: string, where: Where): Problem | undefined {
  const transient = transientCodes.get(code);
  if (transient === undefined) return undefined;
  const [what, standard] = transient;
  const mayBeTls = isBroken(error) && !hasAnswered(error, where);
  const hint = mayBeTls ? orTls(standard, where) : inVain.has(code) ? orProxy(standard, where) : standard;
  const again = unconnected.has(code) ? ({ untaken: true } as const) : {};
  // What takes the vendor, or a proxy on the way, too long is often told by nothing else.
  const httpStatus = cutShortCodes.has(code) ? badGateway : undefined;
  return problem(exit.unavailable, where, what, { code, hint, again, httpStatus });
}

/** The Problem of a connection that is not made in time, which undici reports late, or only after the time is over. */
export function unaccepted(where: Where): unknown {
  return connectionProblem(Object.assign(new Error(), { code: 'UND_ERR_CONNECT_TIMEOUT' }), where);
}

/** Whether a connection broke. */
export function isBroken(error: unknown): boolean {
  return error instanceof Error && brokenCodes.has(codeOf(error));
}

/** The hint, with what may be behind it, and, where we do not speak TLS, that the other side may. */
export function orTls(hint: Hint, { url, whenBroken }: Where): Hint {
  const meant = { 'http:': 'https://', 'tcp:': 'tls://' }[url.protocol];
  const tls = meant && atAddress((name) => `if it speaks TLS there, ${name} begins with ${meant}`);
  return [hint, whenBroken, tls];
}

/** The hint for a host that was looked for in vain, with the setting that cron does not inherit from a login shell. */
function orProxy(hint: Hint, { url }: Where): Hint {
  const setting = { 'http:': 'HTTP_PROXY', 'https:': 'HTTPS_PROXY' }[url.protocol];
  return setting === undefined || isLoopback(url.hostname)
    ? hint
    : [hint, `where only a proxy leads out, set ${setting}`];
}

/** Whether a byte has come from there: TLS servers answer plain HTTP with nothing. undici says what its socket has read. */
function hasAnswered(error: unknown, { answered = false }: Where): boolean {
  return answered || ((error as { socket?: { bytesRead?: number } }).socket?.bytesRead ?? 0) > 0;
}

/** A Problem about one request: `source https://host <what> (CODE, GET /path)`, or `sink tls://host <what> (CODE, TLS)`. */
export function problem(
  status: ExitStatus,
  where: Where,
  what: string,
  {
    hint,
    code = '',
    again,
    httpStatus,
  }: { readonly hint: Hint; readonly code?: string } & Pick<ProblemOptions, 'again' | 'httpStatus'>,
): Problem {
  const detail = code === '' ? '' : `${code}, `;
  const { role, method, url } = where;
  const request = `${detail}${method} ${pathOf(where)}`.trimEnd();
  return new Problem(status, `${role} ${url.protocol}//${url.host} ${what} (${request})`, {
    hint,
    again,
    httpStatus,
    host: url.host,
  });
}

/** The path as it may be shown. */
export function pathOf({ url, isSecret }: Where): string {
  return isSecret === true ? redacted : url.pathname;
}

/** Whether it is an error of the TLS handshake, which another error may wrap. */
function isHandshake(error: unknown): error is Error {
  return error instanceof Error && codeOf(error).startsWith('ERR_SSL_');
}
