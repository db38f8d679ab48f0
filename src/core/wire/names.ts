/**
 * Names in a record that matter to a destination. Records share a buffer with their neighbours, so one search of it tells
 * for many of them that a name is not there.
 */
import { Buffer } from 'node:buffer';
import { ascii, hasTopLevelKey, skipBlanks, skipString } from '../json/json.ts';

/** Where something occurs at or after an offset; Infinity if nowhere. */
type Occurrence = (bytes: Buffer, from: number) => number;

/** Says something of the record in `bytes[start, end)`; records of one buffer are to be asked for in their order. */
type Finder = (bytes: Buffer, start: number, end: number) => boolean;

/** One for all that are asked of the same records. */
export function escapeFinder(): Occurrence {
  return nextOccurrence('\\u');
}

/** Whether it has a member of that name. A key that is spelt with escapes needs a `\u`, which `escaped` finds. */
export function memberFinder(name: string, escaped: Occurrence): Finder {
  const plain = nextOccurrence(`"${name}"`);
  return (bytes, start, end) =>
    (plain(bytes, start) < end || escaped(bytes, start) < end) && hasTopLevelKey(bytes, start, end, name);
}

/** Whether a name in it, at any depth, begins with a dot. */
export function dottedNameFinder(): Finder {
  const next = nextOccurrence('".');
  return (bytes, start, end) => {
    for (let at = next(bytes, start); at < end; at = next(bytes, at + 1)) {
      if (bytes[at - 1] === ascii.backslash) continue; // inside a text
      const after = skipBlanks(bytes, skipString(bytes, at, end), end);
      if (bytes[after] === ascii.colon) return true;
    }
    return false;
  };
}

/** Where a text occurs at or after an offset, Infinity if nowhere; searches once for many ascending offsets. */
function nextOccurrence(text: string): Occurrence {
  const pattern = Buffer.from(text);
  let searched: Buffer | undefined;
  let begun = 0;
  let found = Infinity;
  return (bytes, from) => {
    if (bytes !== searched || from < begun || from > found) {
      const at = bytes.indexOf(pattern, from);
      searched = bytes;
      begun = from;
      found = at === -1 ? Infinity : at;
    }
    return found;
  };
}
