/** The settings of a source or sink: looked up, read from NAME_FILE where that is set, and checked. */
import type { Setting, Settings, SettingValues } from '../core/setting.ts';
import { asPasted } from '../core/text/pasted.ts';
import { readSmallFile, whyUnread } from '../io/disk/small-file.ts';
import { errorCode } from '../io/error-code.ts';
import { originOf, type Findings } from './findings.ts';
import { fullPath } from './full-path.ts';
import { wrongKind } from './kinds.ts';
import { isThere, lookUp, whereFound, rank, type Found, type Layers } from './layers.ts';
import { warnIfReadable } from './open-to-others.ts';

/** Where settings are looked for, and what is found out about them. */
export interface SettingLookup {
  readonly layers: Layers;
  readonly findings: Findings;
  /** The texts of command-line flags by flag name; they win. */
  readonly flags?: Readonly<Record<string, string | undefined>>;
}

/** The checked values. */
export function readSettings(settings: Settings, reading: SettingLookup): SettingValues {
  const { layers, findings } = reading;
  const texts = new Map<string, string>();
  for (const [name, setting] of Object.entries(settings)) {
    const unset = setting.mayBeEmpty === true && isThere(layers, name) ? '' : setting.default;
    const text = find(name, setting, reading) ?? unset;
    if (text !== undefined) texts.set(name, withoutSlash(setting, withoutScheme(setting, text)));
  }
  const values: Record<string, string> = {};
  for (const [name, setting] of Object.entries(settings)) {
    const text = texts.get(name);
    if (text === undefined) {
      const isNamed = findings.missing.has(setting.unless ?? ''); // as what else would do
      if (isNeeded(setting, texts) && !isNamed) findings.missing.set(name, missingName(name, setting, layers));
      continue;
    }
    const isUnread = setting.secret === true && text === ''; // its file gave none, and that is told
    const expected = isUnread ? undefined : wrongKind(setting, text);
    if (expected === undefined) values[name] = setting.kind === 'path' ? fullPath(text) : text;
    else {
      findings.faults.push({
        text: `${name} must be ${expected}${isTellable(setting, text) ? `, not ${JSON.stringify(text)}` : ''}${asPasted(text)}`,
        at: originOf(name, findings),
      });
    }
    if (setting.secret === true && text !== setting.default && !isOrigin(text)) findings.secrets.add(text);
  }
  return values;
}

