/** What is found out about settings, and what a person is told of it. */
import { resolve } from 'node:path';
import { exit, Problem } from '../core/problem.ts';
import type { Settings } from '../core/types.ts';
import { settingsPlace, type Layers } from './layers.ts';
import { misspelt } from './suspicions.ts';

export const theEnvironment = 'the environment';

interface Fault {
  /** One line; never with a secret. */
  readonly text: string;
  /** Where it is to be put right: a path, `the environment` or a flag. */
  readonly at: string;
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
  const places = [...new Set(faults.map(({ at }) => spelled(at)))].join(' and ');
  const them = missing.size + faults.length === 1 ? 'it' : 'them';
  if (faults.length === 0) return `set ${them} in ${place}`;
  if (missing.size === 0) return `correct ${them} in ${places}`;
  return `set what is missing in ${place}; correct the rest ${places === place ? 'there' : `in ${places}`}`;
}

function spelled(at: string): string {
  if (at.startsWith('--')) return `the flag ${at}`;
  return at === theEnvironment ? at : resolve(at);
}

/** Where a setting was found. */
export function originOf(name: string, { origins }: Findings): string {
  return origins.get(name) ?? theEnvironment;
}
