/**
 * The house rules: who may import whom, and what may stand where. Reads the sources as text; a rule that is broken
 * names the file, the line and the rule.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** A room is a folder of src, or a file directly in src. Each may import from itself and from these rooms. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  loader: [],
  entry: ['main', 'io', 'core'],
  main: ['cli', 'config', 'commands', 'io', 'core'],
  cli: ['core'],
  config: ['cli', 'io', 'sources', 'sinks', 'core'],
  commands: ['cli', 'config', 'run', 'io', 'sources', 'sinks', 'core'],
  run: ['io', 'sources', 'sinks', 'core'],
  io: ['core'],
  sources: ['core'],
  sinks: ['core'],
  core: [],
};

/**
 * The rooms of the core in their order: each may import from those before it. `core/x.ts` and the folder `core/x` are one
 * room, and so are a file and the folder that it stands for.
 */
const coreRooms = (
  'version truth http-status text hint problem origin setting types tools sink-tools stores bytes summary ledger batch json ' +
  'clock content identity window position plan retry http-problem delivery run definition paging vendor rest wire'
).split(' ');
const standsFor: Readonly<Record<string, string>> = { dedupe: 'ledger', split: 'json', csv: 'json', time: 'clock' };

/** Each npm package has one home. */
const homes: Readonly<Record<string, RegExp>> = {
  undici: /^io\/http\/(dispatcher\.ts|undici\.d\.ts)$/,
  pino: /^io\/log\.ts$/,
  dotenv: /^config(\.ts|\/)/,
  commander: /^cli(\.ts|\/)/,
  htmlparser2: /^core\/text\/html-value\.ts$/,
  yaml: /^io\/definition-file\.ts$/,
  zod: /^core\/definition(\.ts|\/)/,
};

/** The only parts of Node that rooms without a way to the outside may use: values in, values out. */
const pureBuiltins = ['node:buffer', 'node:crypto', 'node:zlib'];
const pureRooms = ['core', 'sources', 'sinks'];

