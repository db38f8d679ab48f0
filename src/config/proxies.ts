/** Which proxies are set: in the environment or, since cron has no such variables, in an env file. */
import type { Findings } from './findings.ts';
import { lookUp, placeOf, rank, type Layers } from './layers.ts';

/** Names of settings in capitals; each is also read in lower case, which is looked at first. */
export const proxyNames = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'] as const;

export type Proxies = Readonly<Partial<Record<(typeof proxyNames)[number], string>>>;

/** What is set, as text; passwords in it are among the secrets of `findings` from then on. */
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

/** Password, and user name with it: who stands on the way may quote what it was sent, in the place of a vendor. */
function credentialsIn(proxy: string): readonly string[] {
  const [, pair = ''] = /^(?:\w+:\/\/)?([^/?#]*)@/.exec(proxy.trim()) ?? [];
  return [pair, decoded(pair)].flatMap((text) => [text, text.replace(/^[^:]*:?/, '')]);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // io/http/proxy.ts tells of it
  }
}
