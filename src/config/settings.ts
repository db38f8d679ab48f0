/** The settings of a source or sink: looked up, read from files where told so, checked, all faults named at once. */
import { readFileSync, statSync } from 'node:fs';
import { exit, Problem } from '../core/problem.ts';
import type { Setting, Settings, SettingValues } from '../core/types.ts';
import { errorCode } from '../io/error-code.ts';
import { wrongKind } from './kinds.ts';
import { isEmpty, lookUp, rank, settingsPlace, type EnvFile, type Layers } from './layers.ts';

/** What several calls of `readSettings` find out together. */
export interface Findings {
  /** Required settings that are not there, as people should read them. */
  readonly missing: string[];
  /** Other faults, one line each; never with a secret. */
  readonly faults: string[];
  readonly warnings: string[];
  /** Secret values, never to be printed. */
  readonly secrets: Set<string>;
  /** Where each setting was found, for hints: a path, `the environment` or a flag. */
  readonly origins: Map<string, string>;
}

export function noFindings(): Findings {
  return { missing: [], faults: [], warnings: [], secrets: new Set(), origins: new Map() };
}

/** The checked values. `flags` are the texts of command-line flags by flag name; they win. */
export function readSettings(
  settings: Settings,
  layers: Layers,
  flags: Readonly<Record<string, string | undefined>>,
  findings: Findings,
): SettingValues {
  const texts = new Map<string, string>();
  for (const [name, setting] of Object.entries(settings)) {
    const text = find(name, setting, layers, flags, findings) ?? setting.default;
    if (text !== undefined) texts.set(name, text);
  }
  const values: Record<string, string> = {};
  for (const [name, setting] of Object.entries(settings)) {
    const text = texts.get(name);
    if (text === undefined) {
      if (isNeeded(setting, texts)) findings.missing.push(missingName(name, setting, layers));
      continue;
    }
    const expected = wrongKind(setting, text);
    if (expected === undefined) values[name] = text;
    else
      findings.faults.push(
        `${name} must be ${expected}${isTellable(setting, text) ? `, not ${JSON.stringify(text)}` : ''}`,
      );
    if (setting.secret === true && text !== setting.default) findings.secrets.add(text);
  }
  return values;
}

/** Ends with one Problem (78) that names everything that is missing or wrong. */
export function refuseFaults(findings: Findings, layers: Layers): void {
  const { missing, faults } = findings;
  if (missing.length === 0 && faults.length === 0) return;
  const parts = [...(missing.length > 0 ? [`settings missing: ${missing.join(', ')}`] : []), ...faults];
  const verb = missing.length > 0 ? 'set' : 'correct';
  throw new Problem(exit.config, parts.join('; '), {
    hint: `${verb} ${missing.length + faults.length === 1 ? 'it' : 'them'} in ${settingsPlace(layers)}`,
  });
}

/** `there` has every setting that was found, wherever that was. */
function isNeeded({ required, unless }: Setting, there: ReadonlyMap<string, string>): boolean {
  return required === true || (unless !== undefined && !there.has(unless));
}

/** `NAME`, with what else would do. */
function missingName(name: string, { unless, flag, secret }: Setting, layers: Layers): string {
  const shown = flag === undefined || secret === true ? name : `${name} (--${flag})`;
  const all = unless === undefined ? shown : `${shown} or ${unless}`;
  return isEmpty(layers, name) ? `${all} (there, but empty)` : all;
}

function find(
  name: string,
  setting: Setting,
  layers: Layers,
  flags: Readonly<Record<string, string | undefined>>,
  findings: Findings,
): string | undefined {
  const fromFlag = setting.flag === undefined ? undefined : flags[setting.flag];
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
    const text = setting.secret === true ? findSecret(spelling, layers, findings) : plain(spelling, layers, findings);
    if (text === undefined) continue;
    if (setting.secret === true) checkCharacters(spelling, text, setting.lines === true, findings);
    findings.origins.set(name, findings.origins.get(spelling) ?? 'the environment');
    return text;
  }
  return undefined;
}

function plain(name: string, layers: Layers, findings: Findings): string | undefined {
  const found = lookUp(layers, name);
  if (found !== undefined) findings.origins.set(name, found.file?.path ?? 'the environment');
  return found?.text;
}

/** A secret, from NAME or from the file that NAME_FILE names, whichever stands in the place that is looked at first. */
function findSecret(name: string, layers: Layers, findings: Findings): string | undefined {
  const direct = lookUp(layers, name);
  const file = lookUp(layers, `${name}_FILE`);
  if (direct !== undefined && file !== undefined && direct.file === file.file) {
    findings.faults.push(`${name} and ${name}_FILE are both set`);
    return direct.text;
  }
  if (direct !== undefined && (file === undefined || rank(layers, direct) < rank(layers, file))) {
    findings.origins.set(name, direct.file?.path ?? 'the environment');
    if (direct.file !== undefined) warnIfReadable(direct.file.path, `holds ${name} and`, findings);
    return direct.text;
  }
  return file === undefined ? undefined : readSecretFile(name, file.text, file.file, findings);
}

function readSecretFile(
  name: string,
  path: string,
  namedIn: EnvFile | undefined,
  findings: Findings,
): string | undefined {
  findings.origins.set(name, path);
  let text: string;
  try {
    text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const code = errorCode(error) || 'unknown error';
    const place = namedIn === undefined ? '' : ` in ${namedIn.path}`;
    const cure = code === 'EACCES' ? ': let the user of this job read it' : '';
    findings.faults.push(`${name}_FILE${place}: cannot read ${path} (${code}${cure})`);
    return '';
  }
  if (text === '') findings.faults.push(`${name}_FILE: ${path} is empty`);
  warnIfReadable(path, `holds ${name} and`, findings);
  return text;
}

/** Line breaks and NUL in a secret would end up in an HTTP header. */
function checkCharacters(name: string, text: string, lines: boolean, findings: Findings): void {
  if ((lines ? /\0/ : /[\r\n\0]/).test(text)) findings.faults.push(`${name} contains a line break or a NUL character`);
}

function warnIfReadable(path: string, what: string, findings: Findings): void {
  let mode: number;
  try {
    ({ mode } = statSync(path));
  } catch {
    return; // it was read, which is what matters: a rotation may have taken it away since
  }
  if ((mode & 0o077) === 0) return;
  const warning = `${path} ${what} can be read by others: chmod 600 ${path}`;
  if (!findings.warnings.some((known) => known.startsWith(`${path} `))) findings.warnings.push(warning);
}

function isTellable(setting: Setting, text: string): boolean {
  return setting.secret !== true && !text.includes('@') && text.length <= 100;
}
