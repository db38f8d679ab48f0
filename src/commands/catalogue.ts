/** A list of sources or sinks with their settings, and what sources can search, for people. */
import { refuseName } from '../config/named-ends.ts';
import { sourceOrSink } from './stray-word.ts';
import type { SourceDefinition } from '../core/definition.ts';
import { oneLine } from '../core/text/shown.ts';
import type { Setting, Settings } from '../core/setting.ts';
import { exit, Problem } from '../core/problem.ts';
import { printText } from '../io/streams/report.ts';
import type { Host } from './host.ts';

interface Entry extends Partial<Pick<SourceDefinition, 'query' | 'categories' | 'records'>> {
  readonly name: string;
  readonly summary: string;
  readonly settings?: Settings | undefined;
}

/** What is listed: entries with their settings, and `brief` ones, whose settings are shown only when they are named. */
interface Catalogue {
  readonly kind: 'source' | 'sink';
  readonly entries: readonly Entry[];
  readonly brief?: readonly Entry[];
}

/** Prints all, or only those that are named. Problem 64 for a name that is not among them. */
export async function printCatalogue(
  { kind, entries: long, brief = [] }: Catalogue,
  names: readonly string[] | undefined,
  { world }: Host,
): Promise<number> {
  const entries = [...long, ...brief];
  const all = entries.map(({ name }) => name);
  const unknown = names?.find((name) => !all.includes(name));
  const other = unknown === undefined ? undefined : sourceOrSink(unknown);
  if (other !== undefined && other !== kind) {
    throw new Problem(exit.usage, `${unknown} is not a ${kind} but a ${other}`, {
      hint: `audit-export ${other}s ${unknown} shows its settings`,
    });
  }
  if (unknown !== undefined) refuseName(kind, unknown, all, { byFlag: true });
  const shown = names === undefined ? long : entries.filter(({ name }) => names.includes(name));
  const texts = shown.map(entryText);
  if (names === undefined && brief.length > 0) texts.push(briefText(brief));
  await printText(world.output, texts.join('\n'));
  return exit.ok;
}

/** A line each. */
function briefText(entries: readonly Entry[]): string {
  const lines = entries.map(({ name, summary }) => `${name}: ${oneLine(summary)}\n`);
  return `${lines.join('')}\naudit-export sources ${entries[0]?.name} shows the settings of one of these.\n`;
}

function entryText({ name, summary, settings = {}, query, categories, records }: Entry): string {
  const rows = [
    ...Object.entries(settings).map(([setting, about]) => [setting, `${about.summary}${details(about)}`]),
    ...(query === undefined ? [] : [['--query', [...Object.keys(query.keys), 'any path in a record'].join(', ')]]),
    ...(categories === undefined ? [] : [['--categories', categoriesText(categories)]]),
    ...(records === undefined ? [] : recordRows(records)),
  ];
  const width = Math.max(0, ...rows.map(([left = '']) => left.length));
  const lines = rows.map(([left = '', right = '']) => `    ${oneLine(left.padEnd(width))}  ${oneLine(right)}\n`);
  return `${oneLine(`${name}: ${summary}`)}\n${lines.join('')}`;
}

/**
 * Where a record has its ID and time, and which members are volatile: for whoever looks for a record at the destination, or
 * has to send it again by --source -.
 */
function recordRows({ id, time, volatile = [] }: SourceDefinition['records']): readonly string[][] {
  const content = 'item' in id ? 'its content, with the item that it came in' : 'its content';
  const ids = 'paths' in id ? id.paths.join(id.first === true ? ', else ' : ' and ') : content;
  const left = [...volatile, ...('without' in id ? (id.without ?? []) : [])];
  return [
    ['ID', ids],
    ...(time === undefined ? [] : [['time', timeText(time)]]),
    ...(left.length === 0 ? [] : [['volatile', left.join(',')]]),
  ];
}

function timeText({ path, format, zone }: NonNullable<SourceDefinition['records']['time']>): string {
  const spelling = typeof format === 'string' ? format : format.pattern;
  return `${path} (${zone === undefined ? spelling : `${spelling}, ${zone}`})`;
}

function categoriesText({ values, path }: NonNullable<SourceDefinition['categories']>): string {
  if (values !== undefined) return Object.keys(values).join(', ');
  return path === undefined ? "the vendor's own names" : `values of ${path}`;
}

/** `(required, secret)`, `(default: 1000)`. */
function details({ required, unless, secret, values, default: preset, flag, aliases = [] }: Setting): string {
  const parts = [
    ...(required === true ? ['required'] : []),
    ...(unless === undefined ? [] : [`required unless ${unless} is set`]),
    ...(secret === true ? ['secret'] : []),
    ...(values === undefined ? [] : [values.join(' | ')]),
    ...(preset === undefined ? [] : [secret === true ? 'has a default' : `default: ${preset}`]),
    ...(flag === undefined ? [] : [`--${flag}`]),
    ...(aliases.length === 0 ? [] : [`also ${aliases.join(', ')}`]),
  ];
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`;
}
