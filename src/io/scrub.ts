/** The last resort against a leaked credential: known secrets are redacted in everything that is said. */
import { cutFinder, spansOf, type Span } from './scrub/cut.ts';
import { passingWordsOf, shortest, spellingsOf, wordsOf } from './scrub/spellings.ts';
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

/** How many credentials that are no longer in use stay known. */
const mostReplaced = 100;

/** Knows no secret yet. */
export function scrubber(): Scrubber {
  const lasting = new Set<string>();
  /** How many use each credential from a reply. */
  const inUse = new Map<string, number>();
  /** Credentials from replies that are no longer in use, oldest first. */
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
    // What precedes a secret may look like the beginning of an escape with it: so the text is searched as it is, too.
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
  /** Where a text has the rest of one of the meanings, cut off. */
  readonly cutPlaces: (text: string) => readonly Span[];
}

function knownOf(words: readonly string[]): Known {
  const found = words.flatMap(spellingsOf);
  const spellings = [...new Set(found)].toSorted((a, b) => b.length - a.length);
  const all = spellings.map((spelling) => unescaped(spelling).text.trim());
  const meanings = [...new Set(all)].filter(({ length }) => length >= shortest);
  return { spellings, meanings, cutPlaces: cutFinder(meanings) };
}

/** The text without secrets, however they were quoted. */
function withoutQuoted(text: string, known: Known): string {
  const read = unescaped(text);
  const spans = [...known.meanings.flatMap((secret) => spansOf(secret, read.text)), ...known.cutPlaces(read.text)];
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
