/**
 * What each kind of run evaluates of the bundle, by esbuild's metafile: start-up is paid every minute. A module counts
 * when it is imported by what counts, but for what is imported on demand.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { test } from 'node:test';

interface Metafile {
  readonly inputs: Readonly<Record<string, { readonly imports: readonly Import[] }>>;
  readonly outputs: Readonly<Record<string, { readonly imports: readonly Import[] }>>;
}

interface Import {
  readonly path: string;
  readonly kind: string;
  readonly external?: boolean;
}

const meta = JSON.parse(readFileSync(new URL('../dist/meta.json', import.meta.url), 'utf8')) as Metafile;

/** All modules that are evaluated when these are. */
function evaluated(...roots: readonly string[]): Set<string> {
  const found = new Set<string>();
  function visit(module: string): void {
    if (found.has(module)) return;
    found.add(module);
    for (const { path, kind } of meta.inputs[module]?.imports ?? []) if (kind !== 'dynamic-import') visit(path);
  }
  for (const root of roots) {
    assert.ok(root in meta.inputs, `${root} is not in the bundle`);
    visit(root);
  }
  return found;
}

function packages(modules: ReadonlySet<string>): string[] {
  const names = [...modules].map((module) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(module)?.[1] ?? '');
  return [...new Set(names)].filter((name) => name !== '').toSorted();
}

function matching(modules: ReadonlySet<string>, pattern: RegExp): string[] {
  return [...modules].filter((module) => pattern.test(module));
}

const help = evaluated('src/entry.ts');
const held = evaluated('src/entry.ts', 'src/commands/pull.ts', 'src/sources/sycope.ts', 'src/sinks/file.ts');

test('the program is one file that loads nothing but parts of Node', () => {
  assert.deepEqual(Object.keys(meta.outputs), ['dist/audit-export.cjs']);
  const foreign = meta.outputs['dist/audit-export.cjs']?.imports.filter(
    ({ path }) => !path.startsWith('node:') && !isBuiltin(path),
  );
  assert.deepEqual(foreign, []);
});

test('--help and --version evaluate commander, and neither a command nor HTTP', () => {
  assert.deepEqual(packages(help), ['commander']);
  assert.deepEqual(matching(help, /^src\/(?:commands|sources|sinks|run\.ts|config\.ts)/), []);
  assert.deepEqual(matching(help, /^node:(?:https?|http2|net|tls|zlib|dns|crypto|child_process)$/), []);
});

test('a run that finds its lock held evaluates neither an HTTP client nor a schema nor a logger', () => {
  assert.deepEqual(packages(held), ['commander', 'dotenv']);
  assert.deepEqual(matching(held, /^node:(?:https?|http2|tls)$/), []);
});

test('of sources and sinks only those named are evaluated', () => {
  const chosen = ['src/sinks/file.ts', 'src/sinks/index.ts', 'src/sources/index.ts', 'src/sources/sycope.ts'];
  assert.deepEqual(matching(held, /^src\/(?:sources|sinks)\//).toSorted(), chosen);
});

test('a tick evaluates a part of undici besides, and leaves out its index, its fetch, and HTTP/2', () => {
  const parts = Object.keys(meta.inputs).filter((module) => module.startsWith('node_modules/undici/'));
  const tick = evaluated(
    'src/entry.ts',
    'src/commands/pull.ts',
    'node_modules/undici/lib/api/api-request.js',
    'node_modules/undici/lib/dispatcher/pool.js',
    'node_modules/undici/lib/core/connect.js',
  );
  assert.deepEqual(packages(tick), ['commander', 'dotenv', 'undici']);
  assert.deepEqual(matching(tick, /undici\/(?:index|lib\/web\/fetch\/index|lib\/mock\/)/), []);
  assert.equal(parts.includes('node_modules/undici/index.js'), false);
  for (const name of ['node:http', 'node:http2']) assert.ok(tick.has(`instead-of:${name}`), name);
  assert.deepEqual(matching(tick, /^node:http/), []);
});
