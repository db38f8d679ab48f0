/**
 * Bundles the program. Start-up is paid at every cron tick, and V8 looks through all functions of a file before it runs
 * the first: what not every start needs lies in files of its own, and what is in a file and imported on demand is
 * evaluated on demand.
 *
 *   dist/loader.cjs         loads the others, each with its code cache (src/loader.ts)
 *   dist/audit-export.cjs   what every start needs, and no more: arguments, log, lock; for Node 20.18 and later; CommonJS, because it
 *                           starts faster than ESM
 *   dist/commands.cjs       the rest of our own code: `--help` and a held lock do without
 *   dist/undici.cjs …       packages, a file each; other packages are part of the file that imports them
 *   dist/….cjs.cache        what V8 keeps of a file for the next start (test/tools/code-cache.ts)
 *   dist/licences.txt       the licences of the packages inside
 *   dist/meta.json          esbuild's metafile: what was bundled, and who imports whom
 *
 * No module is in two files. And nothing is loaded from disk once a run has begun, or an upgrade in the middle of it
 * would mix two versions: log and definition are open before that, and commands/ends.ts loads undici.
 */
import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile, type Plugin, type PluginBuild } from 'esbuild';
import { lastLine } from '../../src/loader.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const [start, rest] = ['audit-export.cjs', 'commands.cjs'];

/** Imported on demand by `start`. */
const commands = ['check', 'pull', 'sinks', 'sources', 'status', 'stray-word'].map((name) => `src/commands/${name}.ts`);

/** Imported on demand, and importing none of our modules. */
const leaves: Readonly<Record<string, string>> = {
  'src/core/text/html-value.ts': 'html.cjs',
  'src/io/http/dispatcher.ts': 'undici.cjs',
  pino: 'pino.cjs',
  yaml: 'yaml.cjs',
};

const inStart = Object.keys((await bundle(start, "import './src/entry.ts'", placesOf(commands, rest))).metafile.inputs);
const shared = inStart.filter((module) => module.startsWith('src/'));
const bundles = await Promise.all([
  bundle('loader.cjs', "export * from './src/loader.ts'", new Map()),
  bundle(start, `import './src/entry.ts';\n${doorTo(shared)}`, placesOf(commands, rest)),
  bundle(rest, doorTo(commands), placesOf(shared, start)),
  ...Object.entries(leaves).map(([module, file]) =>
    bundle(file, `module.exports = require('${module.replace(/^src/, './src')}')`, new Map()),
  ),
]);
const meta = {
  inputs: Object.assign({}, ...bundles.map(({ metafile }) => metafile.inputs)) as Metafile['inputs'],
  outputs: Object.assign({}, ...bundles.map(({ metafile }) => metafile.outputs)) as Metafile['outputs'],
};

// Nothing is written before all is well: a failed build leaves the last one in place.
const made = `${root}dist.new`;
await rm(made, { recursive: true, force: true });
await mkdir(made);
for (const { file, text } of bundles) await writeFile(join(made, file), text);
await writeFile(join(made, 'meta.json'), JSON.stringify(meta));
await writeFile(join(made, 'licences.txt'), await licences(Object.keys(meta.inputs)));
makeCodeCache(made);
await rm(`${root}dist`, { recursive: true, force: true });
await rename(made, `${root}dist`);

/** The program is complete without it, only slower to start. Flags of V8 that Node is started with now would spoil it. */
function makeCodeCache(folder: string): void {
  const { NODE_OPTIONS: _flags, ...env } = process.env;
  const words = ['--import', 'tsx', `${root}test/tools/code-cache.ts`, folder];
  const { status } = spawnSync(process.execPath, words, {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 60_000,
  });
  if (status !== 0) process.stderr.write('no code cache could be made: the program will start more slowly\n');
}

/** One file; `places` says in which other file a module lies. */
async function bundle(
  file: string,
  contents: string,
  places: ReadonlyMap<string, string>,
): Promise<{ readonly file: string; readonly text: string; readonly metafile: Metafile }> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    stdin: { contents, resolveDir: root, sourcefile: file },
    outfile: `dist/${file}`,
    bundle: true,
    platform: 'node',
    target: 'node20.18',
    format: 'cjs',
    // Node's own modules are required on demand as well: the first import() would start its loader for ES modules.
    supported: { 'dynamic-import': false },
    define: { 'import.meta.dirname': '__dirname' },
    // Names and lines stay whole, so that the stack of an unexpected error can be read.
    minifySyntax: true,
    legalComments: 'none',
    plugins: [
      { name: 'nothing unused', setup: leaveOutUnused },
      { name: 'passing over 100', setup: passOver100 },
      { name: 'no diagnostics', setup: sayNothing },
      elsewhere(places),
    ],
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  const text = (outputFiles[0]?.text ?? '') + lastLine;
  // A single other character, such as one of a regular expression, would make all of it two bytes a character.
  const [foreign] = /^[^\n]*[^\0-\x7f][^\n]*/m.exec(text) ?? [];
  if (foreign !== undefined) throw new Error(`${file} is not ASCII: ${foreign}`);
  return { file, text, metafile };
}

