/**
 * Which proxy the environment asks for: HTTP_PROXY, HTTPS_PROXY and NO_PROXY in both cases, their values read as by curl.
 * This machine itself is never reached through a proxy.
 */
import { BlockList, isIP } from 'node:net';
import { check, type Hint } from '../../core/hint.ts';
import { isLoopback } from '../../core/origin.ts';
import { exit, Problem } from '../../core/problem.ts';
import { basicHeader } from '../../core/text/basic-header.ts';
import type { Environment } from '../world.ts';

export interface Proxy {
  /** The setting that it was read from, as it is spelled there. */
  readonly name: string;
  /** Without user info: safe to print. */
  readonly origin: string;
  /** Value of `Proxy-Authorization`. */
  readonly token: string | undefined;
}

/**
 * What to check about a reply that may be of the proxy itself: it is handed what is for an http:// address, and hands on the
 * reply. To https:// it opens a tunnel, and what it says of that is told as its own (proxy-errors.ts).
 */
export function mayBeOf(proxy: Proxy | undefined, target: URL): Hint | undefined {
  if (proxy === undefined || target.protocol !== 'http:') return undefined;
  return check([proxy.name, 'NO_PROXY'], `: the proxy ${proxy.origin} may have answered itself`);
}

/** The proxy for a target, or undefined for a direct connection. Throws Problem 78 when the setting is not usable. */
export function proxyFor(target: URL, environment: Readonly<Environment>): Proxy | undefined {
  if (isLoopback(target.hostname)) return undefined;
  const name = spelled(environment, target.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  const value = read(environment, name);
  if (value === '' || isExempt(target, read(environment, spelled(environment, 'NO_PROXY')))) return undefined;
  const hint = `set ${name} to an address such as http://proxy.example:3128`;
  let url: URL;
  try {
    url = new URL(value.includes('://') ? value : `http://${value}`);
  } catch {
    throw new Problem(exit.config, `${name} is not a URL`, { hint });
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new Problem(exit.config, `${name} asks for a proxy of the kind ${url.protocol}, which is not supported`, {
      hint,
    });
  }
  return { name, origin: url.origin, token: token(url, name) };
}

function token(url: URL, name: string): string | undefined {
  if (url.username === '' && url.password === '') return undefined;
  try {
    return basicHeader(decodeURIComponent(url.username), decodeURIComponent(url.password));
  } catch {
    throw new Problem(exit.config, `the user name or password in ${name} is not well percent-encoded`, {
      hint: 'write a percent sign as %25',
    });
  }
}

/** The name in lower case where that has a value, as in curl; otherwise as it is. */
function spelled(environment: Readonly<Environment>, name: string): string {
  return environment[name.toLowerCase()] ? name.toLowerCase() : name;
}

function read(environment: Readonly<Environment>, name: string): string {
  return (environment[name] ?? '').trim();
}

/** NO_PROXY: names with all that is below them, `host:port`, addresses, address ranges, or `*`. */
function isExempt(target: URL, list: string): boolean {
  const host = target.hostname.replace(/^\[|\]$/g, '');
  const port = target.port || (target.protocol === 'https:' ? '443' : '80');
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true;
      if (entry.includes('/')) return isWithin(host, entry);
      const parts = /^(?:\*?\.)?(.*?)(?::(\d+))?$/.exec(isIP(entry) === 6 ? `${entry}:${port}` : entry);
      const name = (parts?.[1] ?? entry).replace(/^\[|\]$/g, '');
      if (parts?.[2] !== undefined && parts[2] !== port) return false;
      return host === name || host.endsWith(`.${name}`);
    });
}

function isWithin(host: string, range: string): boolean {
  const [network = '', length = ''] = range.split('/');
  const family = isIP(host) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(host) === 0 || isIP(network) !== isIP(host) || !/^\d{1,3}$/.test(length)) return false;
  if (Number(length) > (family === 'ipv6' ? 128 : 32)) return false;
  const addresses = new BlockList();
  addresses.addSubnet(network, Number(length), family);
  return addresses.check(host, family);
}
