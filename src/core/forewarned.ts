/** What an operator should know before it becomes a loss: one line each. */
import { isoText } from './time.ts';
import type { Instant, Source } from './types.ts';

export interface Beginning {
  readonly source: Source;
  readonly watermark: Instant | undefined;
  readonly bookmark: string | undefined;
  readonly since: Instant | undefined;
  readonly serverNow: Instant;
}

export function forewarned({ source, watermark, bookmark, since, serverNow }: Beginning): readonly string[] {
  const { name, window, goesOn } = source;
  const lines: string[] = [];
  const age = watermark === undefined ? 0n : serverNow - watermark;
  const { retention = age } = window;
  if (age * 5n > retention * 4n && age < retention) {
    lines.push(`${name} was last read so long ago that it is about to forget what is missing: run it more often`);
  }
  const begin = serverNow - window.firstRun;
  if (
    window.filter === 'none' &&
    goesOn === undefined &&
    bookmark === undefined &&
    since !== undefined &&
    since < begin
  ) {
    lines.push(`${name} has no time parameter and begins at ${isoText(begin)}: --since reaches no further back`);
  }
  return lines;
}
