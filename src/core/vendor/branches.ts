/** The independent parts of a source: organisations, content types, applications. Each has a position of its own. */
import type { SourceDefinition } from '../definition.ts';
import type { Exchange } from './exchange.ts';
import { exit, Problem } from '../problem.ts';
import { valueAt } from './reply.ts';
import type { SettingValues } from '../types.ts';

/**
 * The branches in the setting, else those in the definition, else those that the vendor lists; [''] for a source
 * without branches. Throws Problem 78 when the vendor lists none.
 */
export async function branchesOf(
  definition: SourceDefinition,
  values: SettingValues,
  vendor: Exchange,
): Promise<readonly string[]> {
  const { setting, values: listed, fetch } = definition.branches ?? {};
  const text = setting === undefined ? undefined : values[setting];
  const chosen = text === undefined ? listed : text.split(/[\s,]+/).filter((each) => each !== '');
  if (chosen !== undefined && chosen.length > 0) return [...new Set(chosen)];
  if (fetch === undefined) return [''];

  const { value } = await vendor.json({ request: fetch.request, values, what: 'the list of what this key may read' });
  const found = valueAt(value, fetch.path);
  if (Array.isArray(found) && found.length > 0 && found.every((each) => typeof each === 'string')) {
    return [...new Set<string>(found)];
  }
  const rights = 'check the rights of the credentials';
  throw new Problem(exit.config, `${definition.name} lists nothing that these credentials may read`, {
    hint: setting === undefined ? rights : `${rights}, or set ${setting}`,
  });
}
