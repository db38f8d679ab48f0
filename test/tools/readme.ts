/**
 * Writes the generated parts of README.md, or with `--check` says which of them are stale (status 1).
 *
 * A part stands between `<!-- generated: name -->` and `<!-- end -->`. It comes from what the program itself says: the
 * help, the settings of the built-in sources and sinks, the comments beside the exit statuses, the dependencies.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseCommandLine } from '../../src/cli.ts';
import type { Setting, Settings } from '../../src/core/setting.ts';
import { placeholderMeanings } from '../../src/core/definition/placeholders.ts';
import { readDefinition } from '../../src/io/definition-file.ts';
import { readyMadeNames, readyMadePath } from '../../src/io/ready-made.ts';
import { sinks } from '../../src/sinks/index.ts';
import { sources } from '../../src/sources/index.ts';

interface Listed {
  readonly name: string;
  readonly summary: string;
  readonly promise?: string;
  readonly settings: Settings;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = `${root}/README.md`;

/** Does the next run cure it? What a comment in problem.ts does not say. */
const cures: Readonly<Record<number, string>> = {
  3: 'no: look at it',
  74: 'perhaps',
  76: 'no, unless a reply was only cut short, a cursor had expired, or later pages of a window were refused',
  ...Object.fromEntries([64, 65, 70, 73, 77, 78].map((status) => [status, 'no'])),
  ...Object.fromEntries([69, 75, 129, 130, 143].map((status) => [status, 'yes'])),
};

/** Why each dependency is there. */
const reasons: Readonly<Record<string, string>> = {
  commander: 'the command line',
  dotenv: 'reading `.env` files',
  htmlparser2: 'reading login pages',
  pino: 'structured logs on stderr (`-v --log-format json`)',
  undici: 'HTTP: streaming bodies, time limits, proxies, TLS',
  yaml: 'source definitions written as YAML',
  zod: 'checking source definitions, with messages that name the place',
};

const parts: Readonly<Record<string, () => string | Promise<string>>> = {
  usage: () => ['```', helpText().trimEnd(), '```'].join('\n'),
  sources: async () => listing(await all(sources), 'Source'),
  'ready-made sources': readyMadeSources,
  sinks: async () => listing(await all(sinks), 'Destination'),
  placeholders: () =>
    table(
      ['Placeholder', 'What it stands for'],
      Object.entries(placeholderMeanings).map(([name, meaning]) => [`\`{${name}}\``, meaning]),
    ),
  'exit statuses': exitStatuses,
  dependencies: () =>
    table(
      ['Package', 'Version', 'For'],
      Object.entries(manifest().dependencies).map(([name, version]) => [`\`${name}\``, version, reasons[name] ?? '']),
    ),
};

/** The text with every generated part fresh. Throws on a part that is not known or not closed. */
export async function refreshed(text: string): Promise<string> {
  const pieces = text.split(/(<!-- generated: [^>]+ -->\n)([\s\S]*?)(<!-- end -->)/);
  for (let at = 1; at < pieces.length; at += 4) {
    const name = /generated: (.+) -->/.exec(pieces[at] ?? '')?.[1] ?? '';
    const part = parts[name];
    if (part === undefined)
      throw new Error(`README.md: no part is called ${name}; there are ${Object.keys(parts).join(', ')}`);
    pieces[at + 1] = `\n${await part()}\n\n`;
  }
  return pieces.join('');
}

function all(list: Readonly<Record<string, () => Promise<Listed>>>): Promise<Listed[]> {
  return Promise.all(Object.values(list).map((load) => load()));
}

/** A table of what there is, then the settings of each; those that have the same share a table. */
function listing(list: readonly Listed[], what: string): string {
  const promises = list.some(({ promise }) => promise !== undefined);
  const overview = table(
    [what, 'What it is', ...(promises ? ['What its answer proves'] : [])],
    list.map(({ name, summary, promise }) => [`\`${name}\``, summary, ...(promises ? [promise ?? ''] : [])]),
  );
  const names = new Map<string, string[]>();
  for (const { name, settings } of list) {
    if (Object.keys(settings).length === 0) continue;
    const shown = settingsTable(settings);
    names.set(shown, [...(names.get(shown) ?? []), name]);
  }
  return [overview, ...Array.from(names, ([shown, those]) => `**${those.join(', ')}**\n\n${shown}`)].join('\n\n');
}

