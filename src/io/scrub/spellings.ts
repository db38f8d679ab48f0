/** What a secret looks like in a text: its parts that are secrets by themselves, and the spellings of each. */
import { Buffer } from 'node:buffer';

/** Shorter values would make text unreadable. */
export const shortest = 6;
/** A shorter part of a secret may be a word that others use. */
const shortestToken = 16;
/** The value of a header, in a list of headers, whose name sounds like a credential. */
const credential = /(?:^|[;\r\n])[ \t]*[\w-]*(?:auth|cookie|key|pass|secret|token)[\w-]*[ \t]*:[ \t]*([^;\r\n]+)/gi;
/**
 * How many tokens of a credential from a reply are hidden: a cookie of 4 KB may have hundreds, and a run 150 cookies.
 */
const mostTokens = 20;

/** The parts of a secret setting that are secrets by themselves, and the whole. */
export function wordsOf(secret: string): string[] {
  return [secret, ...credentialsOf(secret), ...tokensOf(secret)];
}

/** The same for a credential from a reply, which is no list of headers, and whose length the other side decides. */
export function passingWordsOf(secret: string): string[] {
  return [secret, ...tokensOf(secret).slice(0, mostTokens)];
}

/** All spellings of a word, and of what it is when it is decoded from base64. */
export function spellingsOf(word: string): string[] {
  return [word, ...decodedOf(word)].flatMap(spellingsOfWord);
}

/**
 * A secret as it is, escaped as in JSON, in lower case (as in the name of a host) and upper case, in hexadecimal, and as a
 * part of a longer text in base64.
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

/** The credentials in a list of headers, with the scheme before them (`Bearer`) and without. */
function credentialsOf(secret: string): string[] {
  const values = [...secret.matchAll(credential)].map(([, value = '']) => value.trim());
  return values.flatMap((value) => [value, value.replace(/^.*[ \t]/, '')]).filter(({ length }) => length >= shortest);
}

/**
 * The long parts of a secret: of a list of headers or keys, its words; of an address, its path, which may be all that a
 * server quotes, and the words of path and query.
 */
function tokensOf(secret: string): string[] {
  const isUrl = /^https?:/.test(secret) && URL.canParse(secret);
  const { pathname, search } = isUrl ? new URL(secret) : { pathname: '', search: '' };
  const tokens = isUrl
    ? [pathname + search, pathname, ...`${pathname} ${search}`.split(/[\s/?&=]+/)]
    : secret.split(/[\s;:,]+/);
  return tokens.filter((token) => token.length >= shortestToken);
}

/** For a key that is `name:secret` in base64, as in Elasticsearch and HTTP Basic: that text, and the secret in it. */
function decodedOf(word: string): string[] {
  if (!/^[\w+/-]+={0,2}$/.test(word)) return [];
  const [decoded, secret = ''] = /^[ -9;-~]*:([ -~]*)$/.exec(Buffer.from(word, 'base64').toString('latin1')) ?? [];
  return [decoded ?? '', secret].filter(({ length }) => length >= shortest);
}

/**
 * The characters of a longer base64 text that depend on the secret alone, where it begins `before` bytes (modulo 3) after
 * the start.
 */
function base64Inside(secret: string, before: number): string[] {
  const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
  const [first, last] = [Math.ceil((before * 8) / 6), Math.floor((bytes.length * 8) / 6)];
  return [bytes.toString('base64').slice(first, last), bytes.toString('base64url').slice(first, last)];
}
