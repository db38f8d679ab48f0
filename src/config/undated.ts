/** `--since` and `--until` with a source that they have no effect on: they would be ignored in silence. */
import type { SourceDefinition } from '../core/definition.ts';
import type { Flags } from '../cli/flags.ts';
import { exit, Problem } from '../core/problem.ts';
import { usedPlaceholders } from '../core/definition/texts.ts';

/** Throws Problem 64 for a bound that is not sent to the vendor, when records have no time to compare with it. */
export function refuseUndated({ since, until }: Flags, source: SourceDefinition): void {
  if ((since === undefined && until === undefined) || source.records.time !== undefined) return;
  const used = usedPlaceholders(source);
  const bounds = [
    ['--since', since, 'from'],
    ['--until', until, 'until'],
  ] as const;
  const flag = bounds.find(([, text, placeholder]) => text !== undefined && !used.has(placeholder))?.[0];
  if (flag === undefined) return;
  throw new Problem(
    exit.usage,
    `${flag} has no effect: ${source.name} is not asked for it, and its records have no time`,
    {
      hint: 'leave it out, or say in the definition where a record has its time (records.time)',
    },
  );
}
