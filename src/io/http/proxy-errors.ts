/** Failures of a proxy on the way, which look like those of the server behind it. */
import { check } from '../../core/hint.ts';
import { exit, Problem } from '../../core/problem.ts';
import { tlsTrouble } from '../connection/tls-errors.ts';
import { codeOf, network, transientCodes, unconnected, unreadable } from './connection-codes.ts';
import type { Where } from './http-errors.ts';

const settings = check(['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY']);
const absent = [...unconnected, 'EHOSTUNREACH', 'ENETUNREACH'];

/** undici says in words what the proxy answered, and hides the error of a certificate for another name behind its own. */
export function proxyTrouble(error: Error, code: string, where: Pick<Where, 'proxy' | 'url'>): Problem | undefined {
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
  const isMute = code === 'UND_ERR_HEADERS_TIMEOUT'; // only the request for a tunnel has a limit of its own
  const how = absent.includes(code) ? 'cannot be reached' : isMute ? 'opened no tunnel in time' : failing;
  if (how !== undefined) {
    return new Problem(exit.unavailable, `${text} ${how} (${code})`, {
      hint: settings,
      again: {
        ...(code === 'ENOTFOUND' && { once: true }),
        ...(unconnected.has(code) && { untaken: true }),
      },
    });
  }
  const strange = 'atProxy' in error ? unreadable(error, code) : undefined;
  if (strange !== undefined) return new Problem(exit.protocol, `${text} ${strange}`, { hint: settings });
  return undefined;
}
