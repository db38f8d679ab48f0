/** `audit-export sources`: what is built in, with the settings of each. */
import type { Flags } from '../core/flags.ts';
import { sources } from '../sources/index.ts';
import { printCatalogue } from './catalogue.ts';
import type { Host } from './host.ts';

export async function listSources(_flags: Flags, host: Host): Promise<number> {
  return printCatalogue(await Promise.all(Object.values(sources).map((load) => load())), host);
}
