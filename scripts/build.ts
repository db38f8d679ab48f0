/**
 * Bundles the program into dist/audit-export.cjs: start-up is paid at every cron tick, and one CommonJS file is what
 * Node starts fastest. Modules that are imported on demand stay on demand inside the bundle.
 *
 *   dist/audit-export.cjs             the program, for Node 20.18 and later
 *   dist/audit-export.cjs.LEGAL.txt   the licences' notices of what is bundled
 *   dist/meta.json                    esbuild's metafile: what was bundled, and who imports whom
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

await rm(`${root}/dist`, { recursive: true, force: true });
await mkdir(`${root}/dist`);
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ['src/entry.ts'],
  outfile: 'dist/audit-export.cjs',
  bundle: true,
  platform: 'node',
  target: 'node20.18',
  format: 'cjs',
  // Names stay whole, so that the stack of an unexpected error can be read; they cost next to nothing at start-up.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'external',
  metafile: true,
  logLevel: 'warning',
});
await writeFile(`${root}/dist/meta.json`, JSON.stringify(metafile));
