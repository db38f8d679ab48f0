/** What the first records show of a definition: whether any has an ID and a time where it says. */
import type { SourceDefinition } from '../core/definition.ts';
import { isByContent } from '../core/content/record-id.ts';
import type { Page } from '../core/types.ts';
import { isUndated, timePlace } from './drift.ts';

export interface FirstLook {
  note(page: Page): void;
  /** How many records there were, wanted or not. */
  count(): number;
  /** What all or some of them lack, to be put behind a sentence; nothing when that is nothing. */
  lacks(): string;
}

export function firstLook({ records: { id, time } }: Pick<SourceDefinition, 'records'>): FirstLook {
  let count = 0;
  let looked = 0;
  let unnamed = 0;
  let undated = 0;

  return {
    note({ records, refused, unmatched }) {
      count += records.length + refused.length + unmatched;
      looked += records.length;
      for (const record of records) {
        if (isByContent(record)) unnamed += 1;
        if (isUndated(record)) undated += 1;
      }
    },
    count: () => count,
    lacks() {
      const lacks: string[] = [];
      if ('paths' in id && unnamed > 0) lacks.push(`${share(unnamed, looked)} an ID at ${id.paths.join(', ')}`);
      if (time !== undefined && undated > 0) lacks.push(`${share(undated, looked)} a time ${timePlace(time)}`);
      return lacks.length === 0 ? '' : `; ${lacks.join(', ')}`;
    },
  };
}

function share(without: number, all: number): string {
  return without === all ? 'none of them with' : `${without} of them without`;
}