function placesOf(modules: readonly string[], file: string): Map<string, string> {
  return new Map(modules.map((module) => [module, file]));
}

/** Lets another file evaluate these modules, and have what they export. */
function doorTo(modules: readonly string[]): string {
  return `export const modules = {\n${modules.map((module) => `'${module}': () => require('./${module}'),\n`).join('')}};`;
}

/** Takes modules from the files where they lie, through that door; a leaf's file is the module itself. */
function elsewhere(places: ReadonlyMap<string, string>): Plugin {
  return {
    name: 'elsewhere',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /./ }, ({ path, kind, namespace, resolveDir }) => {
        if (namespace === 'elsewhere') return { path, external: true };
        const module = path.startsWith('.') ? relative(root, join(resolveDir, path)) : path;
        const leaf = kind === 'dynamic-import' ? leaves[module] : undefined;
        if (leaf !== undefined) return { path: `./${leaf}`, external: true };
        return places.has(module) ? { path: module, namespace: 'elsewhere' } : undefined;
      });
      onLoad({ filter: /./, namespace: 'elsewhere' }, async ({ path }) => {
        const names = exported(await readFile(root + path, 'utf8')).join(', ');
        return { contents: `export const { ${names} } = require('./${places.get(path)}').modules['${path}']();` };
      });
    },
  };
}

/**
 * What a module exports. Taken by name, it is a variable of the file that takes it; as an object, esbuild would make two getters
 * of each name, which cost a call at every use.
 */
function exported(text: string): string[] {
  return [...text.matchAll(/^export (?:async )?(?:const|function\*?|class) (\w+)/gm)].map(([, name]) => name ?? '');
}

/**
 * Packages load parts of Node and of themselves that nobody here uses, a sixth of a tick's time: undici Node's HTTP for a
 * class and a number, its assertions, and what HTTP/2, SOCKS and fetch need, in case somebody asks for them; commander
 * child processes for commands that are programs of their own. htmlparser2 comes with what builds a tree of a page. They get what they ask for, and can do without the rest.
 */
function leaveOutUnused({ onResolve, onLoad }: PluginBuild): void {
  const instead: Readonly<Record<string, string>> = {
    'node:http': 'exports.IncomingMessage = class {}; exports.maxHeaderSize = 16384;',
    'node:assert':
      'module.exports = (holds, why) => { if (!holds) throw why instanceof Error ? why : new Error(why); };',
  };
  const unused = /^node:(?:http2?|assert|child_process)$|\/(?:client-h2|socks5-proxy-agent|web\/fetch\/body)(?:\.js)?$/;
  onResolve({ filter: /^dom(?:handler|utils|elementtype)$/ }, ({ path, importer }) =>
    importer.includes('/node_modules/htmlparser2/') ? { path, namespace: 'instead-of' } : undefined,
  );
  onResolve({ filter: unused }, ({ path, importer }) =>
    /\/node_modules\/(?:undici|commander)\//.test(importer) ? { path, namespace: 'instead-of' } : undefined,
  );
  onLoad({ filter: /./, namespace: 'instead-of' }, ({ path }) => ({ contents: instead[path] ?? '' }));
}

/**
 * HTTP has a client ignore a 100 that it did not ask for (RFC 9110, 15.2), and undici breaks the connection: a batch that
 * was taken would be sent again. Without that, it is passed over as the other informational replies are.
 */
function passOver100({ onLoad }: PluginBuild): void {
  onLoad({ filter: /\/undici\/lib\/dispatcher\/client-h1\.js$/ }, async ({ path }) => {
    const [before, after, ...more] = (await readFile(path, 'utf8')).split(/if \(statusCode === 100\) \{[^{}]*\}/);
    if (before === undefined || after === undefined || more.length > 0)
      throw new Error(`${path} does not do about a 100 what it did: see passOver100`);
    return { contents: before + after };
  });
}

/** With NODE_DEBUG=undici it would print the address of each request, and the key that some vendors want in its query. */
function sayNothing({ onResolve, onLoad }: PluginBuild): void {
  onResolve({ filter: /^node:util$/ }, ({ path, importer }) =>
    importer.endsWith('/undici/lib/core/diagnostics.js') ? { path, namespace: 'says-nothing' } : undefined,
  );
  onLoad({ filter: /./, namespace: 'says-nothing' }, () => ({
    contents: 'exports.debuglog = () => ({ enabled: false });',
  }));
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
