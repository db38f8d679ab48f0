/** Pages that a vendor gives again under a new cursor each time, because it ignores the cursor. */
import { inDefinition, ofPosition } from '../hint.ts';
import type { PagingDefinition } from '../definition.ts';
import { pagingRules } from '../definition/paging-rules.ts';
import type { PageEnd } from '../paging.ts';
import { exit, Problem } from '../problem.ts';

interface RepeatedPage extends Pick<PageEnd, 'fingerprint' | 'ids' | 'count' | 'limit'> {
  /** It begins with the row that it was asked to begin with. */
  readonly proven: boolean;
  /** The last row was reached before it, see PageStep.afterLast. */
  readonly afterLast: boolean;
}

/** Two pages with this many records, all of them equal, are no coincidence. */
const many = 10;

/** How many full pages of twins may follow one another. */
const fullInARow = 100;
/** How many pages of as many records, from the same ID to the same other ID, whatever else is in them. */
const alikeInARow = 100;
/** How many pages of the last rows may: one for each request during which rows arrive. */
const lastInARow = 20;

/** A first page of this many rows that comes again whole is no coincidence, however many rows arrive. */
const severalRows = 3;

/** What a page that came before proves: the vendor leads in a circle, or shows its last rows without end. */
type Repetition = 'circle' | 'last rows';

/**
 * Looks at each page of one window, and tells whether the vendor leads in a circle. A circle of any length is found, because
 * each page is compared with all those before it.
 *
 * A page that came before means a circle, unless it may consist of twins, records that are equal to the last byte. So a page
 * of fewer than ten records may come again once. If it is full, as every page is with `--limit 1`, its size says nothing,
 * and a hundred such pages may follow one another. Empty pages are counted elsewhere.
 *
 * `strict` is for counted pages without twins, where a page that comes again hides another one. It may do so once if it
 * begins with the row that it was asked to begin with: a whole page of rows may have arrived. After the last row, where each
 * row that arrives pushes the last ones back into view, twenty may follow one another, unless they are full or equal to the
 * whole first page: then the vendor ignores where a page is to begin.
 */
export function repetition(strict: boolean): (end: RepeatedPage) => Repetition | undefined {
  const given = new Set<string>();
  let opening: string | undefined;
  let inARow = 0;
  let full = Infinity; // later pages may not say what was asked for
  let before: string | undefined;
  let alike = 0;

  /** Whether it may show the last rows again, as it does whenever a row arrives before them. */
  function isOfLast({ fingerprint, count, afterLast }: RepeatedPage): boolean {
    return afterLast && count < full && (fingerprint !== opening || count < severalRows);
  }

  function allowed({ count, proven }: RepeatedPage): number {
    if (strict || count >= many) return proven ? 1 : 0;
    return count >= full ? fullInARow : 1;
  }

  return (end) => {
    const { fingerprint, limit = full } = end;
    full = limit;
    if (fingerprint === undefined) return undefined;
    const shown = end.ids && `${end.count} ${end.ids}`;
    alike = shown !== undefined && shown === before ? alike + 1 : 0;
    before = shown;
    if (alike > alikeInARow) return 'circle';
    opening ??= fingerprint;
    inARow = given.has(fingerprint) ? inARow + 1 : 0;
    given.add(fingerprint);
    const ofLast = isOfLast(end);
    if (inARow <= Math.max(allowed(end), ofLast ? lastInARow : 0)) return undefined;
    return ofLast ? 'last rows' : 'circle';
  };
}

/** A full page of records with the same value of `paging.last`: there may be more of them, and no way to ask for those. */
export function stuck(paging: PagingDefinition, source: string): Problem {
  const { last } = pagingRules(paging);
  return new Problem(exit.protocol, `${source} has more records with the same ${last} than one page holds`, {
    hint: [
      'ask for more at once, with --limit',
      inDefinition((there) => `or with limits.page ${there}`),
      ofPosition('the position stays'),
    ],
  });
}