/** What may stand only in some files. */
const words: readonly { readonly rule: string; readonly found: RegExp; readonly allowed: (file: string) => boolean }[] =
  [
    {
      rule: 'only entry.ts reads the environment, and hands it over',
      found: /\bprocess\.env\b/,
      allowed: (file) => file === 'entry.ts',
    },
    {
      rule: 'process.exit loses output: set process.exitCode',
      found: /\bprocess\.exit\s*\(/,
      allowed: (file) => file === 'io/world.ts',
    },
    { rule: 'stdout is records, stderr goes through main and the log', found: /\bconsole\s*\./, allowed: () => false },
    {
      rule: 'the clock is passed in',
      found: /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b|\bprocess\.hrtime\b/,
      allowed: (file) => /^(entry\.ts|io\/)/.test(file),
    },
    { rule: 'chance is passed in', found: /\bMath\.random\b/, allowed: (file) => /^(entry\.ts|io\/)/.test(file) },
    {
      rule: 'waiting is passed in',
      found: /\bset(Timeout|Interval|Immediate)\s*\(/,
      allowed: (file) => file.startsWith('io/'),
    },
    {
      rule: 'no default exports (but those that undici has)',
      found: /^\s*export\s+default\b/,
      allowed: (file) => file === 'io/http/undici.d.ts',
    },
    { rule: 'no enums', found: /^\s*(export\s+)?(declare\s+)?(const\s+)?enum\b/, allowed: () => false },
    { rule: 'no `any`', found: /(:|\bas|<|,|\||&)\s*any\b(?!\s*[:(])/, allowed: () => false },
    {
      rule: 'no switched-off checks',
      found: /@ts-(ignore|expect-error|nocheck)|oxlint-disable|eslint-disable/,
      allowed: () => false,
    },
    {
      rule: 'the one class is Problem',
      found: /^\s*(export\s+)?(abstract\s+)?class\b/,
      allowed: (file) => file === 'core/problem.ts',
    },
    {
      rule: 'a getter in the core makes every use of its object slow (core/bytes.ts)',
      found: /^\s*get \w+\(\)/,
      // One object a batch, read where something went wrong.
      allowed: (file) => !file.startsWith('core/') || file === 'core/batch.ts',
    },
    { rule: 'nothing is left undone', found: /\b(TODO|FIXME|XXX)\b/, allowed: () => false },
  ];

/**
 * A step of a hint that is about something is made by the function for it (core/hint.ts): what is only written down is told
 * to everybody alike.
 */
const string = String.raw`'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|\`(?:[^\`\\]|\\.)*\``;
const step = new RegExp(
  String.raw`\b(?:nextRun|ofPosition|inDefinition|atAddress|ofSettings|check)\((?:[^()'"\`]|${string}|\([^()]*\))*\)`,
  'g',
);
const spoken =
  /\bthe next run\b|\bthe position stays\b|\bin the definition\b|\bthe URL\b|(?<=['"`])check (?:\$\{|[A-Z]+_)/;
const spokenElsewhere: Readonly<Record<string, string>> = {
  'core/hint.ts': 'the functions themselves',
  'core/plan/in-force.ts': 'a warning',
  'core/run/problems.ts': 'what -x means to a job',
  'core/vendor/asked-by.ts': 'flags, which are nowhere else',
  'commands/status/trouble.ts': 'of a job alone',
  'config/undated.ts': 'told before anything is known of the definition',
};

/** Files may be longer than this many lines only for the reason given. */
const longest = 200;
const mayBeLong: Readonly<Record<string, string>> = {
  'core/types.ts': 'the nouns on one page, half of it contracts in words',
};

interface SourceFile {
  /** Relative to src, with slashes. */
  readonly file: string;
  readonly text: string;
}

/** The rules that the files break, one line each; none when all is well. */
function violations(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ file, text }) => [
    ...brokenImports(file, text),
    ...brokenWords(file, text),
    ...brokenHints(file, text),
    ...brokenShape(file, text),
  ]);
}

function brokenImports(file: string, text: string): string[] {
  const room = roomOf(file);
  const broken: string[] = [];
  for (const name of importsOf(text)) {
    if (name.startsWith('.')) {
      const target = roomOf(join(file, '..', name));
      if (target !== room && !rooms[room]?.includes(target))
        broken.push(`${file}: ${room} must not import ${target} (${name})`);
      broken.push(...brokenOrder(file, join(file, '..', name)));
      if (!name.endsWith('.ts') && !name.endsWith('.json')) broken.push(`${file}: imports end in .ts (${name})`);
    } else if (name.startsWith('node:')) {
      if (pureRooms.includes(room) && !pureBuiltins.includes(name))
        broken.push(`${file}: ${room} must not reach outside (${name})`);
    } else {
      const [home = ''] = name.split('/');
      if (!homes[home]?.test(file)) broken.push(`${file}: ${home} does not live here (${name})`);
      if (home === 'zod' && name !== 'zod/mini') broken.push(`${file}: zod/mini starts faster (${name})`);
    }
  }
  if (!(room in rooms)) broken.push(`${file}: no such room in the house`);
  return broken;
}

function brokenOrder(file: string, target: string): string[] {
  const [room, other] = [coreRoomOf(file), coreRoomOf(target)];
  if (room === undefined || other === undefined) return [];
  const unknown = [room, other].find((each) => !coreRooms.includes(each));
  if (unknown !== undefined) return [`${file}: core/${unknown} has no place among the rooms of the core`];
  const isBefore = coreRooms.indexOf(other) <= coreRooms.indexOf(room);
  return isBefore ? [] : [`${file}: core/${room} must not import core/${other}, which comes after it`];
}

function brokenWords(file: string, text: string): string[] {
  const lines = withoutProse(text).split('\n');
  return words
    .filter(({ allowed }) => !allowed(file))
    .flatMap(({ rule, found }) =>
      lines.flatMap((line, at) => (found.test(line) ? [`${file}:${at + 1}: ${rule}: ${line.trim()}`] : [])),
    );
}

function brokenHints(file: string, text: string): string[] {
  if (file in spokenElsewhere) return [];
  const written = withoutComments(text).replaceAll(step, '').matchAll(new RegExp(string, 'g'));
  return [...written]
    .filter(([literal]) => spoken.test(literal))
    .map(([literal]) => `${file}: a hint says what it is about, see core/hint.ts: ${literal}`);
}

function brokenShape(file: string, text: string): string[] {
  const broken: string[] = [];
  const length = text.split('\n').length - 1;
  if (length > longest && !(file in mayBeLong))
    broken.push(`${file}: ${length} lines, more than ${longest}: one idea per file`);
  const code = withoutProse(text)
    .split(/;\s*\n|\n(?=import|export)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
  if (code.length > 0 && code.every((statement) => /^export\s+(type\s+)?(\*|\{[^}]*\})[^;]*\bfrom\b/.test(statement))) {
    broken.push(`${file}: only re-exports: import from the file that has the thing`);
  }
  return broken;
}

/** The folder in src, or the name of a file directly in src. */
function roomOf(file: string): string {
  const [first = ''] = file.split('/');
  return first.replace(/\.ts$/, '');
}

/** The room of a file of the core. */
function coreRoomOf(file: string): string | undefined {
  const name = /^core\/([^/]+?)(?:\.ts$|\/)/.exec(file.replaceAll('\\', '/'))?.[1];
  return name === undefined ? undefined : (standsFor[name] ?? name);
}

/** Everything that a file imports or re-exports, statically or on demand, types included. */
function importsOf(text: string): string[] {
  const name = String.raw`(['"])([^'"\n]+)\1`;
  const statement = String.raw`^\s*(?:import|export)\b(?:[^'";=]*?\bfrom)?\s*`;
  const call = String.raw`\b(?:import|require)\(\s*`;
  const found = withoutComments(text).matchAll(new RegExp(`(?:${statement}|${call})${name}`, 'gm'));
  return [...found].map((match) => match[2] ?? '');
}

/** The code without comments; line numbers stay. Strings that hold `//` after a blank are not told apart. */
function withoutComments(text: string): string {
  return text
    .replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, ' '))
    .replaceAll(/(^|\s)\/\/[^\n]*/g, '$1');
}

