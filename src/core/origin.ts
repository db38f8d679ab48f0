/**
 * Same-origin checks. Credentials belong to one origin (scheme, host, port); nothing that a server says may take them
 * to another one. All comparisons are made on parsed WHATWG URLs, because `//evil`, `/\evil`, `https:\\evil` and
 * `https://good@evil` all look harmless as text and all lead to evil.
 */
import { atAddress } from './hint.ts';
import { exit, Problem } from './problem.ts';
import { serverText } from './text/shown.ts';

/** Parses a base address: http or https, without user info. Throws Problem 78. */
export function parseBase(base: string): URL {
  const url = parse(base);
  const hint = 'give an address such as https://vendor.example, without user name and password';
  if (url === undefined) throw new Problem(exit.config, 'the address is not a URL', { hint });
  if (!isHttp(url)) throw new Problem(exit.config, `the address is not http or https but ${url.protocol}`, { hint });
  if (hasUserInfo(url)) throw new Problem(exit.config, `the address of ${url.host} contains user info`, { hint });
  return url;
}

/**
 * Resolves an address that a server sent (a `next` link, a `Location`), or that a source names, against `base`.
 * Throws Problem 76 when it leads anywhere but to the origin of `base`.
 */
export function resolveSameOrigin(base: string, target: string): URL {
  const home = parseBase(base);
  const url = parse(target, home);
  if (url === undefined) throw foreign(home, 'an address that is not a URL');
  if (!isHttp(url)) throw foreign(home, `an address that begins with ${url.protocol}`);
  if (hasUserInfo(url)) throw foreign(home, `an address with user info at ${url.origin}`);
  if (url.origin !== home.origin) throw foreign(home, url.origin);
  return url;
}

/** Whether a host name of a parsed URL never leaves this machine: localhost, 127.0.0.0/8, ::1. */
export function isLoopback(hostname: string): boolean {
  // A parsed URL has its IPv4 address normalised to four decimal numbers; 127.example.com has letters.
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function parse(text: string, base?: URL): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined; // the error of `new URL` carries the text, which may hold a password
  }
}

function isHttp(url: URL): boolean {
  return url.protocol === 'https:' || url.protocol === 'http:';
}

function hasUserInfo(url: URL): boolean {
  return url.username !== '' || url.password !== '';
}

function foreign(home: URL, where: string): Problem {
  return new Problem(exit.protocol, `${home.origin} leads to ${serverText(where)}, which is not followed`, {
    hint: [
      `credentials are only ever sent to ${home.origin}`,
      atAddress((url) => `if the service moved, change ${url}`),
      'if a proxy stands before it, let the proxy pass on the scheme and host that were asked for (X-Forwarded-Proto, Host)',
    ],
    host: home.host,
  });
}
