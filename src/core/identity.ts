/**
 * What identifies a record: the ID at a path or the first of several, several values joined, or a hash of the content.
 *
 * A key is bytes without a line break, one of
 *  "abc" or 123           the JSON value as the vendor sent it, so that 1 and "1" differ; escapes are normalised
 *  ["abc",123]            several values
 *  sha256:<64 hex>        the content, or the content and the item of a list that it came in
 *  sha256:<64 hex>#2      the second of several records with the very same content
 *  sha256-of-id:<64 hex>  an ID, or several values, of more than 200 bytes
 *  refused:sha256:<64 hex>  the text of what cannot be read as a record, numbered as contents are
 */
import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import { canonical } from './json/canonical.ts';
import { isIntricate } from './json/parsed.ts';
import { keyWriter, type Key } from './identity/key-writer.ts';
import { twins } from './identity/twins.ts';

export interface IdentityRule {
  /** Where the ID is; several paths are joined; none means the content. */
  readonly paths: readonly (readonly string[])[];
  /** Not joined: the first of them that the record has. */
  readonly first?: boolean | undefined;
  /** Members that change from one reading to the next, and so stay out of the content's hash. */
  readonly without?: readonly (readonly string[])[];
  /** A content counts together with the item that it came in. */
  readonly item?: boolean | undefined;
}

export interface Identifier {
  /**
   * The key of the record `bytes[start, end)`. `spans` says where the values at the rule's paths are, quotes included:
   * value i is `bytes[spans[2i], spans[2i+1])`, a negative start where there is none. The result is the same object at
   * each call; what its `key` holds stays unchanged as long as anybody refers to it.
   *
   * A missing, null, boolean, structured or empty ID is none: such a record goes by its content.
   */
  key(bytes: Buffer, start: number, end: number, spans: Int32Array): Key;
  /** The key of what cannot be read as a record, by the SHA-256 of its text. */
  refused(digest: Buffer): string;
  /** An item of a list begins. Where the rule says so, what is equal to something in another item is no twin of that. */
  startItem(name: string | bigint): void;
  /** A page begins. `again`: it is the last one once more, so what it counted of twins is taken back. */
  startPage(again?: boolean): void;
  /** The record that came last was read before; what it counted of twins is taken back, if it goes by its content. */
  takeBack(byContent: boolean): void;
  /** A part of the window begins, and a page. `again`: instead of the last one, so what that counted of twins is taken back. */
  startPart(again?: boolean): void;
  /** Twins that did not come since the last call are forgotten: their occurrence numbers start again. A page begins. */
  forgetOlder(): void;
  /** A window begins: occurrence numbers start again, so that reading it twice gives the same keys. */
  startWindow(): void;
}

const longestKey = 200;

/**
 * Gives keys by one rule.
 *
 * `continued` is for vendors with a cursor, which go on after a saved bookmark and never show a record from before it
 * again: there a record whose content is remembered is a new twin, and gets the next occurrence number not yet taken.
 * `remembers` must then answer for what was delivered before that bookmark, and for nothing since: what a broken run, or
 * this one, delivered after it may be shown again, and has to get the same key again.
 */
export function identifier(
  rule: IdentityRule,
  remembers: (key: Buffer, start: number, end: number) => boolean,
  continued: boolean,
): Identifier {
  const result: Key = { key: Buffer.alloc(0), keyStart: 0, keyEnd: 0 };
  const paths = rule.paths.length;
  const count = rule.first === true ? 1 : paths;
  const put = keyWriter(result);
  const occurrences = twins();
  let item = '';

  function byContent(bytes: Buffer, start: number, end: number): Key {
    const text = bytes.toString('utf8', start, end);
    // To sort more values than anybody writes takes forty times the length of the text.
    const content = isIntricate(text) ? text : canonical(text, rule.without ?? []);
    const digest = hash('sha256', item + content, 'buffer');
    return put(occurrence(`sha256:${digest.toString('hex')}`, digest));
  }

  /** The name of a content, numbered where it came before. */
  function occurrence(name: string, digest: Buffer): string {
    for (;;) {
      const text = numbered(name, occurrences.next(digest));
      if (!continued || !isTaken(text)) return text;
    }
  }

  /** Whether a run has delivered it. Each number is looked up, since one may be forgotten while a higher one is not. */
  function isTaken(text: string): boolean {
    const { key, keyStart, keyEnd } = put(text);
    return remembers(key, keyStart, keyEnd);
  }

  /** The values of `count` paths from one on. */
  function byPaths(bytes: Buffer, spans: Int32Array, begin: number): Key | undefined {
    const values: string[] = [];
    for (let path = begin; path < begin + count; path += 1) {
      const from = spans[2 * path] ?? -1;
      const to = spans[2 * path + 1] ?? -1;
      if (!isUsable(bytes, from, to)) return undefined;
      values.push(normalised(bytes.toString('utf8', from, to)));
    }
    const text = count === 1 ? (values[0] ?? '') : `[${values.join(',')}]`;
    return put(Buffer.byteLength(text) > longestKey ? `sha256-of-id:${hash('sha256', text)}` : text);
  }

  return {
    key(bytes, start, end, spans) {
      if (count === 0) return byContent(bytes, start, end);
      const begin = rule.first === true ? firstThere(spans, paths) : 0;
      const from = spans[2 * begin] ?? -1;
      const to = spans[2 * begin + 1] ?? -1;
      if (count === 1 && isUsable(bytes, from, to) && isPlain(bytes, from, to)) {
        result.key = bytes;
        result.keyStart = from;
        result.keyEnd = to;
        return result;
      }
      return byPaths(bytes, spans, begin) ?? byContent(bytes, start, end);
    },
    refused(digest) {
      const inItem = item === '' ? digest : hash('sha256', item + digest.toString('hex'), 'buffer');
      return occurrence(`refused:sha256:${inItem.toString('hex')}`, inItem);
    },
    startItem(name) {
      if (rule.item !== true) return;
      item = typeof name === 'string' ? JSON.stringify(name) : String(name);
      occurrences.clear();
    },
    startPage: (again = false) => occurrences.startPage(again),
    takeBack(isContent) {
      if (isContent) occurrences.takeBack();
    },
    startPart: (again = false) => occurrences.startPart(again),
    forgetOlder() {
      occurrences.forgetOlder();
    },
    startWindow() {
      occurrences.clear();
    },
  };
}

/** Which of the paths leads to a value; the last when none does. */
function firstThere(spans: Int32Array, paths: number): number {
  let at = 0;
  while (at < paths - 1 && (spans[2 * at] ?? -1) < 0) at += 1;
  return at;
}

function numbered(name: string, number: number): string {
  return number === 1 ? name : `${name}#${number}`;
}

/** A number, or a string that is not empty. */
function isUsable(bytes: Buffer, start: number, end: number): boolean {
  if (start < 0 || end <= start) return false;
  const first = bytes[start] ?? 0;
  return first === 0x22 ? end - start > 2 : first === 0x2d || (first >= 0x30 && first <= 0x39);
}

/** Short and without escapes: the bytes themselves are the key. */
function isPlain(bytes: Buffer, start: number, end: number): boolean {
  if (end - start > longestKey) return false;
  for (let at = start; at < end; at += 1) if (bytes[at] === 0x5c) return false;
  return true;
}

/** One spelling for every string: only quotes, backslashes, control characters and lone surrogates stay escaped. */
function normalised(value: string): string {
  return value.includes('\\') ? JSON.stringify(JSON.parse(value)) : value;
}