/** The code without comments and without what stands in simple strings. Switched-off checks are comments: they stay. */
function withoutProse(text: string): string {
  const kept = text.replaceAll(/\/[/*][^\n]*(@ts-\w+|(?:ox|es)lint-disable|TODO|FIXME|XXX)[^\n]*/g, ' $1');
  return withoutComments(kept).replaceAll(/'(?:[^'\\\n]|\\.)*'/g, "''");
}

function sources(): SourceFile[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ({ file: file.replaceAll('\\', '/'), text: readFileSync(join(root, 'src', file), 'utf8') }));
}

test('the sources keep the rules of the house', () => {
  assert.deepEqual(violations(sources()), []);
});

test('every exception to the length rule is still needed', () => {
  const lengths = new Map(sources().map(({ file, text }) => [file, text.split('\n').length - 1]));
  for (const file of Object.keys(mayBeLong)) assert.ok((lengths.get(file) ?? 0) > longest, `${file} is short now`);
});

test('every runtime dependency has a home, and every home a dependency', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  assert.deepEqual(Object.keys(homes).toSorted(), Object.keys(manifest.dependencies).toSorted());
});

const breaches: readonly (readonly [what: string, file: string, text: string, expected: RegExp])[] = [
  [
    'the core reaching for the disk',
    'core/time.ts',
    "import { readFileSync } from 'node:fs';",
    /must not reach outside/,
  ],
  ['the core importing io', 'core/time.ts', "import type { World } from '../io/world.ts';", /core must not import io/],
  [
    'a source importing another room',
    'sources/okta.ts',
    "import { send } from '../io/http.ts';",
    /sources must not import io/,
  ],
  [
    'a room of the core importing one that comes after it',
    'core/paging/more.ts',
    "import { saying } from '../vendor/reply.ts';",
    /core\/paging must not import core\/vendor/,
  ],
  [
    'a room of the core without a place',
    'core/time.ts',
    "import { pad } from './helpers/pad.ts';",
    /core\/helpers has no place/,
  ],
  ['a sink on the network', 'sinks/splunk.ts', "const net = await import('node:net');", /sinks must not reach outside/],
  ['io importing a source', 'io/world.ts', "import { okta } from '../sources/okta.ts';", /io must not import sources/],
  ['a package away from home', 'run.ts', "import { request } from 'undici';", /undici does not live here/],
  ['a package loaded on demand', 'run.ts', "const { request } = await import('undici');", /undici does not live here/],
  ['all of zod', 'core/definition.ts', "import { z } from 'zod';", /zod\/mini starts faster/],
  ['an unknown package', 'config.ts', "import got from 'got';", /got does not live here/],
  ['a part of a package', 'run.ts', "import Agent from 'undici/lib/agent.js';", /does not live here/],
  ['an import without its suffix', 'run.ts', "import { split } from './core/split';", /imports end in \.ts/],
  ['a new room', 'helpers/text.ts', 'export const a = 1;', /no such room/],
  ['the environment read elsewhere', 'run.ts', 'const home = process.env.HOME;', /only entry.ts reads the environment/],
  ['an exit in the middle', 'main.ts', 'process.exit(1);', /process\.exit loses output/],
  ['a word on the console', 'run.ts', "console.error('hello');", /stdout is records/],
  ['a clock in the core', 'core/window.ts', 'const now = Date.now();', /the clock is passed in/],
  ['a clock in the core, as a date', 'core/window.ts', 'const now = new Date();', /the clock is passed in/],
  ['chance in the core', 'core/retry.ts', 'const jitter = Math.random();', /chance is passed in/],
  ['a timer in a source', 'sources/okta.ts', 'setTimeout(() => undefined, 5);', /waiting is passed in/],
  ['a default export', 'core/time.ts', 'export default function parse() {}', /no default exports/],
  ['an enum', 'core/time.ts', 'export enum Unit { second }', /no enums/],
  ['an any', 'core/time.ts', 'function parse(text: any) {}', /no `any`/],
  ['an any, cast', 'core/time.ts', 'const text = value as any;', /no `any`/],
  ['any in a list', 'core/time.ts', 'const texts: Array<any> = [];', /no `any`/],
  ['a silenced compiler', 'core/time.ts', '// @ts-ignore\nconst a = 1;', /no switched-off checks/],
  ['a silenced linter', 'core/time.ts', '// oxlint-disable-next-line\nconst a = 1;', /no switched-off checks/],
  ['a second class', 'core/time.ts', 'export class Clock {}', /the one class is Problem/],
  ['a getter', 'core/dedupe.ts', '  return {\n    get size() {', /makes every use of its object slow/],
  ['something undone', 'core/time.ts', '// TODO: leap seconds\nconst a = 1;', /nothing is left undone/],
  ['a barrel', 'sources/all.ts', "export { okta } from './okta.ts';\nexport * from './slack.ts';\n", /only re-exports/],
  [
    'a hint that hides what it is about',
    'core/time.ts',
    "const hint = ['see its log', 'the next run tries again'];",
    /a hint says what it is about/,
  ],
  ['a long file', 'core/time.ts', 'const a = 1;\n'.repeat(longest + 1), /one idea per file/],
];

for (const [what, file, text, expected] of breaches) {
  test(`the guard sees ${what}`, () => {
    const found = violations([{ file, text }]);
    assert.equal(found.length, 1, found.join('\n') || 'nothing was found');
    assert.match(found[0] ?? '', expected);
  });
}

test('the guard lets comments, messages and names pass', () => {
  const text = [
    '/** Any one of `new Date()` and Date.now() will do; console.log too. */',
    "import { Buffer } from 'node:buffer';",
    "export const anyOf = 'a class with any: process.exit(1)'; // from 'undici'",
    'export const many: Record<string, number> = { any: 1 };',
    'export const time = new Date(0);',
    'export const hint = [nextRun(`the next run (of ${name}) tries again`), inDefinition((there) => `check a ${there}`)];',
    '',
  ].join('\n');
  assert.deepEqual(violations([{ file: 'core/time.ts', text }]), []);
});
