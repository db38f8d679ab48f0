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

/**
 * Whether a name in it, at any depth, is empty, or has nothing before or between its dots: `.tag`, `a..b`. Dots at its end are
 * no matter. Escapes are not read, and blanks not looked for.
 */
export function brokenNameFinder(): Finder {
  const isName = (bytes: Buffer, at: number): boolean => isBeforeColon(bytes, at + 2, bytes.length);
  const signs = [nextOccurrence('".'), nextOccurrence('..'), nextOccurrence('""', isName)];
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
 * Where a text occurs at or after an offset, and `isMeant` there; Infinity if nowhere. Searches once for many ascending
 * offsets.
 */
function nextOccurrence(text: string, isMeant: (bytes: Buffer, at: number) => boolean = () => true): Occurrence {
  const pattern = Buffer.from(text);
  let searched: Buffer | undefined;
  let begun = 0;
  let found = Infinity;
  return (bytes, from) => {
    if (bytes !== searched || from < begun || from > found) {
      let at = bytes.indexOf(pattern, from);
      while (at !== -1 && !isMeant(bytes, at)) at = bytes.indexOf(pattern, at + 1);
      searched = bytes;
      begun = from;
      found = at === -1 ? Infinity : at;
    }
    return found;
  };
}
