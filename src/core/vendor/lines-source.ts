/**
 * JSON Lines from a pipe (`spl audit export … | audit-export --source -`) as a source like any other: its lines are
 * identified, dated, searched and remembered as the records of a vendor are.
 *
 * A pipe cannot be asked twice, and need not end. So a slice of it is a minute of reading: it is committed then, and
 * what came before is forgotten when its overlap is over. A request to stop, a torn last line and an input that cannot
 * be read any more end the slice like the end of the input does: what was read is delivered before the run ends.
 */
import { Buffer } from 'node:buffer';
import { collector } from './collect.ts';
import { fieldsOf, identityRule } from './record-fields.ts';
import type { SourceDefinition } from '../definition.ts';
import { identifier, type Identifier } from '../identity.ts';
import { Problem } from '../problem.ts';
import { vendorSearch } from './search.ts';
import { second } from '../time.ts';
import type { Tools } from '../tools.ts';
import type { Ask, Duration, Instant, Page, Search, Source } from '../types.ts';
import { momentsIn, windowRules } from './window-values.ts';

/** How long a slice is, in milliseconds. */
const sliceLength = 60_000;
const nothing = Buffer.alloc(0);

/**
 * `chunks` yields an empty chunk while nothing comes, so that what was read is not held back. `overlap` is how long the
 * run remembers what was delivered, if it is not what the definition says.
 */
export function linesSource(
  definition: SourceDefinition,
  chunks: AsyncIterable<Buffer>,
  asked: Search,
  tools: Tools,
  overlap: Duration = windowRules(definition, {}).overlap,
): Source {
  const search = vendorSearch(definition, { ...asked, categories: bothSpellings(asked.categories) }, tools);
  const input = chunks[Symbol.asyncIterator]();
  const lines = collector(definition, search, fieldsOf(definition, search));
  const identity = identifier(identityRule(definition), () => false, false);
  lines.begin(identity);
  const forget = forgetting(identity, overlap);
  let ended = false;
  let begun = false;
  let cutShort = false;
  /** Something came that a single query leaves unread. */
  let more = false;
  /** Why no more can be read. Thrown by the next slice when this one still has something to deliver. */
  let failure: Problem | undefined;

  async function* pull({ slice }: Ask): AsyncGenerator<Page, void, undefined> {
    if (failure !== undefined) throw failure;
    identity.startPage(); // a pipe is never read again, so nothing of this page has to be taken back
    forget(slice.until);
    const began = tools.now();
    let size = 0;
    while (!ended && failure === undefined && isWithin(sliceLength, tools.now() - began)) {
      const chunk = await read();
      more = search.single && begun && chunk.length > 0;
      if (more) break;
      begun ||= chunk.length > 0;
      await attempt(() => lines.push(chunk));
      size += lines.size();
      yield lines.take();
    }
    if (ended) {
      await attempt(() => lines.end());
      size += lines.size();
      if (lines.size() > 0) yield lines.take();
    }
    if (failure !== undefined && size === 0) throw failure;
    cutShort = search.single && begun && !ended && failure === undefined;
  }

  /** The next chunk, empty when there is none. */
  async function read(): Promise<Buffer> {
    const next = await attempt(() => input.next());
    ended = next?.done === true;
    return next?.done === false ? next.value : nothing;
  }

  async function attempt<T>(step: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      failure = named(error);
      return undefined;
    }
  }

  return {
    name: definition.name,
    window: windowRules(definition, {}),
    scope: '',
    branches: () => Promise.resolve(['']),
    pull,
    serverTime: () => undefined,
    ...momentsIn(definition, {}),
    volatile: identityRule(definition).without.length > 0,
    stream: { isOpen: () => failure !== undefined || !(ended || cutShort) },
    truncated: () => cutShort,
    guessed: () => !more,
    absent: search.absent,
    nested: search.nested,
    async close() {
      await input.return?.();
    },
  };
}

/** A clock that was set back ends the slice: until that time came again, nothing of it would be committed. */
function isWithin(length: number, passed: number): boolean {
  return passed >= 0 && passed < length;
}

/**
 * Forgets the numbers of twins, to be called when a slice begins. A number must not be given again while the run remembers
 * the record that had it, so numbers are kept for one overlap at least, and two at most. A run forgets, after each slice,
 * what is older in whole seconds than the overlap before that slice began: so it is the beginnings that count.
 */
function forgetting(identity: Identifier, overlap: Duration): (began: Instant) => void {
  let since: Instant | undefined; // the older half of what is known came before
  let last: Instant;
  return (began) => {
    since ??= began;
    last ??= began;
    if (last - since > overlap + second) {
      identity.forgetOlder();
      since = began;
    }
    last = began;
  };
}

/** `spl audit export` of Syncropel first wrote the category of human decisions as `aitl`, later as `decision`. */
function bothSpellings(categories: readonly string[]): readonly string[] {
  const spellings = ['aitl', 'decision'];
  return [...new Set(categories.flatMap((name) => (spellings.includes(name) ? spellings : [name])))];
}

/** The Problems of the splitter speak of a reply; here it is standard input. */
function named(problem: Problem): Problem {
  if (problem.predicate === undefined) return problem;
  return problem.with({
    message: `standard input ${problem.predicate}`,
    hint: 'see why the command before the pipe ended; set -o pipefail shows its status',
    again: undefined, // a pipe is read once
  });
}
