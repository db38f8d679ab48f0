/**
 * Finds names in records that matter to a destination. Records share a buffer with their neighbours, so that one search of
 * the buffer clears many of them at once.
 */
import { Buffer } from 'node:buffer';
import { ascii, decodeString, eachMember, hasTopLevelKey, skipBlanks, skipString } from '../json/json.ts';

/** Where something occurs at or after an offset; Infinity if nowhere. */
type Occurrence = (bytes: Buffer, from: number) => number;

/** Asks something about the record in `bytes[start, end)`; to be called with the records of a buffer in their order. */
type Finder = (bytes: Buffer, start: number, end: number) => boolean;

/** Where the next `\u` is: one finder for all questions about the same records. */
export function escapeFinder(): Occurrence {
  return nextOccurrence('\\u');
}

/** Whether it has a member of that name. A key that is spelt with escapes needs a `\u`, which `escaped` finds. */
export function memberFinder(name: string, escaped: Occurrence): Finder {
  const plain = nextOccurrence(`${name}"`);
  return (bytes, start, end) =>
    (plain(bytes, start) < end || escaped(bytes, start) < end) && hasTopLevelKey(bytes, start, end, name);
}

/** Whether it has a member whose name is one of these, all of which begin with an underscore. */
export function underscoredFinder(names: ReadonlySet<string>, escaped: Occurrence): Finder {
  const plain = occurrenceFromEnd('"_');
  const quoted = new RegExp(`"(?:${[...names].join('|')})"`);
  return (bytes, start, end) => {
    const isSeen = plain(bytes, start) < end && quoted.test(bytes.toString('latin1', start, end));
    if (!isSeen && escaped(bytes, start) >= end) return false;
    let isThere = false;
    eachMember(bytes, start, end, (keyStart, keyEnd) => {
      isThere = names.has(decodeString(bytes, keyStart, keyEnd));
      return !isThere;
    });
    return isThere;
  };
}

/**
 * Whether a name in it, at any depth, is empty, or has nothing before or between its dots: `.tag`, `a..b`. Dots at the end of a
 * name do no harm. Escapes are not decoded, and names that consist of blanks are not looked for.
 */
export function brokenNameFinder(): Finder {
  const emptyNames = ['"":', '"" ', '""\t'].map(occurrenceFromEnd);
  const signs = [occurrenceFromEnd('".'), nextOccurrence('..'), ...emptyNames];
  return (bytes, start, end) =>
    signs.some((next) => next(bytes, start) < end) && hasName(bytes, start, end, /^$|^\.|\.\.[^.]/);
}

function hasName(bytes: Buffer, start: number, end: number, pattern: RegExp): boolean {
  for (let at = start; at < end; at++) {
    if (bytes[at] !== ascii.quote) continue;
    const after = skipString(bytes, at, end);
    if (isBeforeColon(bytes, after, end) && pattern.test(bytes.toString('latin1', at + 1, after - 1))) return true;
    at = after - 1;
  }
  return false;
}

function isBeforeColon(bytes: Buffer, at: number, end: number): boolean {
  return bytes[skipBlanks(bytes, at, end)] === ascii.colon;
}

/**
 * Where a text occurs at or after an offset; Infinity if nowhere. One search serves many ascending offsets. Node searches a short
 * text by its first byte, so that should not be a quotation mark, of which a record has many.
 */
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

/** The same for a text that begins with a quotation mark: from the end, Node searches by the last byte. */
function occurrenceFromEnd(text: string): Occurrence {
  const pattern = Buffer.from(text);
  const next = nextOccurrence(text);
  let searched: Buffer | undefined;
  let last = -1;
  return (bytes, from) => {
    if (bytes !== searched) {
      searched = bytes;
      last = bytes.lastIndexOf(pattern);
    }
    return from > last ? Infinity : next(bytes, from);
  };
}
