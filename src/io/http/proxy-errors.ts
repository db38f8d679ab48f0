/** Failures of a proxy on the way, which look like those of the server behind it. */
import { check, ofSettings } from '../../core/hint.ts';
import { exit, Problem } from '../../core/problem.ts';
import { tlsTrouble } from '../connection/tls-errors.ts';
import { codeOf, network, transientCodes, unconnected, notHttp } from './connection-codes.ts';
import type { Where } from './http-errors.ts';
import type { Proxy } from './proxy.ts';

const absent = [...unconnected, 'EHOSTUNREACH', 'ENETUNREACH'];

/** undici says in words what the proxy answered, and hides the error of a certificate for another name behind its own. */
export function proxyTrouble(error: Error, code: string, where: Pick<Where, 'proxy' | 'url'>): Problem | undefined {
  const { proxy, url } = where;
  if (proxy === undefined) return undefined;
  if (code === 'UND_ERR_PRX_TLS' && error.cause instanceof Error) {
    return proxyTrouble(error.cause, codeOf(error.cause), where);
  }
  const text = `the proxy ${proxy.origin}`;
  const settings = check([proxy.name, 'NO_PROXY']);
  const isAtProxy = 'atProxy' in error;
  const tls = isAtProxy ? tlsTrouble(code, undefined, 'HTTP', undefined) : undefined;
  if (tls !== undefined) {
    const [what, hint, status = exit.protocol] = tls;
    return new Problem(status, `${text} ${what} (${code})`, { hint });
  }
  const answer = /Proxy (?:response|Authentication Required) \((\d{3})\)/.exec(error.message)?.[1];
  if (answer !== undefined) return noTunnel(answer, text, proxy, url);
  const [failing] = (isAtProxy && transientCodes.get(code)) || [];
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
  const strange = isAtProxy ? notHttp(error, code) : undefined;
  return strange === undefined ? undefined : new Problem(exit.protocol, `${text} ${strange}`, { hint: settings });
}

/** The proxy, named by `text`, answered the request for a tunnel with this HTTP status. */
function noTunnel(status: string, text: string, { name, token }: Proxy, url: URL): Problem {
  if (status === '407') {
    return token !== undefined
      ? new Problem(exit.noperm, `${text} refused our credentials (HTTP 407)`, {
          hint: check([name], ': the user name and password in it, with special characters as %40 and the like'),
        })
      : new Problem(exit.noperm, `${text} wants a user name and password (HTTP 407)`, {
          hint: ofSettings(
            [name],
            (place) => `put them into ${name}${place}, as http://USER:PASSWORD@proxy.example:3128`,
          ),
        });
  }
  if (status.startsWith('5')) {
    return new Problem(exit.unavailable, `${text} could not reach ${url.origin} (HTTP ${status})`, {
      hint: network,
      again: {},
    });
  }
  return new Problem(exit.config, `${text} refused to connect to ${url.origin} (HTTP ${status})`, {
    hint: 'have the proxy allow it, or name the host in NO_PROXY',
  });
}
