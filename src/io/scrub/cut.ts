/** What is left of a secret where a text was cut: its beginning before the mark of the cut, or its end after it. */
import { cutMark } from '../../core/text/shown.ts';

export type Span = readonly [from: number, until: number];

/** What this program and others put where they cut a text. */
const marks = new RegExp(`${cutMark}|\\.{3,}|\\*{3,}`, 'g');
/**
 * How many characters of a secret are enough at this program's own mark, which nothing else uses, and at other marks.
 */
const shortest = 6;
const shortestElsewhere = 8;
/**
 * How much of an escape such as `&quot;` may come before our own mark: what servers say is cut with their escapes in it.
 */
const longestEscape = 6;

/**
 * Finds what is left of these secrets. The time that it takes depends on the length of the text, not on the marks in it.
 */
export function cutFinder(meanings: readonly string[]): (text: string) => readonly Span[] {
  const beginnings = byPart(meanings, (meaning) => meaning.slice(0, shortest));
  const endings = byPart(meanings, (meaning) => meaning.slice(-shortestElsewhere));
  const longest = meanings.reduce((most, { length }) => Math.max(most, length), 0); // too many for a call of Math.max

  /** The beginnings of secrets between `from` and the mark at `end`. */
  function before(text: string, from: number, end: number): Span[] {
    const isOurs = text[end] === cutMark;
    const [least, escape] = isOurs ? [shortest, longestEscape] : [shortestElsewhere, 0];
    const spans: Span[] = [];
    for (let at = Math.max(from, end - longest - escape); at <= end - least; at++) {
      const secrets = beginnings.get(text.slice(at, at + shortest)) ?? [];
      const left = (secret: string): number => end - at - inCommon(secret, text.slice(at, end));
      if (secrets.some((secret) => left(secret) <= escape)) spans.push([at, end]);
    }
    return spans;
  }

  /** The ends of secrets between the mark, which ends at `start`, and `until`. */
  function after(text: string, start: number, until: number): Span[] {
    const spans: Span[] = [];
    for (let end = start + shortestElsewhere; end <= Math.min(until, start + longest); end++) {
      const secrets = endings.get(text.slice(end - shortestElsewhere, end)) ?? [];
      if (secrets.some((secret) => secret.endsWith(text.slice(start, end)))) spans.push([start, end]);
    }
    return spans;
  }

  return (text) => {
    const found = Array.from(text.matchAll(marks), ({ 0: mark, index }): Span => [index, index + mark.length]);
    return found.flatMap(([start, end], at) => [
      ...before(text, found[at - 1]?.[1] ?? 0, start),
      ...after(text, end, found[at + 1]?.[0] ?? text.length),
    ]);
  };
}

/** Where the secret is in the text. */
export function spansOf(secret: string, text: string): Span[] {
  const places: Span[] = [];
  for (let at = text.indexOf(secret); at !== -1; at = text.indexOf(secret, at + secret.length)) {
    places.push([at, at + secret.length]);
  }
  return places;
}

function byPart(meanings: readonly string[], part: (meaning: string) => string): ReadonlyMap<string, string[]> {
  const known = new Map<string, string[]>();
  for (const meaning of meanings) {
    const others = known.get(part(meaning));
    if (others === undefined) known.set(part(meaning), [meaning]);
    else others.push(meaning);
  }
  return known;
}

function inCommon(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}
