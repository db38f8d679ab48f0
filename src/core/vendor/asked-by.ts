/** The hint for a request that a vendor refuses: the settings and flags that decide what it asks for. */
import { check, type Hint } from '../hint.ts';
import type { SourceDefinition } from '../definition.ts';
import { sentWith } from '../definition/texts.ts';
import { listed } from '../text/listed.ts';
import type { Question } from './vendor-client.ts';
import { placeholders, textOf } from '../definition/template.ts';

export type QuestionParts = Pick<Question, 'request' | 'values' | 'parameters'>;

/**
 * `check SYCOPE_STREAM and SYCOPE_NQL, and --raw-query: they say what is asked for`; undefined when nothing of it is set.
 * A setting that is not set is named beside one that is: it may be what is missing.
 */
export function askedBy(
  definition: SourceDefinition,
  { request, values, parameters = {} }: QuestionParts,
): Hint | undefined {
  const used = usedBy(definition, request);
  const isSet = (name: string): boolean => textOf(values[name]) !== '';
  const settings = settingsAmong(definition, used, isSet);
  const given = {
    '--raw-query': used.has('rawQuery') && isSet('rawQuery'),
    '--query': (used.has('query') && isSet('query')) || Object.keys(parameters).length > 0,
    '--categories': used.has('categories') && isSet('categories') && definition.categories?.values === undefined,
  };
  if (!settings.some(isSet) && !Object.values(given).includes(true)) return undefined;
  const flags = Object.entries(given).flatMap(([flag, isGiven]) =>
    isGiven || (flag === '--raw-query' && used.has('rawQuery')) ? [flag] : [],
  );
  const one = settings.length + flags.length === 1;
  const say = `: ${one ? 'it says' : 'they say'} what is asked for`;
  if (settings.length === 0) return `check ${listed(flags)}${say}`;
  return check(settings, flags.length === 0 ? say : `, and ${listed(flags)}${say}`);
}

/** The placeholders that a request is made with, also by way of `variables`, and of the job whose records it asks for. */
function usedBy(
  { variables = {}, parameters, job }: SourceDefinition,
  request: QuestionParts['request'],
): ReadonlySet<string> {
  const used = new Set(sentWith({}, [request, parameters]));
  for (const name of used) {
    // Iterating over a Set also reaches what is added meanwhile.
    for (const text of [variables[name] ?? []].flat()) for (const each of placeholders(text)) used.add(each);
    if (name === 'job') for (const each of sentWith({}, job?.request)) used.add(each);
  }
  return used;
}

/** Without addresses and secrets, which have hints of their own. */
function settingsAmong(
  { settings, window: { time }, branches }: SourceDefinition,
  used: ReadonlySet<string>,
  isSet: (name: string) => boolean,
): readonly string[] {
  const spelling = typeof time === 'object' && 'setting' in time && used.has('from') ? time.setting : undefined;
  const chosen = used.has('branch') && isSet(branches?.setting ?? '') ? branches?.setting : undefined;
  return Object.entries(settings).flatMap(([name, { kind, secret }]) => {
    const says = used.has(name) || name === spelling || name === chosen;
    return says && kind !== 'url' && secret !== true ? [name] : [];
  });
}
