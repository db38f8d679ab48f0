/**
 * One row back. Where pages are counted by offset, a row that vanishes from a page already read moves the next ones up,
 * and one of them over the edge between two pages, where nobody sees it. So each page is asked for from the last row of
 * the page before, which it must show again; where it does not, rows have moved, and the window is read anew.
 *
 * Rows that arrive before those already read move them down, so that a page shows more of the page before than its last
 * row. A row with an ID may then come twice; one that is identified by its content would be taken for its own twin.
 */
import { Buffer } from 'node:buffer';
import { isByContent } from '../content/record-id.ts';
import { inDefinition, nextRun, ofPosition } from '../hint.ts';
import type { SourceDefinition } from '../definition.ts';
import { gone } from '../http-status.ts';
import type { Identifier } from '../identity.ts';
import type { PageEnd, PageStep } from '../paging.ts';
import { exit, Problem } from '../problem.ts';

type Key = ReturnType<Identifier['key']>;

/** Where a page stands among the others of its window. */
export interface Standing {
  /** A page after the first: the vendor has accepted what is asked for. */
  readonly later?: boolean;
  /** The row that it must begin with. */
  readonly fromRow?: string | undefined;
  /** The last row was reached before it, see PageStep.afterLast. */
  readonly afterLast?: boolean | undefined;
}

export interface RowAgain {
  /** A page begins. */
  begin(page: Standing): void;
  /** Whether this row was read before: the expected one, first on its page, or one that is identified by its content. */
  isReread(key: Key, identity: Identifier): boolean;
  /** A row that cannot be read has no name. */
  skip(): void;
  /** The name of the row that came last. */
  last(): string | undefined;
  /** How many rows of this page that was. Rows with an ID before the expected one are not known to have been read. */
  reread(): number;
  /** The page has ended without the expected row. */
  missed(): boolean;
  /** The page was read to its end, and is not asked for again: the next one is compared with it. */
  end(): void;
}

interface Shown {
  readonly all: string[];
  readonly fresh: string[];
}

/** Whether pages begin with the last row of the page before. The rows of a job stay as they were found. */
export function readsRowAgain({ paging, job }: Pick<SourceDefinition, 'paging' | 'job'>): boolean {
  return paging.type === 'offset' && (paging.reread ?? job === undefined);
}

/** The step after the page of `step`: from its last row on. */
export function stepFromRow(step: PageStep, { count, lastRow: fromRow }: Pick<PageEnd, 'count' | 'lastRow'>): PageStep {
  const offset = (step.values.offset ?? 0) + count;
  const isLast = step.fromRow !== undefined && step.fromRow === fromRow;
  const afterLast = step.afterLast === true || isLast ? { afterLast: true } : {};
  // After one row alone nobody knows whether a page can hold another one beside it.
  return fromRow === undefined || count === 1
    ? { first: false, values: { offset }, ...afterLast }
    : { first: false, values: { offset: offset - 1 }, fromRow, ...afterLast };
}

/** For all pages of a definition, one after the other: each begins with `begin`. */
export function rowAgain(): RowAgain {
  let wanted: string | undefined;
  let isAfterLast = false;
  let late: string | undefined; // the expected row, where it came later: its twins beside it were on the page before, too
  let rows = 0;
  let reread = 0;
  const latest: Key = { key: Buffer.alloc(0), keyStart: 0, keyEnd: 0 };
  /** The contents on a page, and those that were not on the one before: of the page at hand, and of two before it. */
  let page: Shown = { all: [], fresh: [] };
  let before = page;
  let earlier = page; // the last pages are short
  /** How many rows of each content those two may still show here. */
  let left: Map<string, number> | undefined;

  function wasBefore(name: string): boolean {
    if (left === undefined) {
      left = new Map();
      for (const each of [...earlier.all, ...before.fresh]) left.set(each, (left.get(each) ?? 0) + 1);
    }
    const more = left.get(name) ?? 0;
    left.set(name, more - 1);
    return more > 0;
  }

  function wasRead(name: string, byContent: boolean): boolean {
    if (name !== late) late = undefined;
    if (wanted === undefined && !isAfterLast && late === undefined) return false;
    const isExpected = name === wanted;
    const isKnown = (isExpected && rows === 1) || (byContent && wasBefore(name));
    if (isExpected && rows > 1) late = name;
    if (isExpected) wanted = undefined;
    if (isExpected || !isKnown) isAfterLast = false; // what follows was not read
    return isKnown;
  }

  return {
    begin({ fromRow, afterLast = false, later = false }) {
      wanted = fromRow;
      isAfterLast = afterLast;
      if (!later) before = earlier = { all: [], fresh: [] };
      late = undefined;
      rows = reread = 0;
      latest.keyEnd = latest.keyStart;
      page = { all: [], fresh: [] };
      left = undefined;
    },
    isReread({ key, keyStart, keyEnd }, identity) {
      rows += 1;
      latest.key = key;
      latest.keyStart = keyStart;
      latest.keyEnd = keyEnd;
      const byContent = isByContent(latest);
      if (!byContent && wanted === undefined) return false;
      const name = nameOf(latest);
      const isReread = wasRead(name, byContent);
      if (byContent) page.all.push(name);
      if (byContent && !isReread) page.fresh.push(name);
      if (!isReread) return false;
      reread += 1;
      identity.takeBack(byContent);
      return true;
    },
    skip() {
      rows += 1;
      latest.keyEnd = latest.keyStart;
    },
    last: () => (latest.keyEnd === latest.keyStart ? undefined : nameOf(latest)),
    reread: () => reread,
    missed: () => wanted !== undefined,
    end() {
      if (reread < rows) [earlier, before] = [before, page];
    },
  };
}

/** Without the number that tells twins apart: shown again, a row gets the next one. */
function nameOf({ key, keyStart, keyEnd }: Key): string {
  return key.toString('latin1', keyStart, keyEnd).replace(/#\d+$/, '');
}

/** The row that the pages led to is gone, and so the window is read once more, see core/vendor/gone.ts. */
export function rowsMoved(name: string, what: string): Problem {
  const message = `${name}: ${what} does not begin where the page before ended: rows vanish, or change places, while they are read`;
  return new Problem(exit.protocol, message, {
    hint: [
      nextRun('the position stays and the next run reads the window again'),
      inDefinition(
        (there) => `if the vendor takes only multiples of the page's size, add reread: false to paging ${there}`,
      ),
    ],
    httpStatus: gone,
  });
}

/** Page after page shows the last rows again. */
export function rowsArrive(name: string): Problem {
  const message = `${name} shows its last rows again and again: rows arrive before them as fast as they are read`;
  return new Problem(exit.protocol, message, {
    hint: [
      ofPosition('the position stays, and what was read is delivered'),
      inDefinition(
        (there) =>
          `if a page with fewer rows than were asked for is the last one, add stop: [short-page] to paging ${there}`,
      ),
    ],
  });
}
