/**
 * What to do about a Problem: one line, of steps with `; ` between them. Most hints are a plain text. A step that is not for
 * everybody, or that speaks of what only the edge can name, says so, and is told there in other words
 * (commands/with-place.ts, commands/pull/no-next-run.ts).
 */
import { listed } from './text/listed.ts';

export type Hint = string | Step | readonly (Hint | undefined)[];

export type Step = OfJob | Naming | OfSource | OfSettings;

interface OfJob {
  readonly about: 'next run' | 'position';
  readonly text: string;
  /** What is told in its place where there is none; if undefined, what can always be tried, or nothing. */
  readonly otherwise: string | undefined;
}

interface Naming {
  readonly about: 'definition' | 'address' | 'header';
  /** The step, with a name for that; of a header, the settings with what none can carry. */
  text(name: string): string;
}

interface OfSource {
  readonly about: 'source';
  /** The step, with what the source is called on the command line. */
  text(name: string): string;
  /** What is told in its place of a pipe, which is called nothing. */
  readonly ofPipe: string;
}

interface OfSettings {
  readonly about: 'settings';
  readonly names: readonly string[];
  /** The step; ` in PATH`, or nothing, belongs behind the names. */
  text(where: string): string;
}

/** `the next run tries again`: it is a job's, and goes on from the position. */
export function nextRun(text: string, otherwise?: string): Step {
  return { about: 'next run', text, otherwise };
}

/** `the position stays`: a job has one. */
export function ofPosition(text: string, otherwise?: string): Step {
  return { about: 'position', text, otherwise };
}

/** `correct the path in the definition`, which only some can. */
export function inDefinition(text: Naming['text']): Step {
  return { about: 'definition', text };
}

/** `check the port in the URL`, that of what was asked. */
export function atAddress(text: Naming['text']): Step {
  return { about: 'address', text };
}

/** `look for a typographic character in ACME_TOKEN`, whatever settings have what a header cannot carry. */
export function unfitForHeader(text: Naming['text']): Step {
  return { about: 'header', text };
}

/** `audit-export sources acme shows what can be searched`. */
export function ofSource(text: OfSource['text'], ofPipe: string): Step {
  return { about: 'source', text, ofPipe };
}

/** `check ACME_USER and ACME_PASSWORD`, and `rest` behind that. */
export function check(names: readonly string[], rest = ''): Step {
  return ofSettings(names, (where) => `check ${listed(names)}${where}${rest}`);
}

/** A step that names settings otherwise. */
export function ofSettings(names: readonly string[], text: OfSettings['text']): Step {
  return { about: 'settings', names, text };
}

export function stepsOf(hint: Hint | undefined): readonly (string | Step)[] {
  if (hint === undefined) return [];
  return isList(hint) ? hint.flatMap(stepsOf) : [hint];
}

/** The line as a job is told it, by whoever has no names; undefined where there is no step. */
export function hintText(hint: Hint | undefined): string | undefined {
  const steps = stepsOf(hint);
  return steps.length === 0 ? undefined : steps.map(stepText).join('; ');
}

/** What an address is called where no setting is known to hold it. */
export const anAddress = 'the URL';

const unnamed = {
  definition: 'in the definition',
  address: anAddress,
  header: 'the setting that it comes from',
  source: 'NAME',
  settings: '',
};

export function stepText(step: string | Step): string {
  if (typeof step === 'string') return step;
  return isOfJob(step) ? step.text : step.text(unnamed[step.about]);
}

export function isOfJob(step: string | Step): step is OfJob {
  return typeof step !== 'string' && (step.about === 'next run' || step.about === 'position');
}

function isList(hint: Hint): hint is readonly (Hint | undefined)[] {
  return Array.isArray(hint);
}
