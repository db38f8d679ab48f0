/** Where the program is installed. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The path of one of its examples. */
export function examplePath(name: string): string {
  return join(packageFolder(), 'examples', name);
}

/** The folder with package.json: this module is in src/io, or bundled into dist. */
function packageFolder(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) || folder === dirname(folder)) return folder;
  }
}
