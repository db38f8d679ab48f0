/**
 * JSON Lines have nothing around them: a vendor that fails when HTTP 200 was said already, or always says that, tells so in
 * a line, which is the last one, or the only one.
 */
import type { SourceDefinition } from '../definition.ts';
import { parseJson } from '../json/parsed.ts';
import { valueAt } from '../json/value-at.ts';

/**
 * The last line of a reply, parsed, if it is no record: it has nothing at all where those have their ID and time. Where they have
 * neither (files of lines without a time), nothing tells an error from a record that is about one. `last` gives its text.
 */
export function strangeLine({ records }: SourceDefinition, last: () => string | undefined): unknown {
  if (records.format !== 'lines') return undefined;
  const { id, time } = records;
  const places = [...('paths' in id ? id.paths : []), ...(time === undefined ? [] : [time.path])];
  if (places.length === 0) return undefined;
  const line = last();
  if (line === undefined) return undefined;
  const value = parseJson(line);
  return places.some((path) => (valueAt(value, path) ?? '') !== '') ? undefined : value;
}
