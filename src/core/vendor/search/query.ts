/** `--query key=value,...`: how it is read, and how records are matched against it. */
import type { Buffer } from 'node:buffer';
import { decodeString } from '../../json/json.ts';
import { exit, Problem } from '../../problem.ts';

/**
 * The pairs of all texts, in order. Pairs are separated by commas; a comma inside a value is written `\,` or the whole
 * value is put in double quotes (in which `\"` and `\\` are a quote and a backslash). The first `=` ends the key; blanks
 * around it belong to neither. Throws Problem 64.
 */
export function parseQuery(texts: readonly string[]): [key: string, value: string][] {
  return texts.flatMap((text) => splitPairs(text).map((pair) => readPair(pair, text)));
}

/** Splits at commas that are neither escaped nor inside quotes that open a value. */
function splitPairs(text: string): string[] {
  const pairs: string[] = [];
  let at = 0;
  while (at <= text.length) {
    const equals = text.indexOf('=', at);
    const value = equals + 1 + (/^\s*/.exec(text.slice(equals + 1))?.[0].length ?? 0);
    const quoted = equals !== -1 && text[value] === '"' && !text.slice(at, equals).includes(',');
    const end = quoted ? endOfQuoted(text, value) : endOfPlain(text, at);
    pairs.push(text.slice(at, end));
    at = end + 1;
  }
  return pairs;
}

function endOfPlain(text: string, at: number): number {
  for (; at < text.length && text[at] !== ','; at++) if (text[at] === '\\') at++;
  return Math.min(at, text.length);
}

function endOfQuoted(text: string, at: number): number {
  for (at++; at < text.length && text[at] !== '"'; at++) if (text[at] === '\\') at++;
  if (at >= text.length) throw malformed(text, 'a quote is not closed');
  if (at + 1 < text.length && text[at + 1] !== ',') throw malformed(text, 'something follows a closing quote');
  return at + 1;
}

function readPair(pair: string, text: string): [string, string] {
  const equals = pair.indexOf('=');
  if (operator.test(equals === -1 ? pair : pair.slice(0, equals + 2))) throw inexact(text);
  if (equals === -1) throw malformed(text, pair === '' ? 'a pair is empty' : `${JSON.stringify(pair)} has no "="`);
  const key = pair.slice(0, equals).trim();
  if (key === '') throw malformed(text, `${JSON.stringify(pair)} has no key`);
  const value = pair.slice(equals + 1).trimStart();
  if (value.startsWith('"')) return [key, value.slice(1, -1).replace(/\\(["\\])/g, '$1')];
  return [key, value.replaceAll('\\,', ',')];
}

/** What other languages compare with. A name that ends so is put in quotes, and so is a value that begins so. */
const operator = /[!<>~]\s*=|==|^[^"=]*[<>~][^"=]*$/;

function inexact(text: string): Problem {
  return new Problem(exit.usage, `--query ${JSON.stringify(text)}: it finds only exact values, name=value`, {
    hint: 'pipe the records into jq for other comparisons',
  });
}

function malformed(text: string, why: string): Problem {
  return new Problem(exit.usage, `--query ${JSON.stringify(text)}: ${why}`, {
    hint: 'write it as key=value,key=value; a comma inside a value as \\, or the value in double quotes',
  });
}

/**
 * Does the JSON value `[start, end)` equal what the user typed? A string by its characters; a number, true, false and
 * null by their text as it was sent, so that 19 digits compare exactly. Nothing equals a member that is not there.
 */
export function matches(bytes: Buffer, start: number, end: number, value: string): boolean {
  if (start < 0) return false;
  if (bytes[start] !== quote) return bytes.toString('utf8', start, end) === value;
  return decodeString(bytes, start, end) === value;
}

const quote = 0x22;
