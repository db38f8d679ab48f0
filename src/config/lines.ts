/** `--source -`: JSON Lines on standard input, and the flags that say where a line has its ID and time. */
import type { SourceDefinition } from '../core/definition.ts';
import type { Flags } from '../cli/flags.ts';
import { linesDefinition } from '../core/definition/lines.ts';
import { faultOfPath } from '../core/json/path.ts';
import { exit, Problem } from '../core/problem.ts';
import { patternProblem } from '../core/clock/pattern.ts';
import type { TimeRule } from '../core/clock/spelling.ts';
import { zoneOf } from '../core/clock/zone.ts';
import { listed } from '../core/text/listed.ts';
import { timeFormats } from '../core/time.ts';

/** The definition of JSON Lines on standard input, by those flags. Throws Problem 64. */
export function standardInputLines(flags: Flags): SourceDefinition {
  const { idPath, timePath, timeFormat, volatilePath, since, until } = flags;
  const id = idPath && idRule(idPath);
  const rules = { ...(id && { id }), volatile: pathsIn(volatilePath) };
  const idPaths = id !== undefined && 'paths' in id ? id.paths : [];
  for (const path of [...idPaths, ...(timePath === undefined ? [] : [timePath]), ...rules.volatile]) {
    const fault = faultOfPath(path);
    if (fault !== undefined) throw wrong(fault, 'write it as record.id');
  }
  const rule = timeRule(timeFormat);
  if (timePath === undefined) {
    const needing = Object.entries({ '--since': since, '--until': until, '--time-format': timeFormat });
    const flag = needing.find(([, value]) => value !== undefined)?.[0];
    if (flag !== undefined) {
      throw wrong(
        `${flag} needs --time-path`,
        'say where a line has its time, or choose with the command before the pipe',
      );
    }
    return linesDefinition(rules);
  }
  return linesDefinition({ ...rules, time: { path: timePath, ...rule } });
}

/** What identifies a line, as `audit-export sources` writes it: its content, one path, or the first of several that is there. */
function idRule(paths: readonly string[]): SourceDefinition['records']['id'] {
  if (paths.join() === 'its content') return { content: true };
  const choice = paths.length === 1 ? paths.flatMap((text) => text.split(', else ')) : [];
  return choice.length > 1 ? { paths: choice, first: true } : { paths: [...paths] };
}

/** How a line writes its time, as `audit-export sources` lists it: a format or a pattern, and a zone after a comma. */
function timeRule(text = 'iso'): TimeRule {
  const form = formOf(text);
  if (form !== undefined) return { format: form };
  const [, before = '', zone = ''] = /^(.*), (\S+)$/.exec(text) ?? [];
  const local = formOf(before);
  const namesZone = typeof local === 'string' && (local.startsWith('epoch-') || local === 'rfc2822');
  if (local !== undefined && !namesZone && zoneOf(zone) !== undefined) return { format: local, zone };
  const forms = listed([...timeFormats, 'a pattern such as DD/MM/YYYY HH:mm'], 'or');
  throw wrong(
    `--time-format cannot be ${text}`,
    `use ${forms}; of a clock that is not UTC, with its zone, as in 'sql, Europe/Warsaw'`,
  );
}

function formOf(text: string): TimeRule['format'] | undefined {
  const named = timeFormats.find((format) => format === text);
  return named ?? (patternProblem(text) === undefined ? { pattern: text } : undefined);
}

/** The paths in all `--volatile-path`: a comma between quotes belongs to a name. */
function pathsIn(lists: readonly string[] = []): readonly string[] {
  return lists.flatMap((text) => {
    const paths = (text.match(/(?:"(?:[^"\\]|\\.)*"|[^,])+/g) ?? []).map((path) => path.trim());
    if (paths.some((path) => path !== '')) return paths.filter((path) => path !== '');
    throw wrong(`--volatile-path names none: ${JSON.stringify(text)}`, 'write it as cursor,page.etag');
  });
}

/** Throws Problem 64 for these flags with any other source, which knows where its IDs and times are. */
export function refuseLineFlags({ idPath, timePath, timeFormat, volatilePath }: Flags): void {
  const given = Object.entries({
    '--id-path': idPath,
    '--time-path': timePath,
    '--time-format': timeFormat,
    '--volatile-path': volatilePath,
  });
  const flag = given.find(([, value]) => value !== undefined)?.[0];
  if (flag !== undefined) throw wrong(`${flag} is for --source -`, 'leave it out: this source knows its records');
}

function wrong(message: string, hint: string): Problem {
  return new Problem(exit.usage, message, { hint });
}
