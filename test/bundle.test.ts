/**
 * What each kind of run loads: start-up is paid every minute. The files and the parts of Node are those of real
 * processes; which of our modules are evaluated is told by esbuild's metafile: a module counts when it is imported by
 * what counts, but for what is imported on demand.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { lockJob } from '../src/io/state/directory.ts';
import { scratch } from './support/program.ts';
import { answers, rawServer, reply } from './support/raw-server.ts';

interface Metafile {
  readonly inputs: Readonly<Record<string, { readonly imports: readonly Import[] }>>;
  readonly outputs: Readonly<Record<string, Output>>;
}

interface Output {
  readonly imports: readonly Import[];
  readonly inputs: Readonly<Record<string, unknown>>;
}

interface Import {
  readonly path: string;
  readonly kind: string;
}

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const meta = JSON.parse(readFileSync(join(dist, 'meta.json'), 'utf8')) as Metafile;

/** All of our modules and packages that are evaluated when these are. */
function evaluated(...roots: readonly string[]): string[] {
  const found = new Set<string>();
  function visit(module: string): void {
    if (found.has(module)) return;
    found.add(module);
    for (const { path, kind } of meta.inputs[module]?.imports ?? []) {
      if (kind !== 'dynamic-import') visit(path.replace(/^elsewhere:/, ''));
    }
  }
  for (const root of roots) {
    assert.ok(root in meta.inputs, `${root} is not in the bundle`);
    visit(root);
  }
  return [...found];
}

function packagesOf(modules: readonly string[]): string[] {
  const names = modules.map((module) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(module)?.[1] ?? '');
  return [...new Set(names)].filter((name) => name !== '').toSorted();
}

interface Loaded {
  readonly status: number | null;
  /** Names of the files that the loader loaded. */
  readonly files: readonly string[];
  /** Those of them whose code cache V8 took. */
  readonly fromCache: readonly string[];
  /** Parts of Node that an empty program does not load. */
  readonly parts: readonly string[];
}

/** Runs the program to its end, and has it say what it loaded. */
function load(
  directory: string,
  environment: Readonly<Record<string, string>>,
  ...words: readonly string[]
): Promise<Loaded> {
  return loadFrom(join(dist, '..'), directory, environment, words);
}

/** The same with the program that lies in a folder. */
async function loadFrom(
  program: string,
  directory: string,
  environment: Readonly<Record<string, string>>,
  words: readonly string[],
): Promise<Loaded> {
  const told = join(directory, 'loaded.json');
  const spy = join(directory, 'spy.cjs');
  const scripts = `[...require(${JSON.stringify(join(program, 'dist/loader.cjs'))}).scripts]`;
  const cached = `${scripts}.filter(([, { cachedDataRejected }]) => cachedDataRejected === false)`;
  const names = `${scripts}.map(([name]) => name), ${cached}.map(([name]) => name)`;
  const text = `JSON.stringify([before, process.moduleLoadList, ${names}])`;
  writeFileSync(
    spy,
    `const fs = require('node:fs'), before = [...process.moduleLoadList];
     process.on('exit', () => fs.writeFileSync(${JSON.stringify(told)}, ${text}));`,
  );
  const child = spawn(process.execPath, ['--require', spy, join(program, 'bin/audit-export.js'), ...words], {
    stdio: 'ignore',
    env: environment,
    cwd: directory,
  });
  const [status] = (await once(child, 'exit')) as [number | null];
  const [before = [], after = [], files = [], fromCache = []] = JSON.parse(readFileSync(told, 'utf8')) as string[][];
  return {
    status,
    files,
    fromCache,
    parts: after
      .filter((part) => !before.includes(part) && /^NativeModule (?!internal\/)/.test(part))
      .map((part) => part.slice('NativeModule '.length)),
  };
}

