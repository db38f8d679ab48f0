/** `audit-export sinks`: what is built in, with the settings of each. */
import type { Flags } from '../cli/flags.ts';
import { sinks } from '../sinks/index.ts';
import { printCatalogue } from './catalogue.ts';
import type { Host } from './host.ts';

/** Prints all, or those that are named. Problem 64 for a name that none has. */
export async function listSinks({ names }: Flags, host: Host): Promise<number> {
  const definitions = await Promise.all(Object.values(sinks).map((load) => load()));
  const entries = definitions.map(({ name, summary, promise, settings }) => ({
    name,
    summary: `${summary}. ${promise}`,
    settings,
  }));
  return printCatalogue({ kind: 'sink', entries }, names, host);
}