/** One row a definition: its file says the rest. */
async function readyMadeSources(): Promise<string> {
  const definitions = await Promise.all(readyMadeNames().map((name) => readDefinition(readyMadePath(name))));
  const spelled = ([name, { required, unless }]: [string, Setting]): string => {
    if (unless !== undefined) return `**\`${name}\`** or **\`${unless}\`**`;
    return required === true ? `**\`${name}\`**` : `\`${name}\``;
  };
  // One that another stands for is written beside that.
  const shown = (settings: Settings): [string, Setting][] => {
    const all = Object.entries(settings);
    return all.filter(([name], at) => !all.slice(0, at).some(([, { unless }]) => unless === name));
  };
  return table(
    ['Source', 'What it is', 'Settings, those that must be set in bold'],
    definitions.map(({ name, summary, settings }) => [
      `[\`${name}\`](examples/sources/${name}.yaml)`,
      summary,
      shown(settings).map(spelled).join(', '),
    ]),
  );
}

function settingsTable(settings: Settings): string {
  const quoted = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(', ');
  return table(
    ['Setting', 'Meaning', 'Default'],
    Object.entries(settings).map(
      ([name, { summary, values, secret, flag, aliases, default: standard, required, unless }]) => {
        const explained = values?.every((value) => summary.includes(value)) ?? true;
        const meaning = [
          `${summary.replace(/\.$/, '')}.`,
          ...(values === undefined || explained ? [] : [`One of ${quoted(values)}.`]),
          ...(secret === true ? ['Secret.'] : []),
          ...(flag === undefined ? [] : [`Flag: ${quoted([`--${flag}`])}.`]),
          ...(aliases === undefined ? [] : [`Also read: ${quoted(aliases)}.`]),
        ];
        return [
          quoted([name]),
          meaning.join(' '),
          required === true
            ? '**required**'
            : unless !== undefined
              ? `**required** unless ${quoted([unless])} is set`
              : quoted(standard === undefined ? [] : [standard]),
        ];
      },
    ),
  );
}

/** From `exit` in problem.ts: each status has its meaning above it. */
function exitStatuses(): string {
  const code = readFileSync(`${root}/src/core/problem.ts`, 'utf8');
  const body = code.slice(code.indexOf('export const exit'), code.indexOf('as const'));
  let meaning = '';
  const rows: string[][] = [];
  for (const line of body.split('\n')) {
    meaning = /\/\*\* (.+?)\.? \*\//.exec(line)?.[1] ?? meaning;
    const [, name, status] = /^ {2}(\w+): (\d+),/.exec(line) ?? [];
    if (name !== undefined && status !== undefined) rows.push([status, name, meaning, cures[Number(status)] ?? '']);
  }
  return table(['Status', 'Name', 'Meaning', 'Does the next run cure it?'], rows);
}

/** As `--help` prints it. */
function helpText(): string {
  const invocation = parseCommandLine(['--help'], manifest().version);
  return 'print' in invocation ? invocation.print : '';
}

function manifest(): { readonly version: string; readonly dependencies: Readonly<Record<string, string>> } {
  return JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as ReturnType<typeof manifest>;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `| ${head.map(() => '---').join(' | ')} |`, ...rows.map(line)].join('\n');
}

if (process.argv[1] === import.meta.filename) {
  const before = readFileSync(readme, 'utf8');
  const after = await refreshed(before);
  if (!process.argv.includes('--check')) writeFileSync(readme, after);
  else if (after !== before) {
    process.stderr.write('README.md is stale\nhint: npm run docs\n');
    process.exitCode = 1;
  }
}
