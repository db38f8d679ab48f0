/**
 * The IDs of the first and the last record of a page. A vendor that pays no heed to its paging, and whose records have a
 * member that is another one each time, never shows two pages that are equal: only their IDs tell.
 */
import { isByContent } from '../content/record-id.ts';
import type { Identifier } from '../identity.ts';

type Key = ReturnType<Identifier['key']>;

export interface EndIds {
  /** A page begins. */
  begin(): void;
  /** Its next record: one object for all of them, as an Identifier gives it, which holds the last key when the page ends. */
  note(key: Key): void;
  /** Undefined for a page whose ends have the same ID, or none: those may be versions of one record, or twins. */
  told(): string | undefined;
}

/** Looks at one page after another. */
export function endIds(): EndIds {
  let first: string | undefined;
  let last: Key | undefined;

  return {
    begin: () => void (first = last = undefined),
    note(key) {
      last = key;
      first ??= idOf(key);
    },
    told() {
      const [from, to] = [first ?? '', last === undefined ? '' : idOf(last)];
      return from === '' || to === '' || from === to ? undefined : `${from} ${to}`;
    },
  };
}

/** '' for a record that goes by its content. */
function idOf(key: Key): string {
  return isByContent(key) ? '' : key.key.toString('latin1', key.keyStart, key.keyEnd);
}
