/** Pages that a vendor gives again, under a cursor that is new each time: it pays the cursor no heed. */
import type { PagingDefinition } from '../definition.ts';
import type { PageEnd } from '../paging.ts';
import { exit, Problem } from '../problem.ts';

interface RepeatedPage extends Pick<PageEnd, 'fingerprint' | 'count' | 'limit'> {
  /** It has the row that it was to begin with. */
  readonly proven: boolean;
  /** It comes after one that ended with that row. */
  readonly past: boolean;
}

/** As many records are no longer alike by chance, from the first to the last, in two pages. */
const many = 10;

/** Full pages of twins that may follow each other. */
const fullInARow = 100;
/** Pages of the last rows that may: one for each request meanwhile which rows arrive. */
const lastInARow = 20;

/** As many rows are no longer the whole first page once more by chance, however many arrive. */
const severalRows = 3;

/** What a page that was given before shows: the vendor leads in a circle, or shows the last rows without end. */
type Repetition = 'circle' | 'last rows';

/**
 * Tells, page by page of one window, whether the vendor leads in a circle. Circles of any length are found, because each
 * page is compared with all before it.
 *
 * A page that was given before is a circle, unless it may be of twins: records that are alike to the last byte. So a page
 * of fewer than ten records may be given again once. Where it is full, as each page is with `--limit 1`, a hundred may
 * follow each other that were given before: their size says nothing. Empty pages are counted elsewhere.
 *
 * `strict`: there are no twins, and nothing but their number ends the pages, so that one given twice hides another one.
 * Not at once where its beginning proves where it belongs: as many rows may have arrived as it has. And at the end, where
 * rows that arrive show the last ones again, twenty may follow each other; unless they are full, or all that the first page
 * had: then the vendor pays no heed to where a page is to begin.
 */
export function repetition(strict: boolean): (end: RepeatedPage) => Repetition | undefined {
  const given = new Set<string>();
  let opening: string | undefined;
  let inARow = 0;
  let full = Infinity; // later pages may not say what was asked for

  /** Whether it may be one of the last rows, which come again by each row that arrives before them. */
  function isOfLast({ fingerprint, count, past }: RepeatedPage): boolean {
    return past && count < full && (fingerprint !== opening || count < severalRows);
  }

  function allowed({ count, proven }: RepeatedPage): number {
    if (strict || count >= many) return proven ? 1 : 0;
    return count >= full ? fullInARow : 1;
  }

  return (end) => {
    const { fingerprint, limit = full } = end;
    full = limit;
    if (fingerprint === undefined) return undefined;
    opening ??= fingerprint;
    inARow = given.has(fingerprint) ? inARow + 1 : 0;
    given.add(fingerprint);
    const ofLast = isOfLast(end);
    if (inARow <= Math.max(allowed(end), ofLast ? lastInARow : 0)) return undefined;
    return ofLast ? 'last rows' : 'circle';
  };
}

/** A full page of the one value that it was asked for with: more records share it, and none of them can be asked for. */
export function stuck(paging: PagingDefinition, source: string): Problem {
  const last = 'last' in paging ? paging.last : '';
  return new Problem(exit.protocol, `${source} has more records with the same ${last} than one page holds`, {
    hint: 'ask for more at once, with --limit; or with limits.page in the definition; the position stays',
  });
}
