/**
 * Compiles src and test for `npm test`, each file by itself, into compiled/: a test reads some hundreds of them, and
 * for one that compiles its own this can take longer than all that it tests. Whoever runs one test has no need of it.
 *
 * import.meta.url is that of the source, beside which recorded pages lie; import.meta.filename is that of the compiled file.
 * Lines and names in a stack are those of the source with --enable-source-maps.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transform } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const out = join(root, 'compiled');

await rm(out, { recursive: true, force: true });
for (const room of ['src', 'test']) {
  const files = await readdir(join(root, room), { recursive: true });
  await Promise.all(files.filter((file) => /(?<!\.d)\.ts$/.test(file)).map((file) => compile(join(room, file))));
}

async function compile(file: string): Promise<void> {
  const path = join(root, file);
  const { code } = await transform(await readFile(path), {
    sourcefile: path,
    loader: 'ts',
    format: 'esm',
    target: 'node20.18',
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(path).href) },
    sourcemap: 'inline',
    sourcesContent: false,
  });
  const place = join(out, file.replace(/ts$/, 'js'));
  await mkdir(dirname(place), { recursive: true });
  await writeFile(place, withCompiledImports(code));
}

/** esbuild ends a statement with its line, and quotes all names alike. An import that is missed here cannot be loaded. */
function withCompiledImports(code: string): string {
  return code.replaceAll(/(?<=^(?:import|export|\}).*"\..*\.)ts(?=";$)|(?<=\bimport\("\..*\.)ts(?="\))/gm, 'js');
}
