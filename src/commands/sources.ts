/** `audit-export sources`: what is built in and what comes with the program, with the settings of each. */
import type { SourceDefinition } from '../core/definition.ts';
import type { Flags } from '../cli/flags.ts';
import { readyMade, readyMadeNames } from '../io/ready-made.ts';
import { sources } from '../sources/index.ts';
import { printCatalogue } from './catalogue.ts';
import type { Host } from './host.ts';

export async function listSources({ names }: Flags, host: Host): Promise<number> {
  const builtIn = await Promise.all(Object.values(sources).map((load) => load()));
  const further = await Promise.all(readyMadeNames().map(readyMade));
  const all = [...builtIn, ...further.filter((definition): definition is SourceDefinition => definition !== undefined)];
  return printCatalogue('source', all, names, host);
}
