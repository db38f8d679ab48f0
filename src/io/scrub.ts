/** The last resort against a leaked credential: known secret values are replaced in everything that is said. */
import { Buffer } from 'node:buffer';
import { cutFinder, placesOf, type Span } from './scrub/cut.ts';
import { unescaped } from './scrub/unescaped.ts';

export interface Scrubber {
  /** Adds a value; shorter than six characters it would make text unreadable, and is left alone. */
  hide(secret: string): void;
  /**
   * The same for a credential that a reply brought, for as long as it is in use. `replaced` is the one whose place it took.
   * Of those no longer in use, the last hundred stay known.
   */
  hidePassing(secret: string | undefined, replaced?: string): void;
  /** The text with `[redacted]` in place of every secret, in whatever spelling. */
  clean(text: string): string;
}

/** A shorter part of a secret may be a word that others use. */
const shortestToken = 16;
/** Shorter values would make text unreadable. */
const shortest = 6;
/** In a list of headers the value of one whose name tells of a credential. */
const credential = /(?:^|[;\r\n])[ \t]*[\w-]*(?:auth|cookie|key|pass|secret|token)[\w-]*[ \t]*:[ \t]*([^;\r\n]+)/gi;
const mostReplaced = 100;
/** Of a credential that a reply brought: a cookie of 4 KB may be made of hundreds, and a run may have 150 cookies. */
const mostTokens = 20;

export function scrubber(): Scrubber {
  const lasting = new Set<string>();
  /** How many use it. */
  const inUse = new Map<string, number>();
  /** The oldest first. */
  const replaced = new Set<string>();
  let known: Known | undefined;

  function use(secret: string): void {
    const users = inUse.get(secret) ?? 0;
    inUse.set(secret, users + 1);
    if (users === 0 && !replaced.delete(secret)) known = undefined;
  }

  function replace(secret: string): void {
    const users = inUse.get(secret) ?? 0;
    if (users > 1) inUse.set(secret, users - 1);
    if (users !== 1) return;
    inUse.delete(secret);
    replaced.add(secret);
    const [oldest] = replaced;
    if (replaced.size <= mostReplaced || oldest === undefined) return;
    replaced.delete(oldest);
    known = undefined;
  }

  function clean(text: string): string {
    known ??= knownOf([...[...lasting].flatMap(wordsOf), ...[...inUse.keys(), ...replaced].flatMap(passingWordsOf)]);
    if (known.spellings.length === 0) return text;
    // What stands right before a secret may look like the beginning of an escape: the text is searched as it is, too.
    return known.spellings.reduce((rest, spelling) => rest.replaceAll(spelling, redacted), withoutQuoted(text, known));
  }

  return {
    hide(secret) {
      if (secret.length < shortest || lasting.has(secret)) return;
      lasting.add(secret);
      known = undefined;
    },
    hidePassing(secret, before) {
      if (secret !== undefined && secret.length >= shortest) use(secret);
      if (before !== undefined) replace(before);
    },
    clean,
  };
}

export const redacted = '[redacted]';

/** What to look for: in the text as it is, and in what it means. */
interface Known {
  /** The longest first: a part must not be replaced before the whole. */
  readonly spellings: readonly string[];
  readonly meanings: readonly string[];
  /** Where a text has what a cut left of one of the meanings. */
  readonly cutPlaces: (text: string) => readonly Span[];
}

/** What of a setting is a secret by itself. */
function wordsOf(secret: string): string[] {
  return [secret, ...credentialsOf(secret), ...tokensOf(secret)];
}

/** The same of what a reply brought, which is no list of headers; and of which a reply decides how much it is. */
function passingWordsOf(secret: string): string[] {
  return [secret, ...tokensOf(secret).slice(0, mostTokens)];
}

function knownOf(words: readonly string[]): Known {
  const found = words.flatMap((word) => [word, ...decodedOf(word)]).flatMap(spellingsOf);
  const spellings = [...new Set(found)].toSorted((a, b) => b.length - a.length);
  const all = spellings.map((spelling) => unescaped(spelling).text.trim());
  const meanings = [...new Set(all)].filter(({ length }) => length >= shortest);
  return { spellings, meanings, cutPlaces: cutFinder(meanings) };
}

/** The text without secrets, however they were quoted. */
function withoutQuoted(text: string, known: Known): string {
  const read = unescaped(text);
  const spans = [...known.meanings.flatMap((secret) => placesOf(secret, read.text)), ...known.cutPlaces(read.text)];
  const parts: string[] = [];
  let done = 0;
  for (const [from, until] of spans.toSorted(([a], [b]) => a - b)) {
    const [start, end] = [read.starts[from] ?? 0, read.ends[until - 1] ?? 0];
    if (end <= done) continue;
    if (start >= done) parts.push(text.slice(done, start), redacted);
    done = end;
  }
  return parts.join('') + text.slice(done);
}

/**
 * A secret, with its line breaks as JSON has them, in letters all small (as the name of a host has it) or all large, in
 * hexadecimal, and as base64 has it in a longer text.
 */
function spellingsOf(secret: string): string[] {
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
