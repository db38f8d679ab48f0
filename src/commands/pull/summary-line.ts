/** What a run did, in one line. */
import { progressOf } from '../../core/position/branch-list.ts';
import { counted } from '../../core/text/counted.ts';
import { isoText } from '../../core/time.ts';
import type { Job, Summary, Window } from '../../core/types.ts';
import { wholeSecond } from '../../core/window.ts';
import type { RunResult } from '../../run.ts';

/** The line that is redrawn while a run goes on. */
export function progressText(summary: Summary, window: Window, milliseconds: number): string {
  const { fetched, unmatched } = summary;
  const read = fetched + unmatched;
  const rate = Math.round((read / Math.max(milliseconds, 1)) * 1000);
  const megabytes = (summary.bytes / 1e6).toFixed(1);
  const matching = unmatched === 0 ? '' : ` read, ${fetched} matching`;
  // With milliseconds, the line would be wider than most terminals, and a time that is cut off looks like another time.
  const span = spanText({ from: wholeSecond(window.from), until: wholeSecond(window.until) });
  return `${counted(read)}${matching}, ${megabytes} MB, ${rate}/s, ${span}`;
}

/** One line that accounts for every record. */
export function summaryText(
  { summary, window, position }: Pick<RunResult, 'summary' | 'window' | 'position'>,
  { dryRun, usePosition }: Pick<Job, 'dryRun' | 'usePosition'>,
): string {
  const counts: readonly (readonly [count: number, what: string])[] = [
    [summary.seen, 'seen before'],
    [summary.changed, 'of them with a known ID and other content'],
    [summary.diverted, 'of them diverted by the destination'],
    [summary.conflicts, 'left out for a known ID, with other content'],
    [summary.outside, 'outside the window'],
    [summary.unmatched, 'not matching'],
    [summary.quarantined, 'set aside'],
    [summary.awaited, 'awaiting acknowledgement'],
    [summary.future, 'dated in the future'],
  ];
  const parts = [
    ...(window === undefined ? [] : [spanText(window)]),
    `${summary.fetched} fetched`,
    `${summary.delivered} ${dryRun ? 'would be delivered' : 'delivered'}`,
    ...counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`),
  ];
  const { position: place } = savedPlace(position, { dryRun, usePosition });
  if (place !== undefined) parts.push(`position ${place}`);
  return parts.join(', ');
}

/** Where the position is after the run: everything before it is accounted for. Nothing where none was saved. */
function savedPlace(
  position: RunResult['position'],
  { dryRun, usePosition }: Pick<Job, 'dryRun' | 'usePosition'>,
): { readonly position?: string } {
  const watermark = position && progressOf(position).watermark;
  return watermark === undefined || !usePosition || dryRun ? {} : { position: isoText(watermark) };
}

/** The same as fields, for the JSON log, with the exit status: only with 0 and 3 was the window read to its end. */
export function summaryFields(
  { summary, window, position }: RunResult,
  job: Pick<Job, 'dryRun' | 'usePosition'>,
  status: number,
): Record<string, string | number | boolean> {
  const { gaps, ...counts } = summary;
  const bounds = window === undefined ? {} : { from: isoText(window.from), until: isoText(window.until) };
  const { dryRun } = job;
  const place = savedPlace(position, job);
  return { ...(dryRun && { dryRun }), exit: status, ...bounds, ...place, ...counts, gaps: gaps.length };
}

/** The window; a vendor without a time filter is asked for all that it has, however old. */
function spanText({ from, until }: Window): string {
  return from === 0n ? `up to ${isoText(until)}` : `${isoText(from)} to ${isoText(until)}`;
}
