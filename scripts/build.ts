/**
 * Bundles the program into dist/: start-up is paid at every cron tick. What is imported on demand becomes a file of its
 * own, because reading code costs time even when it does not run: `--help` must not pay for HTTP. For the same reason it
 * is ESM: imported as CommonJS, the whole bundle would be searched for its exports first, 60 ms of a 25 ms start.
 *
 *   dist/audit-export.js   the program, for Node 20.18 and later
 *   dist/chunks/           its parts
 *   dist/licences.txt      the licences of the packages inside it
 *   dist/meta.json         esbuild's metafile: what was bundled, and who imports whom
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

// Nothing is written before all is well: a failed build leaves the last one in place.
const { metafile, outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: [{ in: 'src/entry.ts', out: 'audit-export' }],
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node20.18',
  format: 'esm',
  // For the packages that are CommonJS.
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  // Names stay whole, so that the stack of an unexpected error can be read.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  metafile: true,
  write: false,
  logLevel: 'warning',
});
await rm(`${root}dist`, { recursive: true, force: true });
for (const { path, contents } of outputFiles) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, contents);
}
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
