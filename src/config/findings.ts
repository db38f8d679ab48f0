/** What was found out about settings while they were read, and the Problem that names all faults. */
import { exit, Problem } from '../core/problem.ts';
import type { Settings } from '../core/setting.ts';
import { fullPath } from './full-path.ts';
import { settingsPlace, theEnvironment, type Layers } from './layers.ts';
import { misspelt } from './suspicions.ts';

interface Fault {
  /** One line; never with a secret. */
  readonly text: string;
  /** Where it is to be put right: a path, `the environment` or a flag. */
  readonly at: string;
  /** What to do there, such as `put the secret into`, where there is nothing to correct. */
  readonly step?: string;
}

/** Filled by all calls of `readSettings` together. */
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

/** Empty findings, to be filled. */
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

/** The hint. `place` is where to set what is missing; each fault has its own place. */
function cure({ missing, faults }: Findings, place: string): string {
  const wrong = faults.filter(({ step }) => step === undefined);
  const steps = new Set(faults.flatMap(({ step }) => step ?? []));
  const them = missing.size + faults.length === 1 ? 'it' : 'them';
  const places = placesOf(wrong);
  const parts = [
    ...(missing.size === 0 ? [] : [`set ${faults.length === 0 ? them : 'what is missing'} in ${place}`]),
    ...Array.from(steps, (step) => `${step} ${placesOf(faults.filter((fault) => fault.step === step))}`),
  ];
  if (wrong.length === 0) return parts.join('; ');
  if (parts.length === 0) return `correct ${them} in ${places}`;
  return [...parts, `correct the rest ${steps.size === 0 && places === place ? 'there' : `in ${places}`}`].join('; ');
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
