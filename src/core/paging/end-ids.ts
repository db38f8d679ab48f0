/**
 * The IDs of the first and the last record of a page. A vendor that pays no heed to its paging, and whose records have a
 * member that is another one each time, never shows two pages that are equal: only their IDs tell.
 */
import { Buffer } from 'node:buffer';
import { isByContent } from '../content/record-id.ts';
import type { Identifier } from '../identity.ts';

type Key = ReturnType<Identifier['key']>;

export interface EndIds {
  /** A page begins. */
  begin(): void;
  /** Its next record, whose key is another one after the next call. */
  note(key: Key): void;
  /** Undefined for a page whose ends have the same ID, or none: those may be versions of one record, or twins. */
  told(): string | undefined;
}

/** For one page after another. */
export function endIds(): EndIds {
  let first: string | undefined;
  const last: Key = { key: Buffer.alloc(0), keyStart: 0, keyEnd: 0 };

  return {
    begin: () => void (first = undefined),
    note({ key, keyStart, keyEnd }) {
      last.key = key;
      last.keyStart = keyStart;
      last.keyEnd = keyEnd;
      first ??= idOf(last);
    },
    told() {
      const [from, to] = [first ?? '', first === undefined ? '' : idOf(last)];
      return from === '' || to === '' || from === to ? undefined : `${from} ${to}`;
    },
  };
}

/** '' for a record that goes by its content. */
function idOf(key: Key): string {
  return isByContent(key) ? '' : key.key.toString('latin1', key.keyStart, key.keyEnd);
}
