/** The last resort against a leaked credential: known secret values are replaced in everything that is said. */
import { Buffer } from 'node:buffer';

export interface Scrubber {
  /** Adds a value; shorter than six characters it would make text unreadable, and is left alone. */
  hide(secret: string): void;
  /** The text with `[redacted]` in place of every secret, in whatever spelling. */
  clean(text: string): string;
}

/** A shorter part of a secret may be a word that others use. */
const shortestToken = 16;

export function scrubber(): Scrubber {
  let spellings: string[] = [];
  return {
    hide(secret) {
      if (secret.length < 6) return;
      // The longest first: a part must not be replaced before the whole.
      const found = [secret, ...tokensOf(secret)].flatMap(spellingsOf);
      spellings = [...new Set([...spellings, ...found])].toSorted((a, b) => b.length - a.length);
    },
    clean: (text) => spellings.reduce((rest, spelling) => rest.replaceAll(spelling, '[redacted]'), text),
  };
}

function spellingsOf(secret: string): string[] {
  const encoded = encodeURIComponent(secret);
  return [
    secret,
    inJson(secret),
    inJson(inJson(secret)), // a JSON text inside a JSON line
    encoded,
    encoded.replaceAll('%20', '+'),
    ...[0, 1, 2].flatMap((before) => base64Inside(secret, before)),
  ];
}

/** The long words of a secret that has several: of a list of headers or keys, of the path and query of an address. */
function tokensOf(secret: string): string[] {
  const isUrl = /^https?:/.test(secret) && URL.canParse(secret);
  const text = isUrl ? `${new URL(secret).pathname} ${new URL(secret).search}` : secret;
  return text.split(isUrl ? /[\s/?&=]+/ : /[\s;:,]+/).filter((token) => token.length >= shortestToken);
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