test('each file is needed: no module is in two of them, and nothing else is loaded but parts of Node', () => {
  const places = Object.values(meta.outputs).flatMap(({ inputs }) =>
    Object.keys(inputs).filter((module) => /^(?:src|node_modules)\//.test(module)),
  );
  assert.deepEqual(
    places.filter((module, at) => places.indexOf(module) !== at),
    [],
  );
  const files = Object.keys(meta.outputs).map((path) => basename(path));
  const names = ['audit-export.cjs', 'commands.cjs', 'html.cjs', 'loader.cjs', 'pino.cjs', 'undici.cjs', 'yaml.cjs'];
  assert.deepEqual(files.toSorted(), names);
  const imported = Object.values(meta.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  const foreign = imported.filter((path) => !process.getBuiltinModule(path) && !names.includes(basename(path)));
  assert.deepEqual(foreign, []);
});

test('--help and --version load neither a command nor HTTP, nor a stream', async (t) => {
  const directory = scratch(t);
  for (const flag of ['--help', '--version']) {
    const { status, files, parts } = await load(directory, {}, flag);
    assert.deepEqual([status, files, parts], [0, ['audit-export.cjs'], ['vm', 'process']]);
  }
  const modules = evaluated('src/entry.ts');
  assert.deepEqual(packagesOf(modules), ['commander']);
  assert.deepEqual(
    modules.filter((module) => /^src\/(?:commands|sources|sinks|run\.ts|config\.ts)/.test(module)),
    [],
  );
});

test('the file that each start loads has nothing in it that neither --version nor a held lock evaluates', () => {
  const needed = evaluated('src/entry.ts', 'src/commands/claimed-pull.ts');
  const modules = Object.keys(meta.outputs['dist/audit-export.cjs']?.inputs ?? {});
  assert.ok(modules.includes('src/entry.ts'));
  assert.deepEqual(
    modules.filter((module) => /^(?:src|node_modules)\//.test(module) && !needed.includes(module)),
    [],
  );
});

const job = ['--source', 'syncropel', '--sink', 'file', '--output', 'out.jsonl', '--job', 'audit', '--state-dir', '.'];

test('a run that finds the lock of its job held has loaded the lock, and nothing that only a run needs', async (t) => {
  const directory = scratch(t);
  const lock = await lockJob(directory, 'audit');
  const { status, files, parts } = await load(directory, {}, ...job);
  await lock.release();
  assert.deepEqual([status, files], [75, ['audit-export.cjs']]);
  for (const part of ['http', 'https', 'http2', 'tls', 'zlib', 'dns']) assert.ok(!parts.includes(part), part);
});

test('of sources and sinks only those named are evaluated', () => {
  const chosen = ['src/sinks/file.ts', 'src/sinks/index.ts', 'src/sources/index.ts', 'src/sources/syncropel.ts'];
  const modules = evaluated('src/commands/pull.ts', 'src/sources/syncropel.ts', 'src/sinks/file.ts');
  assert.deepEqual(modules.filter((module) => /^src\/(?:sources|sinks)\//.test(module)).toSorted(), chosen);
  assert.deepEqual(packagesOf(modules), ['dotenv']);
});

test('a tick loads undici besides, without its fetch and HTTP/2; neither a schema nor a logger', async (t) => {
  const directory = scratch(t);
  const server = await rawServer(answers(reply(200, {}, '{"object":"list","data":[]}')));
  t.after(() => server.close());
  const { status, files, parts } = await load(directory, { SYNCROPEL_URL: server.url }, ...job);
  assert.deepEqual([status, files], [0, ['audit-export.cjs', 'commands.cjs', 'undici.cjs']]);
  assert.ok(server.requests.length > 0);
  for (const part of ['http', 'https', 'http2', 'tls', 'assert', 'dns']) assert.ok(!parts.includes(part), part);
  const modules = evaluated('src/io/http/dispatcher.ts');
  assert.deepEqual(packagesOf(modules), ['undici']);
  assert.deepEqual(
    Object.keys(meta.inputs).filter((module) => /undici\/(?:index|lib\/(?:web\/fetch|mock|cache)\/)/.test(module)),
    [],
  );
});

test('only those who bring a definition in YAML load yaml, only those who want JSON Lines load pino', async (t) => {
  const directory = scratch(t);
  writeFileSync(join(directory, 'acme.yaml'), 'name: acme\n');
  const { status, files } = await load(directory, {}, '--source', 'acme.yaml', '--log-format', 'json');
  assert.deepEqual([status, files], [78, ['audit-export.cjs', 'pino.cjs', 'commands.cjs', 'yaml.cjs']]);
  writeFileSync(join(directory, 'acme.json'), '{"name":"acme"}');
  const json = await load(directory, {}, '--source', 'acme.json');
  assert.deepEqual([json.status, json.files], [78, ['audit-export.cjs', 'commands.cjs']]);
});

test('only those whose login begins with a page for people load what reads pages', async (t) => {
  const directory = scratch(t);
  const server = await rawServer(answers(reply(404)));
  t.after(() => server.close());
  for (const [isPerson, pages] of [
    [true, ['html.cjs']],
    [false, []],
  ] as const) {
    writeFileSync(join(directory, 'medlar.json'), medlar(server.url, isPerson));
    const words = ['--source', 'medlar.json', '--state-dir', '.'];
    const { files } = await load(directory, { MEDLAR_PASSWORD: 'canary' }, ...words);
    assert.deepEqual(files, ['audit-export.cjs', 'commands.cjs', 'undici.cjs', ...pages]);
  }
});

/** A definition whose login is a form, with a page for people or without. */
function medlar(url: string, isPerson: boolean): string {
  const password = '{MEDLAR_PASSWORD}';
  const page = { request: { path: '/login' }, field: 'csrf' };
  return JSON.stringify({
    name: 'medlar',
    summary: 'Medlars.',
    settings: { MEDLAR_PASSWORD: { summary: 'Password.', secret: true, required: true } },
    url,
    auth: {
      type: 'session',
      ...(isPerson && { page }),
      login: { method: 'POST', path: '/login', form: isPerson ? { password, csrf: '{csrf}' } : { password } },
    },
    request: { path: '/log' },
    paging: { type: 'none' },
    window: { filter: 'none' },
    records: { path: 'data', id: { paths: ['id'] } },
  });
}

test('a program whose code cache is of this Node is loaded from it, and runs as well with none, with one of another Node, or one that is refused', async (t) => {
  const directory = scratch(t);
  const server = await rawServer(answers(reply(200, {}, '{"object":"list","data":[]}')));
  t.after(() => server.close());
  const program = copyOfProgram(directory);
  const tick = (flags = ''): Promise<Loaded> =>
    loadFrom(program, directory, { SYNCROPEL_URL: server.url, NODE_OPTIONS: flags }, job);
  // The one that the build made may be of another Node than this.
  const words = ['--import', 'tsx', join(dist, '../test/tools/code-cache.ts'), join(program, 'dist')];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'], env: {} });
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  const files = ['audit-export.cjs', 'commands.cjs', 'undici.cjs'];
  const cached = await tick();
  assert.deepEqual([cached.status, cached.files, cached.fromCache], [0, files, files]);
  // Whether this flag is one that V8 compares depends on its version.
  const flagged = await tick('--max-old-space-size=512');
  assert.deepEqual([flagged.status, flagged.files], [0, files]);
  // V8 would take it, and crash where Node has changed V8 without another version of it.
  for (const file of files) {
    const path = join(program, 'dist', `${file}.cache`);
    const kept = readFileSync(path, 'latin1');
    assert.ok(kept.includes(`\n${process.version} `), 'it says of which Node it is');
    writeFileSync(
      path,
      kept.replace(`\n${process.version} `, `\nv${'0'.repeat(process.version.length - 1)} `),
      'latin1',
    );
  }
  const ofAnother = await tick();
  assert.deepEqual([ofAnother.status, ofAnother.files, ofAnother.fromCache], [0, files, []]);
  for (const file of files) writeFileSync(join(program, 'dist', `${file}.cache`), 'torn');
  const torn = await tick();
  assert.deepEqual([torn.status, torn.files, torn.fromCache], [0, files, []]);
  for (const file of files) rmSync(join(program, 'dist', `${file}.cache`));
  const none = await tick();
  assert.deepEqual([none.status, none.files, none.fromCache], [0, files, []]);
});

/** Returns its folder. */
function copyOfProgram(directory: string): string {
  const program = join(directory, 'program');
  for (const part of ['bin', 'dist', 'examples', 'package.json'])
    cpSync(join(dist, '..', part), join(program, part), { recursive: true });
  return program;
}

test('a program that was not built, or only half, says in a line how it is built, whichever file is missing, and when', (t) => {
  const directory = scratch(t);
  writeFileSync(join(directory, 'acme.yaml'), 'name: acme');
  writeFileSync(join(directory, 'medlar.json'), medlar('http://127.0.0.1:1', true));
  const uses: Readonly<Record<string, readonly string[]>> = {
    'pino.cjs': ['--log-format', 'json', '--source', 'sample', '--since', '1h'],
    'yaml.cjs': ['check', '--source', 'acme.yaml'],
    'html.cjs': ['--source', 'medlar.json', '--state-dir', 'state'],
    'undici.cjs': ['--source', 'sample', '--state-dir', 'state'],
    'commands.cjs': ['sources'],
    'audit-export.cjs': ['--version'],
    'loader.cjs': ['--version'],
  };
  assert.deepEqual(
    Object.keys(uses).toSorted(),
    readdirSync(dist)
      .filter((file) => file.endsWith('.cjs'))
      .toSorted(),
  );
  const program = copyOfProgram(directory);
  const started = (file: string): [number | null, string, string] => {
    const words = [join(program, 'bin/audit-export.js'), ...(uses[file] ?? [])];
    const { status, stdout, stderr } = spawnSync(process.execPath, words, {
      encoding: 'utf8',
      cwd: directory,
      env: { MEDLAR_PASSWORD: 'canary' },
    });
    return [status, stdout, stderr];
  };
  for (const file of Object.keys(uses)) {
    const path = join(program, 'dist', file);
    const text = readFileSync(path);
    const again = `hint: install it again, from a clone of its repository, as its README says: ${program} cannot be built anew\n`;
    // A disk that was full when it was installed. What is left may be nothing, or be sound by itself.
    const allButOneLine = text.lastIndexOf('\n', -2) + 1;
    for (const left of file === 'loader.cjs' ? [0, 1000] : [0, 1000, allButOneLine]) {
      writeFileSync(path, text.subarray(0, left));
      const [status, stdout, stderr] = started(file);
      assert.deepEqual([status, stdout], [70, ''], `${file}: ${left}`);
      assert.ok(stderr.startsWith(`audit-export: dist/${file} cannot be loaded: `), stderr);
      assert.ok(stderr.endsWith(`\n${again}`) && stderr.split('\n').length === 3, stderr);
    }
    rmSync(path);
    assert.deepEqual(started(file), [70, '', `audit-export: it is not whole: there is no dist/${file}\n${again}`]);
    mkdirSync(join(program, 'src'));
    const build = `hint: cd ${program} && npm ci && npm run build\n`;
    assert.deepEqual(started(file), [70, '', `audit-export: it is not built: there is no dist/${file}\n${build}`]);
    rmSync(join(program, 'src'), { recursive: true });
    writeFileSync(path, text);
  }
});

test('a Node that is too old is named, with what is needed, and not shown by a stack of calls', (t) => {
  const older = join(scratch(t), 'older.cjs');
  writeFileSync(older, 'delete process.getBuiltinModule;'); // came with 20.16
  const words = ['--require', older, join(dist, '../bin/audit-export.js'), '--version'];
  const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  assert.equal(status, 70);
  assert.match(
    stderr,
    /^audit-export: it needs Node 20\.18\.1 or later, and this is \S+ \(\S+\)\nhint: have PATH name .*\n$/,
  );
});

test('records that come late find all of the program loaded', async (t) => {
  const directory = scratch(t);
  const server = await rawServer(answers(reply(200)));
  t.after(() => server.close());
  const program = copyOfProgram(directory);
  const words = ['--source', '-', '--sink', 'webhook', '-v', '--log-format', 'text', '--state-dir', directory];
  const child = spawn(process.execPath, [join(program, 'bin/audit-export.js'), ...words], {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { WEBHOOK_URL: server.url },
    cwd: directory,
  });
  await once(child.stderr, 'data'); // the run has begun
  rmSync(program, { recursive: true });
  child.stdin.end('{"a":1}\n');
  const [status] = (await once(child, 'exit')) as [number | null];
  assert.equal(status, 0);
  assert.equal(server.requests.length, 1);
});
