/** JSON Lines on standard input, described as any other source is. */
import type { TimeRule } from '../clock/spelling.ts';
import type { SourceDefinition } from '../definition.ts';

/** Where `spl audit export` has its ID, and most others have theirs. */
const usualId = { paths: ['record.id', 'id'], first: true };

/** Where a line has its ID and time, and what in it is volatile. */
export interface LineRules {
  /** Undefined means: `record.id`, else `id`, else the content. */
  readonly id?: SourceDefinition['records']['id'];
  readonly time?: TimeRule & { readonly path: string };
  /** Paths of members that are no content of a record. */
  readonly volatile?: readonly string[];
}

/** The definition of a source whose only reply is standard input. */
export function linesDefinition({ id = usualId, time, volatile = [] }: LineRules): SourceDefinition {
  return {
    name: 'stdin',
    summary: 'JSON Lines on standard input.',
    settings: {},
    url: '',
    auth: { type: 'none' },
    request: { path: '' },
    paging: { type: 'none' },
    // Remembered for a day: as far back as an hourly or daily export may reach over what was delivered before.
    window: { filter: 'none', overlap: '1d' },
    records: {
      format: 'lines',
      id,
      ...(time && { time }),
      ...(volatile.length > 0 && { volatile: [...volatile] }),
    },
    categories: { path: 'category' },
  };
}
