/** What `--source`, `--sink` and their settings name: a built-in one, or a definition of the user's own. */
import { extname } from 'node:path';
import type { SourceDefinition } from '../core/definition.ts';
import type { Flags } from '../cli/flags.ts';
import { pipeIntoJq } from '../cli/mistaken.ts';
import { listed } from '../core/text/listed.ts';
import { didYouMean } from '../core/text/nearest.ts';
import { exit, Problem } from '../core/problem.ts';
import type { SinkDefinition } from '../core/sink-tools.ts';
import { sinks } from '../sinks/index.ts';
import { sources } from '../sources/index.ts';
import { lookUp, type Layers } from './layers.ts';
import { refuseLineFlags, standardInputLines } from './lines.ts';
import { misspelt } from './suspicions.ts';

/** A definition, and where it is from: its name does not tell, because a user may choose any name in a file. */
export interface FoundSource {
  readonly source: SourceDefinition;
  readonly origin: 'standard input' | 'built-in' | 'ready-made' | 'file';
  /** The path of a definition of the user's own. */
  readonly file?: string;
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
  if (isDefinitionFile(name)) {
    // Loads zod and yaml, which only users with a definition of their own need.
    return {
      source: await (await import('../io/definition-file.ts')).readDefinition(name),
      origin: 'file',
      file: name,
    };
  }
  const load = Object.hasOwn(sources, name) ? sources[name] : undefined;
  if (load !== undefined) return { source: await load(), origin: 'built-in' };
  const { readyMade, readyMadeNames } = await import('../io/ready-made.ts');
  const source = await readyMade(name);
  if (source !== undefined) return { source, origin: 'ready-made' };
  return refuseName('source', name, [...Object.keys(sources), ...readyMadeNames()], {
    byFlag: flag !== undefined,
  });
}

/** The vendor's own Cirrus client is called without a source; no other source has its flags for credentials. */
function impliedSource({ apikey, apisecret, orgurl }: Flags): string | undefined {
  return apikey === undefined && apisecret === undefined && orgurl === undefined ? undefined : 'cirrus';
}

/** Whether a name is the path of a definition of the user's own. */
export function isDefinitionFile(name: string): boolean {
  return ['.yaml', '.yml', '.json'].includes(extname(name));
}

/** Throws Problem (64, 78). */
export async function findSink(flags: Flags, layers: Layers): Promise<SinkDefinition> {
  const byFlag =
    flags.command !== undefined ? 'command' : (flags.sink ?? (flags.output === undefined ? undefined : 'file'));
  const named = byFlag ?? sinkOfSettings(flags, lookUp(layers, 'AUDIT_EXPORT_SINK')?.text);
  if (named === undefined) refuseMisspeltSink(layers);
  const name = named ?? 'stdout';
  const load = Object.hasOwn(sinks, name) ? sinks[name] : undefined;
  return load === undefined
    ? refuseName('sink', name, Object.keys(sinks), { byFlag: flags.sink !== undefined })
    : load();
}

/** The sink that settings name; but with `--bulk-format`, which prints for another program to send, only a file can be that. */
function sinkOfSettings({ bulkFormat = 'none' }: Flags, named: string | undefined): string | undefined {
  const isSender = named !== undefined && named !== 'file' && Object.hasOwn(sinks, named);
  return isSender && bulkFormat !== 'none' ? 'stdout' : named;
}

/** Throws Problem 78 for a misspelt AUDIT_EXPORT_SINK: records would be printed, and the position would move past them. */
function refuseMisspeltSink(layers: Layers): void {
  const found = misspelt('AUDIT_EXPORT_SINK', layers, {});
  if (found === '') return;
  throw new Problem(exit.config, `no sink is named${found}`, { hint: 'write it AUDIT_EXPORT_SINK=NAME' });
}

/** A hint in place of the list of names: there are too many sources for one line. */
function hintFor(what: string, name: string): string | undefined {
  if (what === 'sink' && ['json', 'jsonl', 'csv', 'yaml', 'table'].includes(name)) {
    return pipeIntoJq;
  }
  if (what !== 'source') return undefined;
  return 'audit-export sources lists them all; a definition file (.yaml, .yml, .json) may be named, too';
}

/** ` (Did you mean X or Y?)`: the nearest name, else those with the same beginning, as for `sysdig` or `elasticsearch`. */
function meantBy(name: string, known: readonly string[]): string {
  const alike = known.filter((each) => each.startsWith(name) || name.startsWith(each));
  const isClear = alike.length > 0 && alike.length <= mostMeant;
  return didYouMean(name, known) || (isClear ? ` (Did you mean ${listed(alike, 'or')}?)` : '');
}

const mostMeant = 4;

/** Throws Problem: 64 for a flag, 78 for a setting. */
export function refuseName(
  what: string,
  name: string,
  known: readonly string[],
  { byFlag }: { readonly byFlag: boolean },
): never {
  const shown = withoutPath(name);
  const elsewhere = shown === name ? '' : '; its address is a setting of its own';
  throw new Problem(byFlag ? exit.usage : exit.config, `unknown ${what} '${shown}'${meantBy(name, known)}`, {
    hint: `${hintFor(what, name) ?? `choose one of ${known.join(', ')}`}${elsewhere}`,
  });
}

/** The name as it may be shown: an address given in its place may be that of a webhook, with its token. */
function withoutPath(name: string): string {
  return name.replace(/^(\w+:\/\/)(?:[^/?#]*@)?([^/?#]*).*$/s, '$1$2/…');
}
