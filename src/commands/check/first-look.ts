/** What the first records show about a definition: whether they have an ID and a time where it says, and a likely time. */
import type { SourceDefinition } from '../../core/definition.ts';
import { isNaive } from '../../core/clock/iso.ts';
import { isByContent } from '../../core/content/record-id.ts';
import { lexemeAt } from '../../core/json/json.ts';
import { parsePath } from '../../core/json/path.ts';
import { isLongBefore } from '../../core/run/sieve.ts';
import { fromMillis, isoText, toMillis } from '../../core/time.ts';
import type { AuditRecord, Instant, Page } from '../../core/types.ts';
import { isUndated, timePlace } from '../drift.ts';

export interface FirstLook {
  /** A page of a window in which the vendor shows what happened from there on. */
  note(page: Page, from: Instant): void;
  /** How many records there were, wanted or not. */
  count(): number;
  /** What all or some of them lack, to be appended to a sentence; empty when they lack nothing. */
  lacks(): string;
  /**
   * Whether something lacks in all of them: a run would leave out every one, as from before the window, or warn as `drift`
   * does.
   */
  isDoubtful(): boolean;
}

/** Looks at the first pages of one definition. */
export function firstLook({ records: { id, time }, window }: Pick<SourceDefinition, 'records' | 'window'>): FirstLook {
  let count = 0;
  let looked = 0;
  let unnamed = 0;
  let undated = 0;
  let zoneless = 0;
  let early = 0;
  let old = 0;
  let oldest = Infinity;

  const isAll = (number: number): boolean => number > 0 && number === looked;

  return {
    note({ records, refused, unmatched }, from) {
      count += records.length + refused.length + unmatched;
      looked += records.length;
      for (const record of records) {
        if (isByContent(record)) unnamed += 1;
        if (isUndated(record)) undated += 1;
        else if (isZoneless(record, time)) zoneless += 1;
        if (window.filter !== 'event' || !(record.time < toMillis(from))) continue; // NaN without a time
        early += 1;
        if (isLongBefore(record.time, toMillis(from))) old += 1;
        oldest = Math.min(oldest, record.time);
      }
    },
    count: () => count,
    lacks() {
      const lacks: string[] = [];
      if ('paths' in id && unnamed > 0) lacks.push(`${share(unnamed, looked)} an ID at ${id.paths.join(', ')}`);
      if (time !== undefined && undated > 0) lacks.push(`${share(undated, looked)} a time ${timePlace(time)}`);
      if (zoneless > 0) lacks.push(`${some(zoneless, looked)} a time that names no zone, read as UTC`);
      if (isAll(early)) lacks.push(`none of them with a time in that window (one is of ${shown(oldest)})`);
      else if (old > 0) lacks.push(`${old} of them from long before that window (one is of ${shown(oldest)})`);
      return lacks.length === 0 ? '' : `; ${lacks.join(', ')}`;
    },
    isDoubtful() {
      const areUnnamed = 'paths' in id && id.first !== true && isAll(unnamed);
      return areUnnamed || (time !== undefined && isAll(undated)) || isAll(early);
    },
  };
}

/** Whether its time may be from a clock that is not UTC: neither the definition nor the time itself names a zone. */
function isZoneless({ bytes, start, end }: AuditRecord, time: SourceDefinition['records']['time']): boolean {
  if (time?.format !== 'iso' || time.zone !== undefined) return false;
  const lexeme = lexemeAt(bytes.subarray(start, end), parsePath(time.path));
  if (lexeme?.startsWith('"') !== true) return false;
  const text = Buffer.from(String(JSON.parse(lexeme)));
  return isNaive(text, 0, text.length);
}

function some(having: number, all: number): string {
  return having === all ? 'all of them with' : `${having} of them with`;
}

function shown(time: number): string {
  return isoText(fromMillis(time));
}

function share(without: number, all: number): string {
  return without === all ? 'none of them with' : `${without} of them without`;
}
