/** What a recipe must bring, and where: told by its own words. */
import type { Recipe } from './recipes.ts';

export interface Flow {
  readonly source: string;
  /** A destination on loopback, `stdout`, `file`, `s3`, or `kafka`. */
  readonly sink: string;
}

/** Where the records of a command come from and go to, by what it names. */
export function flowOf({ command }: Recipe): Flow {
  const [, source, sink] = /\/([a-z]+(?:-(?:audit|events|activity))?)-([a-z]+)\.env/.exec(command) ?? [];
  const host = /(?:https:\/\/|-b )(elastic|splunk|kafka)\.example\.com/.exec(command)?.[1];
  return {
    source: /(?:--source|-s) (\S+)/.exec(command)?.[1] ?? source ?? '',
    sink: command.includes('/var/log/') ? 'file' : command.includes('s3://') ? 's3' : (host ?? sink ?? 'stdout'),
  };
}

/** The records that a command must bring: those that its filters name. */
export function wanted({ command }: Recipe, texts: readonly string[]): string[] {
  const filters: readonly (readonly [flag: RegExp, passes: RegExp])[] = [
    [/--categories aitl,governance/, /verdict|awaits|:governance/],
    [/--categories commands,kubernetes/, /"type":"(?:command|kubernetes)"/],
    [/--categories connections,fileaccesses/, /"type":"(?:connection|fileaccess)"/],
    [/service=idp,logType=authentication/, /"logType":"authentication".*"service":"idp"/],
    [/requestMethod\W{1,5}DELETE/, /"requestMethod":"DELETE"/],
  ];
  const passes = filters.filter(([flag]) => flag.test(command)).map(([, pattern]) => pattern);
  const found = texts.filter((text) => passes.every((pattern) => pattern.test(text)));
  return command.includes('-x --limit 1') ? found.slice(0, 1) : found;
}

/** What `spl audit export` prints of records. */
export function exported(texts: readonly string[]): string[] {
  return texts.map((text) => `{"category":"system","thread":"th_1","record":${text}}`);
}
