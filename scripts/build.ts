/**
 * Bundles the program into one file, dist/audit-export.cjs: start-up is paid at every cron tick, and nothing may be
 * loaded from disk once a run has begun, or an upgrade in the middle of it would mix two versions. What is imported on
 * demand lies in the same file and is evaluated on demand: `--help` does not pay for HTTP.
 *
 *   dist/audit-export.cjs   the program, for Node 20.18 and later; CommonJS, because it starts faster than ESM
 *   dist/licences.txt       the licences of the packages inside it
 *   dist/meta.json          esbuild's metafile: what was bundled, and who imports whom
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build, type PluginBuild } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

// Nothing is written before all is well: a failed build leaves the last one in place.
const { metafile, outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ['src/entry.ts'],
  outfile: 'dist/audit-export.cjs',
  bundle: true,
  platform: 'node',
  target: 'node20.18',
  format: 'cjs',
  // Node's own modules are required on demand as well: the first import() would start its loader for ES modules.
  supported: { 'dynamic-import': false },
  // Names and lines stay whole, so that the stack of an unexpected error can be read.
  minifySyntax: true,
  legalComments: 'none',
  plugins: [{ name: 'nothing unused', setup: leaveOutUnused }],
  metafile: true,
  write: false,
  logLevel: 'warning',
});
await rm(`${root}dist`, { recursive: true, force: true });
await mkdir(`${root}dist`);
for (const { path, contents } of outputFiles) await writeFile(path, contents);
await writeFile(`${root}dist/meta.json`, JSON.stringify(metafile));
await writeFile(`${root}dist/licences.txt`, await licences(Object.keys(metafile.inputs)));

/**
 * Packages load parts of Node that nobody here uses, a sixth of a tick's time: undici its HTTP for a class and a number,
 * and HTTP/2 in case somebody switches it on; commander child processes for commands that are programs of their own.
 * They get what they ask for, and can do without the rest.
 */
function leaveOutUnused({ onResolve, onLoad }: PluginBuild): void {
  const instead: Readonly<Record<string, string>> = {
    'node:http': 'exports.IncomingMessage = class {}; exports.maxHeaderSize = 16384;',
    'node:http2': 'exports.constants = {};',
    'node:child_process': '',
  };
  onResolve({ filter: /^node:(?:http2?|child_process)$/ }, ({ path, importer }) =>
    /\/node_modules\/(?:undici|commander)\//.test(importer) ? { path, namespace: 'instead-of' } : undefined,
  );
  onLoad({ filter: /./, namespace: 'instead-of' }, ({ path }) => ({ contents: instead[path] ?? '' }));
}

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
