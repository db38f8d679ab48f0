/** The ready-made definitions of examples/sources. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { parseDefinition, type SourceDefinition } from '../../src/core/definition.ts';

export function exampleFile(name: string): string {
  return fileURLToPath(new URL(`../../examples/sources/${name}.yaml`, import.meta.url));
}

export function exampleDefinition(name: string): SourceDefinition {
  const file = exampleFile(name);
  return parseDefinition(parse(readFileSync(file, 'utf8')), file);
}

/** The lines of test/examples/<name>.jsonl: records with made-up contents, in the shapes that the vendor publishes. */
export function exampleLines(name: string): string[] {
  const file = new URL(`../examples/${name}.jsonl`, import.meta.url);
  return readFileSync(file, 'utf8').split('\n').slice(0, -1);
}
