/** The proxy settings, from the environment or, since cron does not set these variables, from an env file. */
import type { Findings } from './findings.ts';
import { lookUp, whereFound, rank, type Layers } from './layers.ts';

/** Names of settings in capitals; each is also read in lower case, which is looked at first. */
export const proxyNames = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'] as const;

/** Each under the name that it was found by, in capitals or not: hints name that one. */
export type Proxies = Readonly<Record<string, string>>;

/** The settings as text; adds the passwords in them to the secrets of `findings`. */
export function proxySettings(layers: Layers, { origins, secrets }: Pick<Findings, 'origins' | 'secrets'>): Proxies {
  const proxies: Record<string, string> = {};
  for (const inCapitals of proxyNames) {
    const [first] = [inCapitals.toLowerCase(), inCapitals]
      .flatMap((name) => {
        const found = lookUp(layers, name);
        return found === undefined ? [] : [{ name, found }];
      })
      .toSorted((one, other) => rank(layers, one.found) - rank(layers, other.found));
    if (first === undefined) continue;
    const { name, found } = first;
    proxies[name] = found.text;
    for (const secret of credentialsIn(found.text)) secrets.add(secret);
    origins.set(name, whereFound(found));
  }
  return proxies;
}

/** User name with password, and the password alone, as written and decoded: a proxy may quote what it was sent. */
function credentialsIn(proxy: string): readonly string[] {
  const [, pair = ''] = /^(?:\w+:\/\/)?([^/?#]*)@/.exec(proxy.trim()) ?? [];
  return [pair, decoded(pair)].flatMap((text) => [text, text.replace(/^[^:]*:?/, '')]);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // io/http/proxy.ts reports it
  }
}
