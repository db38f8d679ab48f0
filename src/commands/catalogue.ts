/** A list of sources or sinks with their settings, and what sources can search, for people. */
import { refuseName } from '../config/names.ts';
import type { SourceDefinition } from '../core/definition.ts';
import type { Setting, Settings } from '../core/types.ts';
import { exit } from '../core/problem.ts';
import { printText } from '../io/streams/report.ts';
import type { Host } from './host.ts';

interface Entry extends Partial<Pick<SourceDefinition, 'query' | 'categories' | 'records'>> {
  readonly name: string;
  readonly summary: string;
  readonly settings?: Settings | undefined;
}

/** Prints the entries in the order given, or only those that are named. Problem 64 for a name that is not among them. */
export async function printCatalogue(
  kind: 'source' | 'sink',
  entries: readonly Entry[],
  names: readonly string[] | undefined,
  { world }: Host,
): Promise<number> {
  const all = entries.map(({ name }) => name);
  const unknown = names?.find((name) => !all.includes(name));
  if (unknown !== undefined) refuseName(kind, unknown, all, { byFlag: true });
  const shown = names === undefined ? entries : entries.filter(({ name }) => names.includes(name));
  await printText(world.output, shown.map(entryText).join('\n'));
  return exit.ok;
}

function entryText({ name, summary, settings = {}, query, categories, records }: Entry): string {
  const rows = [
    ...Object.entries(settings).map(([setting, about]) => [setting, `${about.summary}${details(about)}`]),
    ...(query === undefined ? [] : [['--query', [...Object.keys(query.keys), 'any path in a record'].join(', ')]]),
    ...(categories === undefined ? [] : [['--categories', categoriesText(categories)]]),
    ...(records === undefined ? [] : recordRows(records)),
  ];
  const width = Math.max(0, ...rows.map(([left = '']) => left.length));
  const lines = rows.map(([left = '', right]) => `    ${left.padEnd(width)}  ${right}\n`);
  return `${name}: ${summary}\n${lines.join('')}`;
}

/** Where a record has its ID and its time, for whoever finds it again at the destination, or has to send it there. */
function recordRows({ id, time }: SourceDefinition['records']): readonly string[][] {
  const ids = 'paths' in id ? id.paths.join(id.first === true ? ', else ' : ' and ') : 'its content';
  if (time === undefined) return [['ID', ids]];
  const { path, format, zone } = time;
  const spelling = typeof format === 'string' ? format : format.pattern;
  return [
    ['ID', ids],
    ['time', `${path} (${zone === undefined ? spelling : `${spelling}, ${zone}`})`],
  ];
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
    ...(preset === undefined ? [] : [`default: ${preset}`]),
    ...(flag === undefined ? [] : [`--${flag}`]),
    ...(aliases.length === 0 ? [] : [`also ${aliases.join(', ')}`]),
  ];
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`;
}
