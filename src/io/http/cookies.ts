/**
 * The cookies of one origin, by name and path (RFC 6265 section 5.3, as far as a client that never leaves its origin needs
 * it). A cookie without a path gets `/` here, and not, as in the RFC, the path of the login, which no vendor means; unless
 * the request carried a cookie of that name: then that one is renewed, so that no expired one stays beside it.
 */
import { parseHttpDate } from '../../core/clock/http-date.ts';
import { isLoopback } from '../../core/origin.ts';
import type { Tools } from '../../core/tools.ts';

export interface CookieJar {
  readonly size: number;
  /** The value of the cookie of that name; of several, that with the shortest path. */
  value(name: string, now: number): string | undefined;
  /** Forgets all cookies. */
  clear(): void;
  /**
   * The value of a `Cookie` header for a path, the longest path first, or undefined when there is none to send. A name
   * whose cookies match nowhere is sent all the same: some vendors set a path that is too narrow.
   */
  header(path: string, now: number): string | undefined;
  /**
   * Takes over `Set-Cookie` headers of the answer to a request for `path`. What is malformed, too large or meant for
   * another host is ignored. `date` is the time by the server's clock, if it tells: expiry dates go by that.
   */
  store(lines: readonly string[], path: string, now: number, date?: number): void;
}

interface Cookie {
  readonly name: string;
  readonly path: string;
  readonly value: string;
  readonly expires: number;
}

const maxCookies = 50;
const maxBytes = 4096;
/** Control characters; a semicolon would begin an attribute. */
const unsafe = /[\0-\x1f\x7f;]/;

/** `hide` is told every value that comes, and the one that it replaces, because a server may quote them in an error. */
export function cookieJar(origin: URL, hide: Tools['hide']): CookieJar {
  const jar = new Map<string, Cookie>();

  function remove(key: string): void {
    hide(undefined, jar.get(key)?.value);
    jar.delete(key);
  }

  /** The path of the cookie that a request came with: of several, the longest. */
  function pathAt(requested: string, name: string): string | undefined {
    const found = [...jar.values()].filter((cookie) => cookie.name === name && leadsTo(cookie.path, requested));
    return found.map(({ path }) => path).toSorted(longestFirst)[0];
  }

  function store(line: string, requested: string, now: number, date: number): void {
    if (line.length > maxBytes || unsafe.test(line.replaceAll(';', ''))) return;
    const [pair = '', ...attributes] = line.split(';');
    const [name, value] = split(pair);
    if (name === '' || !pair.includes('=')) return;
    let path = pathAt(requested, name) ?? '/';
    let expires = Infinity;
    let maxAge: number | undefined;
    for (const attribute of attributes) {
      const [key, text] = split(attribute);
      const lower = key.toLowerCase();
      if (lower === 'domain' && !belongs(origin.hostname, text)) return;
      if (lower === 'secure' && origin.protocol !== 'https:' && !isLoopback(origin.hostname)) return;
      if (lower === 'max-age' && /^-?\d+$/.test(text)) maxAge = Number(text);
      if (lower === 'path' && text.startsWith('/')) path = text;
      if (lower === 'expires') expires = now + (parseHttpDate(text) ?? Infinity) - date;
    }
    if (maxAge !== undefined) expires = now + maxAge * 1000; // it outranks Expires
    const key = `${name}=${path}`; // a name has no equals sign
    if (expires <= now) remove(key);
    else if (jar.has(key) || jar.size < maxCookies) {
      hide(value, jar.get(key)?.value);
      jar.set(key, { name, path, value, expires });
    }
  }

  return {
    get size() {
      return jar.size;
    },
    value(name, now) {
      const found = [...jar.values()].filter((cookie) => cookie.name === name && cookie.expires > now);
      return found.toSorted((one, other) => longestFirst(other.path, one.path))[0]?.value;
    },
    clear() {
      for (const key of jar.keys()) remove(key);
    },
    store(lines, path, now, date = now) {
      for (const line of lines) store(line, path, now, date);
    },
    header(path, now) {
      for (const [key, { expires }] of jar) if (expires <= now) remove(key);
      if (jar.size === 0) return undefined;
      const cookies = [...jar.values()];
      const matching = cookies.filter((cookie) => leadsTo(cookie.path, path));
      const named = new Set(matching.map(({ name }) => name));
      return [...matching, ...cookies.filter(({ name }) => !named.has(name))]
        .toSorted((one, other) => longestFirst(one.path, other.path))
        .map(({ name, value }) => `${name}=${value}`)
        .join('; ');
    },
  };
}

/** `a = b` to `['a', 'b']`; the value is empty when there is no equals sign. */
function split(text: string): readonly [name: string, value: string] {
  const at = text.indexOf('=');
  return at === -1 ? [text.trim(), ''] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

function longestFirst(one: string, other: string): number {
  return other.length - one.length;
}

/** RFC 6265 section 5.1.4: the path of a request is the cookie's, or below it. */
function leadsTo(path: string, requested: string): boolean {
  return requested === path || requested.startsWith(path.endsWith('/') ? path : `${path}/`);
}

/** RFC 6265 section 5.1.3: the host is the domain, or ends in it. */
function belongs(host: string, domain: string): boolean {
  const name = domain.replace(/^\./, '').toLowerCase();
  return name === '' || host === name || host.endsWith(`.${name}`);
}