/** Whether it is an address without a path or query, where a token would be: such a secret may be shown. */
function isOrigin(text: string): boolean {
  return /^https?:\/\/[^/?#@\s]+\/?$/i.test(text);
}

function withoutScheme({ scheme }: Setting, text: string): string {
  const begins = scheme !== undefined && text.toLowerCase().startsWith(`${scheme.toLowerCase()} `);
  return begins ? text.slice(scheme.length).trim() : text;
}

/** One of the allowed values with a slash before it, as people write a route such as `/jsons`, without that. */
function withoutSlash({ values = [] }: Setting, text: string): string {
  return text.startsWith('/') && values.includes(text.slice(1)) ? text.slice(1) : text;
}

/** `there` has every setting that was found, wherever that was. */
function isNeeded({ required, unless }: Setting, there: ReadonlyMap<string, string>): boolean {
  return required === true || (unless !== undefined && !there.has(unless));
}

/** `NAME`, with what else would do. */
function missingName(name: string, { unless, flag, secret }: Setting, layers: Layers): string {
  const shown = flag === undefined || secret === true ? name : `${name} (--${flag})`;
  const all = unless === undefined ? shown : `${shown} or ${unless}`;
  return isThere(layers, name) ? `${all} (there, but empty)` : all;
}

function find(name: string, setting: Setting, reading: SettingLookup): string | undefined {
  const { flags, findings } = reading;
  const fromFlag = setting.flag === undefined ? undefined : flags?.[setting.flag];
  if (fromFlag !== undefined) {
    if (setting.secret === true) {
      findings.warnings.push(
        `--${setting.flag} shows its value to everybody on this machine (ps): set ${name} instead`,
      );
    }
    findings.origins.set(name, `--${setting.flag}`);
    return fromFlag;
  }
  for (const spelling of [name, ...(setting.aliases ?? [])]) {
    const text = setting.secret === true ? findSecret(spelling, reading) : plain(spelling, reading);
    if (text === undefined) continue;
    if (setting.secret === true) checkCharacters(spelling, text, setting.lines === true, findings);
    findings.origins.set(name, originOf(spelling, findings));
    return text;
  }
  return undefined;
}

function plain(name: string, { layers, findings }: SettingLookup): string | undefined {
  const found = lookUp(layers, name);
  if (found !== undefined) findings.origins.set(name, whereFound(found));
  return found?.text;
}

/** A secret, from NAME or from the file that NAME_FILE names, whichever is in the place that comes first. */
function findSecret(name: string, { layers, findings }: SettingLookup): string | undefined {
  const direct = lookUp(layers, name);
  const file = lookUp(layers, `${name}_FILE`);
  if (direct !== undefined && file !== undefined && direct.file === file.file) {
    const at = whereFound(direct);
    findings.origins.set(name, at);
    findings.faults.push({ text: `${name} and ${name}_FILE are both set`, at });
    return direct.text;
  }
  if (direct !== undefined && (file === undefined || rank(layers, direct) < rank(layers, file))) {
    findings.origins.set(name, whereFound(direct));
    if (direct.file !== undefined) warnIfReadable(direct.file.path, name, findings);
    return direct.text;
  }
  return file === undefined ? undefined : readSecretFile(name, file, findings);
}

/** `found` is the value of NAME_FILE: a path. */
function readSecretFile(name: string, found: Found, findings: Findings): string | undefined {
  const { text: path, file: namedIn } = found;
  findings.origins.set(name, path);
  let text: string;
  try {
    text = readSmallFile(path)
      .bytes.toString('utf8')
      .replace(/^\ufeff|\r?\n$/g, '');
  } catch (error) {
    const place = namedIn === undefined ? '' : ` in ${namedIn.path}`;
    const code = errorCode(error);
    // What names no file may be the secret itself, and is shown only where it is written as a path.
    const isSecret = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(code) && !/^[/~.$]/.test(path);
    const what = isSecret
      ? `there is no such file: it takes a path, and ${name} the secret itself`
      : `cannot read ${fullPath(path)} (${whyUnread(error)})`;
    findings.faults.push({
      text: `${name}_FILE${place}: ${what}`,
      ...(code === 'EACCES' ? { at: path, step: 'let the user of this job read' } : { at: whereFound(found) }),
    });
    return '';
  }
  if (setsItself(name, text)) {
    findings.faults.push({
      text: `${name}_FILE: ${path} is an env file (it has a line ${name}=), and not the value alone`,
      at: path,
      step: `put the value of ${name} into a file of its own, in place of`,
    });
    return '';
  }
  if (text.trim() === '') {
    findings.faults.push({ text: `${name}_FILE: ${path} is empty`, at: path, step: 'put the secret into' });
    return '';
  }
  if (!isPublic(text)) warnIfReadable(path, name, findings);
  return text;
}

/** Whether a line of the text sets the setting of that name, as in an env file. */
function setsItself(name: string, text: string): boolean {
  return text.split('\n').some((line) => /^\s*(?:export\s+)?(\w+)\s*=/.exec(line)?.[1] === name);
}

/** Certificates without a key: they are shown to everybody who asks, and their files are usually open to all. */
function isPublic(text: string): boolean {
  return text.includes('-----BEGIN CERTIFICATE-----') && !text.includes('PRIVATE KEY-----');
}

/** Line breaks and NUL in a secret would end up in an HTTP header. */
function checkCharacters(name: string, text: string, lines: boolean, findings: Findings): void {
  if (!(lines ? /\0/ : /[\r\n\0]/).test(text)) return;
  findings.faults.push({
    text: `${name} contains a line break or a NUL character`,
    at: originOf(name, findings),
  });
}

function isTellable(setting: Setting, text: string): boolean {
  return setting.secret !== true && !text.includes('@') && text.length <= 100;
}
