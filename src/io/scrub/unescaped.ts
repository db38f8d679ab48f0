/**
 * A text with all escapes undone that others put in when they quote it: those of JSON, of programs, of addresses and of
 * HTML, however nested, and with runs of blanks made one.
 */
import { Buffer } from 'node:buffer';

export interface Unescaped {
  readonly text: string;
  /** Where each character begins and ends in the original text. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** Nobody nests quotations deeper, and each level takes a pass over the text. */
const mostTimes = 5;

const percent = '(?:%(?:25)*[0-9a-f]{2})+';
const backslash = '\\\\+(?:u[0-9a-f]{4}|u\\{[0-9a-f]{1,6}\\}|x[0-9a-f]{2}|[0-3][0-7]{2})?';
const entity = '&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|amp|apos|gt|lt|quot);?';
const blank = '[+\\s\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Surrogate}\\ufffd]+';
const escapes = new RegExp([percent, backslash, entity, blank].join('|'), 'giu');

/**
 * One blank stands for a run of blanks, of invisible characters, and of plus signs, which are the blanks of forms.
 * Backslashes are left out, since nobody knows how many of them stand for one: so a line break written as `\n` reads as
 * `n`.
 */
export function unescaped(text: string): Unescaped {
  const starts = new Int32Array(text.length).map((_, at) => at);
  let read: Unescaped = { text, starts, ends: starts.map((at) => at + 1) };
  for (let times = 0; times < mostTimes; times++) {
    const next = unescapedOnce(read);
    if (next.text === read.text) break;
    read = next;
  }
  return read;
}

/** What an escape means is never longer than the escape. */
function unescapedOnce({ text, starts, ends }: Unescaped): Unescaped {
  const parts: string[] = [];
  const [nextStarts, nextEnds] = [new Int32Array(text.length), new Int32Array(text.length)];
  let length = 0;
  /** Where the backslashes before the next character begin. */
  let before: number | undefined;

  /** Adds `part`, which the characters from `from` to `until` mean; without `until`, each means itself. */
  function add(part: string, from: number, until?: number): void {
    if (part === '' && until !== undefined) before ??= from;
    parts.push(part);
    for (let at = 0; at < part.length; at++) {
      nextStarts[length] = starts[before ?? (until === undefined ? from + at : from)] ?? 0;
      nextEnds[length] = ends[until === undefined ? from + at : until - 1] ?? 0;
      before = undefined;
      length++;
    }
  }

  let done = 0;
  for (const { 0: spelling, index } of text.matchAll(escapes)) {
    add(text.slice(done, index), done);
    done = index + spelling.length;
    add(meaning(spelling), index, done);
  }
  add(text.slice(done), done);
  return { text: parts.join(''), starts: nextStarts.subarray(0, length), ends: nextEnds.subarray(0, length) };
}

const entities: Readonly<Record<string, string>> = { amp: '&', apos: "'", gt: '>', lt: '<', quot: '"' };

function meaning(spelling: string): string {
  if (spelling.startsWith('%')) return Buffer.from(spelling.replace(/%(?:25)*(?=[0-9a-f]{2})/gi, ''), 'hex').toString();
  if (spelling.startsWith('\\')) {
    const code = spelling.replace(/^\\+/, '');
    if (code === '') return '';
    return character(Number.parseInt(code.replace(/^[ux]|[{}]/gi, ''), /^[ux]/i.test(code) ? 16 : 8));
  }
  if (!spelling.startsWith('&')) return ' ';
  const name = spelling.replace(/^&|;$/g, '').toLowerCase();
  if (!name.startsWith('#')) return entities[name] ?? '';
  return character(Number.parseInt(name.replace(/^#x?/, ''), name.startsWith('#x') ? 16 : 10));
}

function character(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : '';
}
