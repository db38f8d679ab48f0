/** The program as it is installed, for tests that run it as a process. `npm run build` makes it. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Its path. Throws when the sources have changed since it was built. */
export function builtProgram(): string {
  const built = statSync(join(root, 'dist/loader.cjs'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = join(root, 'src');
  for (const file of readdirSync(sources, { recursive: true, encoding: 'utf8' })) {
    const changed = statSync(join(sources, file)).mtimeMs;
    if (changed > built) throw new Error(`src/${file} is newer than the program: npm run build`);
  }
  return join(root, 'bin/audit-export.js');
}
