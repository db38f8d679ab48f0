/**
 * Every failure of a connection becomes a Problem here, and only here. The message names code, method, origin and path, but
 * never a query, a header, a body or an error object, since all of them can carry secrets, and no path that is known to hold
 * one.
 */
import { exit, Problem, type ExitStatus, type ProblemOptions } from '../../core/problem.ts';
import { errorCode } from '../error-code.ts';
import { redacted } from '../scrub.ts';
import { tlsTrouble, type Validity } from '../tls.ts';

/** The request that failed. */
export interface Where {
  readonly role: 'source' | 'sink';
  readonly method: string;
  readonly url: URL;
  /** The client's address holds a secret: its paths are told to nobody. */
  readonly isSecret?: boolean;
  /** The proxy on the way, without user info. */
  readonly proxy?: string | undefined;
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

  const tls = tlsTrouble(code, (error as { cert?: Validity }).cert, where.url.protocol === 'https:' ? 'HTTP' : 'TCP');
  if (tls !== undefined) return problem(tls[2] ?? exit.protocol, where, tls[0], { code, hint: tls[1] });
  if (code === 'ENOTFOUND') {
    const hint = 'check the URL and the name server';
    return problem(exit.unavailable, where, 'has a host name that does not resolve', {
      code,
      hint,
      again: { once: true, untaken: true },
    });
  }
  const transient = transientCodes.get(code);
  if (transient !== undefined) {
    const mayBeTls = isBroken(error) && !hasAnswered(error, where);
    const hint = mayBeTls ? orTls(transient[1], where) : transient[1];
    const again = unconnected.has(code) ? ({ untaken: true } as const) : {};
    return problem(exit.unavailable, where, transient[0], { code, hint, again });
  }
  if (code === 'UND_ERR_HEADERS_OVERFLOW') {
    return problem(exit.protocol, where, 'sent more than 16 KiB of headers', { code, hint: wrongService });
  }
  // undici asserts what a server may break: a status below 100, or one of 101 that nobody asked for.
  const isParsers =
    code.startsWith('HPE_') || error.name === 'HTTPParserError' || /\bat Parser\.on/.test(error.stack ?? '');
  if (isParsers) {
    return problem(exit.protocol, where, 'does not speak HTTP', { code, hint: wrongService });
  }
  const isSystem = code.startsWith('E') && !code.startsWith('ERR_');
  if (isSystem || (code.startsWith('UND_ERR_') && !code.startsWith('UND_ERR_INVALID_'))) {
    return problem(exit.unavailable, where, 'could not be reached', { code, hint: network, again: {} });
  }
  return error;
}

/** Whether a connection broke: what happens to an idle one that the server has closed meanwhile. */
export function isBroken(error: unknown): boolean {
  return error instanceof Error && ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(codeOf(error));
}

/** The hint, what may be behind it, and that it may be TLS that is spoken there, where it is not what we speak. */
export function orTls(hint: string, { url, whenBroken }: Where): string {
  const meant = { 'http:': 'https://', 'tcp:': 'tls://' }[url.protocol];
  const tls = meant === undefined ? undefined : `if it speaks TLS there, the URL begins with ${meant}`;
  return [hint, whenBroken, tls].filter((part) => part !== undefined).join('; ');
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
  }: { readonly hint: string; readonly code?: string } & Pick<ProblemOptions, 'again' | 'httpStatus'>,
): Problem {
  const detail = code === '' ? '' : `${code}, `;
  const { role, method, url } = where;
  const request = `${detail}${method} ${pathOf(where)}`.trimEnd();
  return new Problem(status, `${role} ${url.protocol}//${url.host} ${what} (${request})`, {
    hint,
    again,
    httpStatus,
  });
}

/** The path as it may be told. */
export function pathOf({ url, isSecret }: Where): string {
  return isSecret === true ? redacted : url.pathname;
}

const network = 'check the network and the service; the next run continues from here';
const wrongService = 'check the URL: something else may be answering there';

