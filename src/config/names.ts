/** What `--source`, `--sink` and their settings name: a built-in one, or a definition of the user's own. */
import { extname } from 'node:path';
import type { SourceDefinition } from '../core/definition.ts';
import type { Flags } from '../cli/flags.ts';
import { didYouMean } from '../core/text/nearest.ts';
import { exit, Problem } from '../core/problem.ts';
import type { SinkDefinition } from '../core/types.ts';
import { sinks } from '../sinks/index.ts';
import { sources } from '../sources/index.ts';
import { lookUp, type Layers } from './layers.ts';
import { impliedSource, refuseLineFlags, standardInputLines } from './lines.ts';
import { misspelt } from './suspicions.ts';

/** A definition and where it is from: its own name does not tell, because a user may choose any. */
export interface FoundSource {
  readonly source: SourceDefinition;
  readonly origin: 'standard input' | 'built-in' | 'file';
}

/** Throws Problem (64, 78). */
export async function findSource(flags: Flags, layers: Layers): Promise<FoundSource> {
  const flag = flags.source;
  const name = flag ?? lookUp(layers, 'AUDIT_EXPORT_SOURCE')?.text ?? impliedSource(flags);
  if (name === '-') return { source: standardInputLines(flags), origin: 'standard input' };
  refuseLineFlags(flags);
  if (name === undefined) {
    throw new Problem(exit.usage, `no source is named${misspelt('AUDIT_EXPORT_SOURCE', layers, {})}`, {
      hint: `add --source NAME, or AUDIT_EXPORT_SOURCE=NAME to the env file; NAME is ${Object.keys(sources).join(', ')}, another one that audit-export sources lists, or a definition file`,
    });
  }
  if (['.yaml', '.yml', '.json'].includes(extname(name))) {
    // With zod and yaml: only who brings a definition pays for them.
    return { source: await (await import('../io/definition-file.ts')).readDefinition(name), origin: 'file' };
  }
  const load = Object.hasOwn(sources, name) ? sources[name] : undefined;
  if (load !== undefined) return { source: await load(), origin: 'built-in' };
  const { readyMade, readyMadeNames } = await import('../io/ready-made.ts');
  const source = await readyMade(name);
  if (source !== undefined) return { source, origin: 'file' };
  return refuseName('source', name, [...Object.keys(sources), ...readyMadeNames()], {
    byFlag: flag !== undefined,
    or: ', or a definition file (.yaml, .yml, .json)',
  });
}

/** Throws Problem (64, 78). */
export async function findSink(flags: Flags, layers: Layers): Promise<SinkDefinition> {
  const byFlag =
    flags.command !== undefined ? 'command' : (flags.sink ?? (flags.output === undefined ? undefined : 'file'));
  const named = byFlag ?? lookUp(layers, 'AUDIT_EXPORT_SINK')?.text;
  if (named === undefined) refuseMisspeltSink(layers);
  const name = named ?? 'stdout';
  const load = Object.hasOwn(sinks, name) ? sinks[name] : undefined;
  return load === undefined
    ? refuseName('sink', name, Object.keys(sinks), { byFlag: flags.sink !== undefined })
    : load();
}

/** The records would be printed, and the position would move past them. */
function refuseMisspeltSink(layers: Layers): void {
  const found = misspelt('AUDIT_EXPORT_SINK', layers, {});
  if (found === '') return;
  throw new Problem(exit.config, `no sink is named${found}`, { hint: 'write it AUDIT_EXPORT_SINK=NAME' });
}

/** `or` is what else could be named, after the known ones. Throws Problem: 64 for a flag, 78 for a setting. */
export function refuseName(
  what: string,
  name: string,
  known: readonly string[],
  { byFlag, or = '' }: { readonly byFlag: boolean; readonly or?: string },
): never {
  // `entra` for entra-id, `elasticsearch` for elastic
  const alike = known.find((each) => each.startsWith(name) || name.startsWith(each));
  const meant = didYouMean(name, known) || (alike === undefined ? '' : ` (Did you mean ${alike}?)`);
  throw new Problem(byFlag ? exit.usage : exit.config, `unknown ${what} '${name}'${meant}`, {
    hint: `choose one of ${known.join(', ')}${or}`,
  });
}
