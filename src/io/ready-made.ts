/** The source definitions that come with the program: examples/sources, by their name on the command line. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SourceDefinition } from '../core/definition.ts';
import { readDefinition } from './definition-file.ts';
import { examplePath } from './package-folder.ts';

const ending = '.yaml';

/** The names, in order. */
export function readyMadeNames(): readonly string[] {
  const files = existsSync(folder()) ? readdirSync(folder()) : [];
  return files.flatMap((file) => (file.endsWith(ending) ? [file.slice(0, -ending.length)] : [])).toSorted();
}

/** The definition of that name; undefined when none has it. Throws Problem 78 when its file was damaged. */
export async function readyMade(name: string): Promise<SourceDefinition | undefined> {
  if (!/^[a-z][a-z0-9-]*$/.test(name)) return undefined;
  const path = readyMadePath(name);
  return existsSync(path) ? readDefinition(path) : undefined;
}

/** Where the definition of that name would be. */
export function readyMadePath(name: string): string {
  return join(folder(), name + ending);
}

function folder(): string {
  return examplePath('sources');
}