/** Codes of a connection that failed or broke: what happened, and what to do if it lasts. */
const transientCodes: ReadonlyMap<string, readonly [what: string, hint: string]> = new Map([
  ['ECONNREFUSED', ['refused the connection', 'check the host and port in the URL, and that the service is up']],
  ['ECONNRESET', ['broke the connection', network]],
  ['EPIPE', ['broke the connection', network]],
  ['UND_ERR_SOCKET', ['closed the connection before the end of the reply', network]],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', ['cut the reply short', network]],
  ['HPE_INVALID_EOF_STATE', ['cut the reply short', network]],
  ['Z_BUF_ERROR', ['cut the reply short', network]],
  ['ERR_STREAM_PREMATURE_CLOSE', ['cut the reply short', network]],
  [
    'UND_ERR_CONNECT_TIMEOUT',
    ['did not accept the connection in time', 'check the host, the port and the firewalls between'],
  ],
  ['ETIMEDOUT', ['did not answer in time', network]],
  ['EAI_AGAIN', ['has a host name that cannot be resolved now', 'check the name server']],
  [
    'EMFILE',
    ['could not be asked: too many files are open in this process', 'raise its limit (ulimit -n, or LimitNOFILE=)'],
  ],
  ['ENFILE', ['could not be asked: too many files are open on this machine', 'see which process has so many (lsof)']],
  ['UND_ERR_CLOSED', ['was given up here', network]],
  ['UND_ERR_DESTROYED', ['was given up here', network]],
]);

/** Codes of a connection that was never made. */
const unconnected = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

/** The error's code; of the several attempts of one connection (IPv6 and IPv4), the first that has one. */
function codeOf(error: Error): string {
  if (error instanceof AggregateError) {
    const codes = new Set(error.errors.map((each: unknown) => (each instanceof Error ? codeOf(each) : '')));
    codes.delete('');
    const [first] = codes;
    if (first !== undefined) return first;
  }
  return errorCode(error);
}

/** An error of the handshake, which another one may hide. */
function isHandshake(error: unknown): error is Error {
  return error instanceof Error && codeOf(error).startsWith('ERR_SSL_');
}

const absent = [...unconnected, 'EHOSTUNREACH', 'ENETUNREACH'];

/** undici says in words what the proxy answered, and hides the error of a certificate for another name behind its own. */
function proxyTrouble(error: Error, code: string, where: Where): Problem | undefined {
  if (where.proxy === undefined) return undefined;
  if (code === 'UND_ERR_PRX_TLS' && error.cause instanceof Error) {
    return proxyTrouble(error.cause, codeOf(error.cause), where);
  }
  const text = `the proxy ${where.proxy}`;
  const tls = 'atProxy' in error ? tlsTrouble(code, undefined, 'HTTP') : undefined;
  if (tls !== undefined) return new Problem(tls[2] ?? exit.protocol, `${text} ${tls[0]} (${code})`, { hint: tls[1] });
  const answer = /Proxy response \((\d{3})\)|Proxy Authentication Required \((407)\)/.exec(error.message);
  const status = answer?.[1] ?? answer?.[2];
  if (status === '407') {
    return new Problem(exit.noperm, `${text} refused our credentials (HTTP 407)`, {
      hint: 'put the user name and password of the proxy into HTTPS_PROXY (or HTTP_PROXY)',
    });
  }
  if (status !== undefined && status.startsWith('5')) {
    return new Problem(exit.unavailable, `${text} could not reach ${where.url.origin} (HTTP ${status})`, {
      hint: network,
      again: {},
    });
  }
  if (status !== undefined) {
    return new Problem(exit.config, `${text} refused to connect to ${where.url.origin} (HTTP ${status})`, {
      hint: 'have the proxy allow it, or name the host in NO_PROXY',
    });
  }
  const [failing] = ('atProxy' in error && transientCodes.get(code)) || [];
  const how = absent.includes(code) ? 'cannot be reached' : failing;
  if (how !== undefined) {
    return new Problem(exit.unavailable, `${text} ${how} (${code})`, {
      hint: 'check HTTPS_PROXY, HTTP_PROXY and NO_PROXY',
      again: {
        ...(code === 'ENOTFOUND' && { once: true }),
        ...(unconnected.has(code) && { untaken: true }),
      },
    });
  }
  return undefined;
}
