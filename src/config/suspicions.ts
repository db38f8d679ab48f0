/** Mistakes in an env file that would otherwise show up as a refused login. */
import { flagTable } from '../cli/flags.ts';
import { nearest } from '../core/text/nearest.ts';
import { pasted } from '../core/text/pasted.ts';
import type { Settings } from '../core/setting.ts';
import { theEnvironment, type EnvFile, type Layers } from './layers.ts';
import { proxyNames } from './proxies.ts';

/**
 * Faults for values that were cut off: an unquoted `#` begins a comment even within a word, so that `KEY=p#q` is read as `p`.
 * Only lines of settings in use count, where `#` follows the value without a blank.
 */
export function cutValues(file: EnvFile, settings: Settings): string[] {
  return linesOf(file, settings).flatMap(({ place, name, text, value }) =>
    isCut(text, value) ? [`${place}: ${name} is cut off at #: put its value in quotes`] : [],
  );
}

/** Warnings for values whose quotation mark is not closed, so that it is read as a part of them. */
export function unclosedQuotes(file: EnvFile, settings: Settings): string[] {
  return linesOf(file, settings).flatMap(({ place, name, text, value }) => {
    const mark = /^["'`]/.exec(value)?.[0];
    if (mark === undefined || value.includes(mark, 1) || isCut(text, value) || !text.trimStart().startsWith(value))
      return [];
    return [
      `${place}: the ${mark} before the value of ${name} is not closed: close it, or put the value in other quotes`,
    ];
  });
}

function isCut(text: string, value: string): boolean {
  return value === '' ? /^#\S/.test(text) : text.trimStart().startsWith(`${value}#`);
}

interface Line {
  /** Path and number of the line, for messages. */
  readonly place: string;
  readonly name: string;
  /** What stands behind the `=`. */
  readonly text: string;
  /** What is read, here or where the name comes again. */
  readonly value: string;
}

/** The lines of settings in use. */
function linesOf(file: EnvFile, settings: Settings): readonly Line[] {
  const known = new Set(spellings(settings));
  const lines = file.text.split(/\r\n?|\n/);
  return lines.flatMap((line, at) => {
    const [, name = '', text = ''] = /^\s*(?:export\s+)?([\w.-]+)(?:\s*=|:\s)(.*)$/.exec(line) ?? [];
    const value = known.has(name) ? file.values.get(name) : undefined;
    return value === undefined ? [] : [{ place: `${file.path}:${at + 1}`, name, text, value }];
  });
}

/** As dotenv reads it: one setting, whose value may have several lines in quotes. */
const assignment =
  /^[ \t]*(?:export[ \t]+)?[\w.-]+(?:[ \t]*=|:[ \t])[ \t]*(?:'(?:\\'|[^'])*'|"(?:\\"|[^"])*"|`(?:\\`|[^`])*`)?.*$/gm;

interface UnreadLine {
  readonly line: number;
  /** What looks like the name of a setting; empty where the line may also be a secret. */
  readonly name: string;
}

/** Lines that are neither a setting, nor a comment, nor empty: dotenv skips them. */
export function unreadLines({ text }: EnvFile): readonly UnreadLine[] {
  const rest = text.replaceAll(/\r\n?/g, '\n').replace(assignment, (found) => found.replaceAll(/[^\n]/g, ''));
  return rest.split('\n').flatMap((line, at) => {
    if (/^\s*(?:#|$)/.test(line)) return [];
    const [, name = ''] = /^\s*(?:export\s+)?([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:\s|$)/.exec(line) ?? [];
    return [{ line: at + 1, name }];
  });
}

/** Names in the file that nothing reads, and that are nearly the name of a setting in use or look like a flag, as warnings. */
export function nearMisses(file: EnvFile, settings: Settings): string[] {
  const proxies = [...proxyNames, ...proxyNames.map((name) => name.toLowerCase())];
  const known = [...spellings(settings), 'AUDIT_EXPORT_SOURCE', 'AUDIT_EXPORT_SINK', ...proxies];
  return [...file.values.keys()].flatMap((name) => {
    if (known.includes(name)) return [];
    if (name.toUpperCase() === 'ALL_PROXY') return [`${file.path}: nothing reads ${name}; set HTTPS_PROXY instead`];
    const meant = isNamedLikeFlag(name) ? undefined : nearest(name, known);
    if (meant !== undefined) return [`${file.path}: nothing reads ${name}; did you mean ${meant}?`];
    const isFlag = name.startsWith('AUDIT_EXPORT_') || name === 'STATE_DIRECTORY';
    return isFlag ? [`${file.path}: nothing reads ${name} here; flags go on the command line`] : [];
  });
}

/**
 * What makes a value an unlikely credential, in words that do not quote it; undefined where it looks like one. In a list, of
 * parts to read or of lines (`Name: value`), a blank between two words is not odd.
 */
export function oddity(value: string, isList = false): string | undefined {
  if (/^(?:export\s+)?[A-Z][A-Z0-9_]+=[^=]/.test(value)) {
    return 'begins like a line of an env file, where the value alone belongs';
  }
  const odd = pasted(value);
  if (odd !== undefined) return odd;
  if (/^\$\{?\w+\}?$/.test(value)) return 'is the name of a variable, and nothing fills it in';
  if (/^~?\/[\w.-]+\/[\w./-]+$/.test(value)) return 'is a path: its name with _FILE at the end would read that file';
  const hasBlank = (!isList && /^\S+ \S+$/.test(value)) || /^\s|[ \t]$/.test(value);
  return hasBlank ? 'has a blank in it' : undefined;
}

/** Warnings for settings of a sink where no sink is named, so that records are printed. */
export function idleSinks({ path, values }: EnvFile, sinks: readonly string[], settings: Settings): string[] {
  const known = new Set(spellings(settings));
  return sinks.flatMap((sink) => {
    const name = [...values.keys()].find((each) => isOfSink(each, sink) && !known.has(each));
    return name === undefined
      ? []
      : [`${path}: nothing reads ${name}, since no sink is named; did you mean AUDIT_EXPORT_SINK=${sink}?`];
  });
}

/** The settings of a sink begin with its name; the one of `file` does not, because it is a flag as well. */
function isOfSink(name: string, sink: string): boolean {
  return sink === 'file' ? name === 'OUTPUT' : name.startsWith(`${sink.toUpperCase()}_`);
}

/** A remark on where a missing setting may be, under a name that nothing reads; otherwise empty. */
export function misspelt(name: string, { environment, files }: Layers, settings: Settings): string {
  for (const file of files) {
    const unread = unreadLines(file).find((each) => each.name === name);
    if (unread !== undefined) return ` (${file.path}:${unread.line}: no "=" after it)`;
  }
  const known = new Set(spellings(settings));
  const places = [
    ...files.map(({ path, values }) => [path, [...values.keys()]] as const),
    [theEnvironment, Object.keys(environment)] as const,
  ];
  for (const [place, names] of places) {
    const others = names.filter((each) => each !== name && !known.has(each) && !isNamedLikeFlag(each));
    const found = nearest(name, others) ?? others.find((each) => isLonger(each, name));
    if (found !== undefined) return ` (${place} has ${found})`;
  }
  return '';
}

/** Whether it has all words of the other name, in order, and more: the vendor's tools may call OKTA_TOKEN OKTA_API_TOKEN. */
function isLonger(name: string, other: string): boolean {
  const words = other.split('_');
  const left = name.split('_').reduce((at, word) => (word === words[at] ? at + 1 : at), 0);
  return left === words.length;
}

/** Whether a name is a flag in the style of other programs: AUDIT_EXPORT_SINCE means --since, and not AUDIT_EXPORT_SINK. */
function isNamedLikeFlag(name: string): boolean {
  const flag = `--${name
    .replace(/^AUDIT_EXPORT_/, '')
    .replaceAll('_', '-')
    .toLowerCase()}`;
  return name.startsWith('AUDIT_EXPORT_') && flagTable.some(({ flags }) => flags.split(/[ ,]+/).includes(flag));
}

/** Every name that one of the settings can be set by: aliases, and NAME_FILE for a secret. */
export function spellings(settings: Settings): string[] {
  return Object.entries(settings).flatMap(([name, { secret, aliases = [] }]) =>
    [name, ...aliases].flatMap((spelling) => (secret === true ? [spelling, `${spelling}_FILE`] : [spelling])),
  );
}
