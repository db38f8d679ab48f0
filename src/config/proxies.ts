/** Which proxies are set: in the environment or, since cron has no such variables, in an env file. */
import type { Findings } from './findings.ts';
import { lookUp, placeOf, rank, type Layers } from './layers.ts';

/** Names of settings in capitals; each is also read in lower case, which is looked at first. */
export const proxyNames = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'] as const;

export type Proxies = Readonly<Partial<Record<(typeof proxyNames)[number], string>>>;

export function proxySettings(layers: Layers, { origins }: Pick<Findings, 'origins'>): Proxies {
  const proxies: Partial<Record<(typeof proxyNames)[number], string>> = {};
  for (const name of proxyNames) {
    const found = [name.toLowerCase(), name]
      .flatMap((spelling) => lookUp(layers, spelling) ?? [])
      .toSorted((one, other) => rank(layers, one) - rank(layers, other))[0];
    if (found === undefined) continue;
    proxies[name] = found.text;
    origins.set(name, placeOf(found));
  }
  return proxies;
}
