/**
 * Whether any record of a run has the ID and the time that the definition looks for. When a vendor renames a member, no run
 * fails: a record without a time is delivered as one of now, and one without an ID is identified by its content.
 */
import type { Configuration } from '../config.ts';
import type { SourceDefinition } from '../core/definition.ts';
import { counted } from '../core/text/counted.ts';
import { isByContent } from '../core/content/record-id.ts';
import type { AuditRecord, Page } from '../core/types.ts';

export interface Drift {
  note(page: Pick<Page, 'records'>): void;
  /** A line for each of the two that the definition names and that no record has; none without records. */
  warnings(): readonly string[];
}

const report = "check the vendor's API version, and report this if it is right";

const nextStep: Readonly<Record<Configuration['sourceOrigin'], string>> = {
  file: 'compare what the definition says with a record',
  'standard input': 'compare --id-path and --time-path with a record',
  'built-in': report,
  'ready-made': report,
};

/** Looks at all pages of one run. */
export function drift({ source, sourceOrigin }: Pick<Configuration, 'source' | 'sourceOrigin'>): Drift {
  const { id, time } = source.records;
  let count = 0;
  // An ID that may be at one place or another may also be at none.
  let lacksId = 'paths' in id && id.first !== true;
  let lacksTime = time !== undefined;

  return {
    // Stops at the first record that has it.
    note({ records }) {
      count += records.length;
      if (lacksTime) lacksTime = records.every(isUndated);
      if (lacksId) lacksId = records.every(isByContent);
    },
    warnings() {
      if (count === 0) return [];
      const compare = nextStep[sourceOrigin];
      const none = `none of ${counted(count)} has`;
      return [
        ...(lacksTime ? [`${none} a time ${timePlace(time)}: each is delivered as one of now; ${compare}`] : []),
        ...(lacksId && 'paths' in id
          ? [`${none} an ID at ${id.paths.join(', ')}: each goes by its whole content; ${compare}`]
          : []),
      ];
    },
  };
}

/** Where a time is looked for, and in what form. */
export function timePlace(time: SourceDefinition['records']['time']): string {
  if (time === undefined) return '';
  const { path, format } = time;
  return `at ${path} (read as ${typeof format === 'string' ? format : format.pattern})`;
}

/** Whether it has no time that could be read. */
export function isUndated({ time }: AuditRecord): boolean {
  return Number.isNaN(time);
}
