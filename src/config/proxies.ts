/** The proxy settings, from the environment or, since cron does not set these variables, from an env file. */
import type { Findings } from './findings.ts';
import { lookUp, placeOf, rank, type Layers } from './layers.ts';

/** Names of settings in capitals; each is also read in lower case, which is looked at first. */
export const proxyNames = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'] as const;

export type Proxies = Readonly<Partial<Record<(typeof proxyNames)[number], string>>>;

/** The settings as text; adds the passwords in them to the secrets of `findings`. */
export function proxySettings(layers: Layers, { origins, secrets }: Pick<Findings, 'origins' | 'secrets'>): Proxies {
  const proxies: Partial<Record<(typeof proxyNames)[number], string>> = {};
  for (const name of proxyNames) {
    const found = [name.toLowerCase(), name]
      .flatMap((spelling) => lookUp(layers, spelling) ?? [])
      .toSorted((one, other) => rank(layers, one) - rank(layers, other))[0];
    if (found === undefined) continue;
    proxies[name] = found.text;
    for (const secret of credentialsIn(found.text)) secrets.add(secret);
    origins.set(name, placeOf(found));
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
