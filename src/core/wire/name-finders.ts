/**
 * Names in a record that matter to a destination. Records share a buffer with their neighbours, so one search of it tells
 * for many of them that a name is not there.
 */
import { Buffer } from 'node:buffer';
import { ascii, decodeString, eachMember, hasTopLevelKey, skipBlanks, skipString } from '../json/json.ts';

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
 * Whether a name in it, at any depth, is empty, or has nothing before or between its dots: `.tag`, `a..b`. Dots at its end are
 * no matter. Escapes are not read, and names of blanks not looked for.
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
 * Where a text occurs at or after an offset, Infinity if nowhere; searches once for many ascending offsets. Node looks for the
 * first byte of a short text and compares the rest, so it should be no quotation mark, of which a record has many.
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

/** The same for a text that begins with a quotation mark: from the end, Node looks for its last byte. */
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
