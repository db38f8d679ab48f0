/** A process of its own for a script that imports our modules: as this one reads them, compiled where `npm test` did that. */
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';

const place = pathToFileURL(import.meta.filename);
const extension = extname(import.meta.filename);

/** What Node needs to read our modules. */
export const reader: readonly string[] = extension === '.ts' ? ['--import', import.meta.resolve('tsx')] : [];

/** Where one of our modules is; `path` is that of its source, from the root. */
export function moduleAt(path: string): string {
  return new URL(`../../${path.replace(/\.ts$/, extension)}`, place).href;
}

/** Words for Node that run a script, with these flags; further words are the script's. */
export function scriptWords(script: string, flags: readonly string[] = []): string[] {
  return [...flags, ...reader, '--input-type=module', '--eval', script];
}
