/** The last resort against a leaked credential: known secret values are replaced in everything that is said. */
import { Buffer } from 'node:buffer';

export interface Scrubber {
  /** Adds a value; shorter than six characters it would make text unreadable, and is left alone. */
  hide(secret: string): void;
  /**
   * The same for a credential that a reply brought, for as long as it is in use. `replaced` is the one that it was used
   * in place of: of those no longer in use, the last hundred are known.
   */
  hidePassing(secret: string | undefined, replaced?: string): void;
  /** The text with `[redacted]` in place of every secret, in whatever spelling. */
  clean(text: string): string;
}

/** A shorter part of a secret may be a word that others use. */
const shortestToken = 16;
/** Shorter values would make text unreadable. */
const shortest = 6;
const mostReplaced = 100;
/** Where a long text of a server was cut, perhaps in the middle of a secret. */
const cut = '…';

export function scrubber(): Scrubber {
  const lasting = new Set<string>();
  /** How many use it. */
  const inUse = new Map<string, number>();
  /** The oldest first. */
  const replaced = new Set<string>();
  let spellings: readonly string[] | undefined;

  function use(secret: string): void {
    const users = inUse.get(secret) ?? 0;
    inUse.set(secret, users + 1);
    if (users === 0 && !replaced.delete(secret)) spellings = undefined;
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
    spellings = undefined;
  }

  function clean(text: string): string {
    spellings ??= spellingsOfAll([...lasting, ...inUse.keys(), ...replaced]);
    const whole = spellings.reduce((rest, spelling) => rest.replaceAll(spelling, redacted), text);
    return whole.includes(cut) ? withoutCutSecrets(whole, spellings) : whole;
  }

  return {
    hide(secret) {
      if (secret.length < shortest || lasting.has(secret)) return;
      lasting.add(secret);
      spellings = undefined;
    },
    hidePassing(secret, before) {
      if (secret !== undefined && secret.length >= shortest) use(secret);
      if (before !== undefined) replace(before);
    },
    clean,
  };
}

const redacted = '[redacted]';

/** The longest first: a part must not be replaced before the whole. */
function spellingsOfAll(secrets: readonly string[]): string[] {
  const found = secrets.flatMap((secret) => [secret, ...tokensOf(secret)]).flatMap(spellingsOf);
  return [...new Set(found)].toSorted((a, b) => b.length - a.length);
}

/** The beginning of a secret just before a cut is as good as the secret. */
function withoutCutSecrets(text: string, spellings: readonly string[]): string {
  const [first = '', ...parts] = text.split(cut);
  return parts.reduce((done, part) => `${withoutEnd(done, spellings)}${cut}${part}`, first);
}

function withoutEnd(text: string, spellings: readonly string[]): string {
  for (const spelling of spellings) {
    for (let length = spelling.length - 1; length >= shortest; length--) {
      if (text.endsWith(spelling.slice(0, length))) return `${text.slice(0, -length)}${redacted}`;
    }
  }
  return text;
}

function spellingsOf(secret: string): string[] {
  const encoded = encodeURIComponent(secret.replaceAll(/\p{Surrogate}/gu, '\ufffd')); // half a character has no code
  return [
    secret,
    inJson(secret),
    inJson(inJson(secret)), // a JSON text inside a JSON line
    inJson(inJson(inJson(secret))), // and one that quotes a JSON text
    encoded,
    encoded.replaceAll('%20', '+'),
    ...[0, 1, 2].flatMap((before) => base64Inside(secret, before)),
  ];
}

/** The long words of a secret that has several: of a list of headers or keys, of the path and query of an address. */
function tokensOf(secret: string): string[] {
  const isUrl = /^https?:/.test(secret) && URL.canParse(secret);
  const text = isUrl ? `${new URL(secret).pathname} ${new URL(secret).search}` : secret;
  const tokens = text.split(isUrl ? /[\s/?&=]+/ : /[\s;:,]+/);
  // A server speaks of a place in an address without its percent signs.
  return [...tokens, ...(isUrl ? tokens.map(decoded) : [])].filter((token) => token.length >= shortestToken);
}

function decoded(token: string): string {
  try {
    return decodeURIComponent(token);
  } catch {
    return token;
  }
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** The characters that the secret alone decides inside a longer base64 text, `before` bytes (modulo 3) after its start. */
function base64Inside(secret: string, before: number): string[] {
  const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
  const [first, last] = [Math.ceil((before * 8) / 6), Math.floor((bytes.length * 8) / 6)];
  return [bytes.toString('base64').slice(first, last), bytes.toString('base64url').slice(first, last)];
}
