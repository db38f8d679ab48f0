/**
 * The cookies of one origin, name to value. There is no domain or path logic, because a client never leaves its origin
 * (RFC 6265 section 5.3, as far as that leaves anything to do).
 */
import { parseHttpDate } from '../../core/clock/http-date.ts';
import { isLoopback } from '../../core/origin.ts';
import type { Tools } from '../../core/types.ts';

export interface CookieJar {
  readonly size: number;
  /** The value of a `Cookie` header, or undefined when there is none to send. */
  header(now: number): string | undefined;
  /** Takes over `Set-Cookie` headers. What is malformed, too large or meant for another host is ignored. */
  store(lines: readonly string[], now: number): void;
}

const maxCookies = 50;
const maxBytes = 4096;
/** Control characters; a semicolon would begin an attribute. */
const unsafe = /[\0-\x1f\x7f;]/;

/** `hide` is told every value that comes, and the one that it replaces, because a server may quote them in an error. */
export function cookieJar(origin: URL, hide: Tools['hide'] = () => {}): CookieJar {
  const jar = new Map<string, { readonly value: string; readonly expires: number }>();

  function remove(name: string): void {
    hide(undefined, jar.get(name)?.value);
    jar.delete(name);
  }

  function store(line: string, now: number): void {
    if (line.length > maxBytes || unsafe.test(line.replaceAll(';', ''))) return;
    const [pair = '', ...attributes] = line.split(';');
    const [name, value] = split(pair);
    if (name === '' || !pair.includes('=')) return;
    let expires = Infinity;
    let maxAge: number | undefined;
    for (const attribute of attributes) {
      const [key, text] = split(attribute);
      const lower = key.toLowerCase();
      if (lower === 'domain' && !belongs(origin.hostname, text)) return;
      if (lower === 'secure' && origin.protocol !== 'https:' && !isLoopback(origin.hostname)) return;
      if (lower === 'max-age' && /^-?\d+$/.test(text)) maxAge = Number(text);
      if (lower === 'expires') expires = parseHttpDate(text) ?? expires;
    }
    if (maxAge !== undefined) expires = now + maxAge * 1000; // it outranks Expires
    if (expires <= now) remove(name);
    else if (jar.has(name) || jar.size < maxCookies) {
      hide(value, jar.get(name)?.value);
      jar.set(name, { value, expires });
    }
  }

  return {
    get size() {
      return jar.size;
    },
    store(lines, now) {
      for (const line of lines) store(line, now);
    },
    header(now) {
      for (const [name, { expires }] of jar) if (expires <= now) remove(name);
      if (jar.size === 0) return undefined;
      return Array.from(jar, ([name, { value }]) => `${name}=${value}`).join('; ');
    },
  };
}

/** `a = b` to `['a', 'b']`; the value is empty when there is no equals sign. */
function split(text: string): readonly [name: string, value: string] {
  const at = text.indexOf('=');
  return at === -1 ? [text.trim(), ''] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

/** RFC 6265 section 5.1.3: the host is the domain, or ends in it. */
function belongs(host: string, domain: string): boolean {
  const name = domain.replace(/^\./, '').toLowerCase();
  return name === '' || host === name || host.endsWith(`.${name}`);
}
