/** A record's own time as destinations read it. */
import type { AuditRecord } from '../types.ts';

let second = Number.NaN;
let secondText = '';

/**
 * RFC 3339 in UTC with 3 to 6 digits of a second, cut off and never rounded: readers commonly take no more. Undefined
 * when the record has no time.
 */
export function eventTime({ time, nanos }: Pick<AuditRecord, 'time' | 'nanos'>): string | undefined {
  if (Number.isNaN(time)) return undefined;
  const text = millisecondText(time);
  const micros = Math.floor(nanos / 1000);
  return micros === 0 ? text : `${text.slice(0, -1)}${String(micros).padStart(3, '0').replace(/0+$/, '')}Z`;
}

/**
 * What `Date` gives as its ISO string, in a tenth of the time: of records that follow each other, most are of the same second.
 * `time` is in whole milliseconds since 1970.
 */
export function millisecondText(time: number): string {
  const at = Math.floor(time / 1000);
  if (at !== second) [second, secondText] = [at, new Date(at * 1000).toISOString().slice(0, -'000Z'.length)];
  return `${secondText}${String(time - at * 1000).padStart(3, '0')}Z`;
}
