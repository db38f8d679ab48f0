/** A list of sources or sinks with their settings, for people. */
import { Buffer } from 'node:buffer';
import type { Setting, Settings } from '../core/types.ts';
import { exit } from '../core/problem.ts';
import type { Host } from './host.ts';

interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly settings?: Settings | undefined;
}

/** Prints the entries in the order given. */
export async function printCatalogue(entries: readonly Entry[], { world }: Host): Promise<number> {
  await world.output.write(Buffer.from(entries.map(entryText).join('\n')));
  return exit.ok;
}

function entryText({ name, summary, settings = {} }: Entry): string {
  const names = Object.keys(settings);
  const width = Math.max(0, ...names.map((setting) => setting.length));
  const lines = Object.entries(settings).map(
    ([setting, about]) => `    ${setting.padEnd(width)}  ${about.summary}${details(about)}\n`,
  );
  return `${name}: ${summary}\n${lines.join('')}`;
}

/** `(required, secret)`, `(default: 1000)`. */
function details({ required, secret, values, default: preset, flag, aliases = [] }: Setting): string {
  const parts = [
    ...(required === true ? ['required'] : []),
    ...(secret === true ? ['secret'] : []),
    ...(values === undefined ? [] : [values.join(' | ')]),
    ...(preset === undefined ? [] : [`default: ${preset}`]),
    ...(flag === undefined ? [] : [`--${flag}`]),
    ...(aliases.length === 0 ? [] : [`also ${aliases.join(', ')}`]),
  ];
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`;
}
