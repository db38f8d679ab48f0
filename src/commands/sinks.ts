/** `audit-export sinks`: what is built in, with the settings of each. */
import type { Flags } from '../cli/flags.ts';
import { sinks } from '../sinks/index.ts';
import { printCatalogue } from './catalogue.ts';
import type { Host } from './host.ts';

export async function listSinks({ names }: Flags, host: Host): Promise<number> {
  const definitions = await Promise.all(Object.values(sinks).map((load) => load()));
  const entries = definitions.map(({ name, summary, promise, settings }) => ({
    name,
    summary: `${summary}. ${promise}`,
    settings,
  }));
  return printCatalogue({ kind: 'sink', entries }, names, host);
}
