/** Reads one page until it is surely whole: asks again where a reply breaks off, or where nothing proves its end. */
import type { Identifier } from '../identity.ts';
import { readsRowAgain, rowAgain } from '../paging/row-again.ts';
import { Problem } from '../problem.ts';
import { attempts, retrying } from '../retry.ts';
import type { Page } from '../types.ts';
import type { Question, VendorReply } from './vendor-client.ts';
import { neverAgree } from './page-problems.ts';
import { replyReader, type PageParts, type ReadPage } from './read-reply.ts';
import type { SourceContext } from './source-context.ts';

/**
 * Reads one page. A reply that breaks off is asked for again from its beginning; records that were already yielded
 * come again then, with the same keys. `ahead` is the reply to the question, if that was sent already.
 */
type PageReader = (question: Question, identity: Identifier, ahead?: Promise<VendorReply>) => PageParts;

/** How often a page is read until two readings in a row agree, where nothing else proves that it is whole. */
const mostReadings = 5;

/** For all pages of a definition, one after another. */
export function pageReader(context: SourceContext): PageReader {
  const { definition, vendor, tools } = context;
  const rows = readsRowAgain(definition) ? rowAgain() : undefined;
  const readReply = replyReader(context, rows);

  /** JSON Lines and CSV do not mark their end: in a reply without a length, two readings must agree. */
  async function* readPage(question: Question, identity: Identifier, ahead?: Promise<VendorReply>): PageParts {
    let reply = ahead;
    let again = false;
    const begin = (): PageParts => {
      identity.startPage(again);
      const asked = reply ?? vendor.stream(question);
      [again, reply] = [true, undefined];
      return readReply(question, identity, asked);
    };
    let before: ReadPage | undefined;
    for (let reading = 1; reading <= mostReadings; reading++) {
      const page: ReadPage = yield* readToEnd(begin);
      if (!page.unproven || (before !== undefined && before.fingerprint === page.fingerprint)) {
        rows?.end();
        return page;
      }
      yield* page.rest;
      before = page;
    }
    throw neverAgree(definition.name, question.what);
  }

  /** Begins anew where a reply breaks off. */
  async function* readToEnd(begin: () => PageParts): PageParts {
    let reader: PageParts | undefined;
    let starts = 0;
    let renewed = false;

    async function next(): Promise<IteratorResult<Page, ReadPage>> {
      if (reader === undefined) {
        reader = begin();
        starts++;
      }
      try {
        return await reader.next();
      } catch (error) {
        reader = undefined;
        if (!renewed && (await vendor.renewed(error))) {
          renewed = true;
          return next();
        }
        // Each part that arrives starts the attempts anew, so a page that always breaks off must be given up here.
        if (starts < 2 * attempts || !(error instanceof Problem)) throw error;
        throw error.with({ again: undefined });
      }
    }

    try {
      for (;;) {
        const part = await retrying(next, tools);
        if (part.done === true) return part.value;
        yield part.value;
      }
    } finally {
      await reader?.return(undefined as never);
    }
  }

  return readPage;
}
