/**
 * One row back. Where pages are counted by offset, a row that vanishes from a page already read moves the next ones up,
 * and one of them over the edge between two pages, where nobody sees it. So each page is asked for from the last row of
 * the page before, which it must show again; where it does not, rows have moved, and the window is to be read anew.
 */
import { Buffer } from 'node:buffer';
import type { SourceDefinition } from '../definition.ts';
import { gone } from '../http-status.ts';
import type { Identify } from '../identity.ts';
import { exit, Problem } from '../problem.ts';

type Key = ReturnType<Identify['key']>;

export interface RowAgain {
  /** A page begins, with the row of this name, if any. */
  begin(expected: string | undefined): void;
  /** Whether this row is the first of its page, and the expected one: it was read, and what it counted of twins is taken back. */
  take(key: Key, identity: Identify): boolean;
  /** A row that cannot be read has no name. */
  skip(): void;
  /** The name of the row that came last. */
  last(): string | undefined;
  /** How many rows of this page were taken: 1 or 0. Rows before the expected one are not known to have been read. */
  taken(): number;
  /** The page has ended without the expected row. */
  missed(): boolean;
}

/** Whether pages begin with the last row of the page before. The rows of a job stay as they were found. */
export function readsRowAgain({ paging, job }: Pick<SourceDefinition, 'paging' | 'job'>): boolean {
  return paging.type === 'offset' && (paging.reread ?? job === undefined);
}

export function rowAgain(): RowAgain {
  let wanted: string | undefined;
  let rows = 0;
  let taken = 0;
  const latest: Key = { key: Buffer.alloc(0), keyStart: 0, keyEnd: 0 };

  return {
    begin(expected) {
      wanted = expected;
      rows = taken = 0;
      latest.keyEnd = latest.keyStart;
    },
    take({ key, keyStart, keyEnd }, identity) {
      rows += 1;
      latest.key = key;
      latest.keyStart = keyStart;
      latest.keyEnd = keyEnd;
      if (wanted === undefined || nameOf(latest) !== wanted) return false;
      wanted = undefined;
      if (rows > 1) return false;
      taken = 1;
      identity.startPage(true);
      return true;
    },
    skip() {
      rows += 1;
      latest.keyEnd = latest.keyStart;
    },
    last: () => (latest.keyEnd === latest.keyStart ? undefined : nameOf(latest)),
    taken: () => taken,
    missed: () => wanted !== undefined,
  };
}

/** Without the number that tells twins apart: shown again, a row gets the next one. */
function nameOf({ key, keyStart, keyEnd }: Key): string {
  return key.toString('latin1', keyStart, keyEnd).replace(/#\d+$/, '');
}

/** Stands for 410: what the pages led to is gone, and the window is read once more from its beginning. */
export function rowsMoved(name: string, what: string): Problem {
  const message = `${name}: ${what} does not begin where the page before ended: rows vanish, or change places, while they are read`;
  return new Problem(exit.protocol, message, {
    hint: "the position stays and the next run reads the window again; if the vendor takes only multiples of the page's size, add reread: false to paging in the definition",
    httpStatus: gone,
  });
}
