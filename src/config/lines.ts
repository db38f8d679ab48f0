/** `--source -`: JSON Lines on standard input, and the flags that say where a line has what. */
import type { SourceDefinition } from '../core/definition.ts';
import type { Flags } from '../cli/flags.ts';
import { linesDefinition } from '../core/vendor/lines-source.ts';
import { faultOfPath } from '../core/json/path.ts';
import { exit, Problem } from '../core/problem.ts';
import { timeFormats } from '../core/time.ts';
import { oneOf } from './one-of.ts';

/** The definition of lines on standard input, by the flags that say where a line has what. Throws Problem 64. */
export function standardInputLines(flags: Flags): SourceDefinition {
  const { idPath = [], timePath, timeFormat, volatilePath, since, until } = flags;
  const rules = { ids: idPath, volatile: pathsIn(volatilePath) };
  for (const path of [...idPath, ...(timePath === undefined ? [] : [timePath]), ...rules.volatile]) {
    const fault = faultOfPath(path);
    if (fault !== undefined) throw wrong(fault, 'write it as record.id');
  }
  const format = oneOf(timeFormat, '--time-format', timeFormats);
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
  return linesDefinition({ ...rules, time: { path: timePath, format: format ?? 'iso' } });
}

/** The paths in all `--volatile-path`: a comma between quotes belongs to a name. */
function pathsIn(lists: readonly string[] = []): readonly string[] {
  return lists.flatMap((text) => {
    const paths = (text.match(/(?:"(?:[^"\\]|\\.)*"|[^,])+/g) ?? []).map((path) => path.trim());
    if (paths.some((path) => path !== '')) return paths.filter((path) => path !== '');
    throw wrong(`--volatile-path names none: ${JSON.stringify(text)}`, 'write it as cursor,page.etag');
  });
}

/** Other sources know where their IDs and times are, and what of their records is volatile. */
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
