/** What a secret looks like in a text: its parts that are secrets by themselves, and the spellings of each. */
import { Buffer } from 'node:buffer';

/** Shorter values would make text unreadable. */
export const shortest = 6;
/** A shorter part of a secret may be a word that others use. */
const shortestToken = 16;
/** In a list of headers the value of one whose name tells of a credential. */
const credential = /(?:^|[;\r\n])[ \t]*[\w-]*(?:auth|cookie|key|pass|secret|token)[\w-]*[ \t]*:[ \t]*([^;\r\n]+)/gi;
/** Of a credential that a reply brought: a cookie of 4 KB may be made of hundreds, and a run may have 150 cookies. */
const mostTokens = 20;

/** What of a setting is a secret by itself. */
export function wordsOf(secret: string): string[] {
  return [secret, ...credentialsOf(secret), ...tokensOf(secret)];
}

/** The same of what a reply brought, which is no list of headers; and of which a reply decides how much it is. */
export function passingWordsOf(secret: string): string[] {
  return [secret, ...tokensOf(secret).slice(0, mostTokens)];
}

/** All spellings of a word, and of what it is the base64 of. */
export function spellingsOf(word: string): string[] {
  return [word, ...decodedOf(word)].flatMap(spellingsOfWord);
}

/**
 * A secret, with its line breaks as JSON has them, in letters all small (as the name of a host has it) or all large, in
 * hexadecimal, and as base64 has it in a longer text.
 */
function spellingsOfWord(secret: string): string[] {
  const cases = secret.length >= shortestToken ? [secret.toLowerCase(), secret.toUpperCase()] : [];
  const hex = Buffer.from(secret).toString('hex');
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    ...cases,
    hex,
    hex.toUpperCase(),
    ...[0, 1, 2].flatMap((at) => base64Inside(secret, at)),
  ];
}

/** Of a list of headers what is a secret by itself, with the scheme before it (`Bearer`) and without. */
function credentialsOf(secret: string): string[] {
  const values = [...secret.matchAll(credential)].map(([, value = '']) => value.trim());
  return values.flatMap((value) => [value, value.replace(/^.*[ \t]/, '')]).filter(({ length }) => length >= shortest);
}

/**
 * The long parts of a secret: the words of a list of headers or keys; of an address the path, which may be all that a
 * server says of it, and the words of path and query.
 */
function tokensOf(secret: string): string[] {
  const isUrl = /^https?:/.test(secret) && URL.canParse(secret);
  const { pathname, search } = isUrl ? new URL(secret) : { pathname: '', search: '' };
  const tokens = isUrl
    ? [pathname + search, pathname, ...`${pathname} ${search}`.split(/[\s/?&=]+/)]
    : secret.split(/[\s;:,]+/);
  return tokens.filter((token) => token.length >= shortestToken);
}

/** Of a key that is base64 of `name:secret`, as of Elasticsearch and in HTTP Basic, that text and the secret in it. */
function decodedOf(word: string): string[] {
  if (!/^[\w+/-]+={0,2}$/.test(word)) return [];
  const [decoded, secret = ''] = /^[ -9;-~]*:([ -~]*)$/.exec(Buffer.from(word, 'base64').toString('latin1')) ?? [];
  return [decoded ?? '', secret].filter(({ length }) => length >= shortest);
}

/** The characters that the secret alone decides inside a longer base64 text, `before` bytes (modulo 3) after its start. */
function base64Inside(secret: string, before: number): string[] {
  const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
  const [first, last] = [Math.ceil((before * 8) / 6), Math.floor((bytes.length * 8) / 6)];
  return [bytes.toString('base64').slice(first, last), bytes.toString('base64url').slice(first, last)];
}
