/**
 * Bundles the program into dist/audit-export.cjs: start-up is paid at every cron tick, and one CommonJS file is what
 * Node starts fastest. Modules that are imported on demand stay on demand inside the bundle.
 *
 *   dist/audit-export.cjs   the program, for Node 20.18 and later
 *   dist/licences.txt       the licences of the packages inside it
 *   dist/meta.json          esbuild's metafile: what was bundled, and who imports whom
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

await mkdir(`${root}dist`, { recursive: true });
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
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
});
await writeFile(`${root}dist/meta.json`, JSON.stringify(metafile));
await writeFile(`${root}dist/licences.txt`, await licences(Object.keys(metafile.inputs)));

/** The licence files of every package that the bundle contains: their terms ask for it. */
async function licences(inputs: readonly string[]): Promise<string> {
  const names = inputs.map((input) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? '');
  const packages = [...new Set(names)].filter((name) => name !== '').toSorted();
  const texts = packages.map(async (name) => {
    const folder = `${root}node_modules/${name}`;
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`${name} has no licence file`);
    return `${name}\n\n${await readFile(`${folder}/${file}`, 'utf8')}`;
  });
  return (await Promise.all(texts)).join(`\n${'-'.repeat(80)}\n\n`);
}
