/** What is found out about settings, and what a person is told of it. */
import { exit, Problem } from '../core/problem.ts';
import type { Settings } from '../core/types.ts';
import { fullPath } from './full-path.ts';
import { settingsPlace, theEnvironment, type Layers } from './layers.ts';
import { misspelt } from './suspicions.ts';

interface Fault {
  /** One line; never with a secret. */
  readonly text: string;
  /** Where it is to be put right: a path, `the environment` or a flag. */
  readonly at: string;
  /** A file that its secret is still to be put into: there is nothing to correct in it. */
  readonly isEmpty?: true;
}

/** What several calls of `readSettings` find out together. */
export interface Findings {
  /** Required settings that are not there, by name, as people should read them. */
  readonly missing: Map<string, string>;
  readonly faults: Fault[];
  readonly warnings: string[];
  /** Secret values, never to be printed. */
  readonly secrets: Set<string>;
  /** Where each setting was found, for hints: a path, `the environment` or a flag. */
  readonly origins: Map<string, string>;
}

/** Nothing is found out yet: several readers fill it together. */
export function noFindings(): Findings {
  return { missing: new Map(), faults: [], warnings: [], secrets: new Set(), origins: new Map() };
}

/** Ends with one Problem (78) that names everything that is missing or wrong. `settings` are all that may be there. */
export function refuseFaults(findings: Findings, layers: Layers, settings: Settings): void {
  const { missing, faults } = findings;
  if (missing.size === 0 && faults.length === 0) return;
  const shown = Array.from(missing, ([name, text]) => text + misspelt(name, layers, settings));
  const parts = [
    ...(missing.size > 0 ? [`settings missing: ${shown.join(', ')}`] : []),
    ...faults.map(({ text }) => text),
  ];
  throw new Problem(exit.config, parts.join('; '), { hint: cure(findings, settingsPlace(layers)) });
}

/** `place` is for what is missing; a fault has a place of its own. */
function cure({ missing, faults }: Findings, place: string): string {
  const empty = faults.filter(({ isEmpty }) => isEmpty === true);
  const wrong = faults.filter((fault) => !empty.includes(fault));
  const them = missing.size + faults.length === 1 ? 'it' : 'them';
  const places = placesOf(wrong);
  const parts = [
    ...(missing.size === 0 ? [] : [`set ${faults.length === 0 ? them : 'what is missing'} in ${place}`]),
    ...(empty.length === 0 ? [] : [`put the secret into ${placesOf(empty)}`]),
  ];
  if (wrong.length === 0) return parts.join('; ');
  if (parts.length === 0) return `correct ${them} in ${places}`;
  return [...parts, `correct the rest ${missing.size > 0 && places === place ? 'there' : `in ${places}`}`].join('; ');
}

function placesOf(faults: readonly Fault[]): string {
  return [...new Set(faults.map(({ at }) => spelled(at)))].join(' and ');
}

function spelled(at: string): string {
  if (at.startsWith('--')) return `the flag ${at}`;
  return at === theEnvironment ? at : fullPath(at);
}

/** Where a setting was found. */
export function originOf(name: string, { origins }: Findings): string {
  return origins.get(name) ?? theEnvironment;
}
