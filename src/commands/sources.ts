/**
 * `audit-export sources`: what is built in, with the settings of each, and what comes with the program as a definition
 * file, in brief; or those named, a definition file of the user's own, too.
 */
import { isDefinitionFile } from '../config/named-ends.ts';
import type { SourceDefinition } from '../core/definition.ts';
import type { Flags } from '../cli/flags.ts';
import { readyMade, readyMadeNames } from '../io/ready-made.ts';
import { sources } from '../sources/index.ts';
import { printCatalogue } from './catalogue.ts';
import type { Host } from './host.ts';

/**
 * Prints all, or those that are named. Problem 64 for a name that none has, 78 for a definition file that cannot be used.
 */
export async function listSources({ names }: Flags, host: Host): Promise<number> {
  const files = names?.filter(isDefinitionFile) ?? [];
  const { readDefinition } = await import('../io/definition-file.ts');
  const own = await Promise.all(files.map(async (file) => ({ ...(await readDefinition(file)), name: file })));
  const builtIn = await Promise.all(Object.values(sources).map((load) => load()));
  const further = await Promise.all(readyMadeNames().map(readyMade));
  const brief = further.filter((definition): definition is SourceDefinition => definition !== undefined);
  return printCatalogue({ kind: 'source', entries: [...own, ...builtIn], brief }, names, host);
}
