/** One page of a vendor's reply, streamed: raw records with their identity and time, in parts. */
import { collector } from './collect.ts';
import { fieldsOf } from './record-fields.ts';
import type { SourceDefinition } from '../definition.ts';
import { sentWith, usedPlaceholders } from '../definition/texts.ts';
import type { Exchange, Question } from './exchange.ts';
import { fewer, naming, neverAgree, noRecords } from './page-problems.ts';
import type { Identify } from '../identity.ts';
import { type PageEnd } from '../paging.ts';
import { keepsBookmark } from '../definition/paging-rules.ts';
import { limitIn } from '../paging/next-link.ts';
import { Problem } from '../problem.ts';
import { endsWithConnection, isDocument, mayBeMissing, tellsNothing } from './reply-kind.ts';
import { isCapped, totalAt } from './reply.ts';
import { readsRowAgain, rowAgain, rowsMoved } from '../paging/row-again.ts';
import { attempts, retrying } from '../retry.ts';
import type { SearchPlan } from './search.ts';
import type { HttpReply, Page, Tools } from '../types.ts';

/** A page that was read to its end. */
export interface ReadPage extends PageEnd {
  /** The last parts, not yielded yet: with the end of the page known, the next one can be asked for first. */
  readonly rest: readonly Page[];
  /** Rows of the page before that were shown again, and are not among the parts. */
  readonly taken: number;
  /** Whether the reply had a place for records at all. */
  readonly containerSeen: boolean;
  /** Whether it may have been cut where nobody can see it. */
  readonly unproven: boolean;
  /** Whether it says that a cap left out what follows. */
  readonly capped: boolean;
}

export interface PageReader {
  /**
   * Reads one page. A reply that breaks off is asked for again from its beginning; records that were already yielded
   * come again then, with the same keys. `ahead` is the reply to the question, if that was sent already.
   */
  read(question: Question, identity: Identify, ahead?: Promise<HttpReply>): AsyncGenerator<Page, ReadPage, undefined>;
}

/** Parts of a page that are delivered after the next one was asked for: a millisecond's work, and a megabyte at most each. */
const mostHeldBack = 3;

/** Readings of a page of which two must agree, when nothing else proves that it is whole. */
const mostReadings = 5;

export function pageReader(definition: SourceDefinition, plan: SearchPlan, vendor: Exchange, tools: Tools): PageReader {
  const rows = readsRowAgain(definition) ? rowAgain() : undefined;
  const part = collector(definition, plan, fieldsOf(definition, plan), rows);

  const asksForNumber = usedPlaceholders(definition).has('limit');
  // What the first request says, a cursor carries on; one that is saved may be from a run that said another number.
  const carries =
    sentWith(definition, [definition.job, definition.request]).has('limit') && !keepsBookmark(definition.paging);

  /** How many records a full page has, if known. */
  function limitOf({ request, url }: Question): number | undefined {
    if (!asksForNumber) return plan.limit;
    if (url !== undefined) return limitIn(url, definition.request);
    return carries || sentWith(definition, request).has('limit') ? plan.limit : undefined;
  }

  async function* attempt(reading: Reading, asked: Promise<HttpReply>): AsyncGenerator<Page, ReadPage, undefined> {
    const { question, identity } = reading;
    const reply = await asked;
    part.begin(identity);
    rows?.begin(question.again, question.past);
    if (tellsNothing(definition, reply)) {
      await reply.discard();
      if (rows?.missed() === true) throw rowsMoved(definition.name, question.what);
      return { ...nothing, url: reply.url, headers: reply.headers, limit: limitOf(question) };
    }
    const named = <T>(step: () => T): T => naming(`${definition.name}: the reply to ${question.what}`, step);
    const rest: Page[] = [];
    try {
      for await (const chunk of reply.body) {
        named(() => part.push(chunk));
        if (!part.full()) continue;
        rest.push(part.take());
        if (rest.length > mostHeldBack) yield rest.shift()!;
      }
    } catch (error) {
      yield* rest; // they are sound, whatever came after them
      throw error;
    }
    const { value, text } = named(part.end);
    if (value !== undefined) vendor.check(value, question); // JSON Lines have nothing around their records
    const containerSeen = part.containerSeen();
    if (!containerSeen && !mayBeMissing(definition, value)) throw noRecords(definition, value, question.what);
    const { total, count } = definition.records;
    const stated = count === undefined ? 0 : (totalAt(text, count) ?? 0);
    if (part.count() < stated) throw fewer(definition.name, question.what, stated, part.count());
    if (part.size() > 0) rest.push(part.take());
    if (rows?.missed() === true) {
      // Without IDs, what was read on pages before the last one would be twins of itself here.
      if (!('content' in definition.records.id)) yield* rest;
      throw rowsMoved(definition.name, question.what);
    }
    return {
      url: reply.url,
      headers: reply.headers,
      envelope: text,
      count: part.count(),
      limit: limitOf(question),
      total: total === undefined ? undefined : totalAt(text, total),
      first: part.first(),
      last: part.last(),
      lastRow: rows?.last(),
      taken: rows?.taken() ?? 0,
      fingerprint: part.fingerprint(),
      rest,
      containerSeen,
      unproven: !isDocument(definition) && endsWithConnection(reply.headers),
      capped: isCapped(definition, value),
    };
  }

  /** JSON Lines, and CSV, have no end of their own: with no length either, two readings must agree. */
  async function* read(
    question: Question,
    identity: Identify,
    ahead?: Promise<HttpReply>,
  ): AsyncGenerator<Page, ReadPage, undefined> {
    let before: ReadPage | undefined;
    for (let reading = 1; reading <= mostReadings; reading++) {
      const again = reading > 1;
      const page: ReadPage = yield* readOnce({ question, identity, ahead: again ? undefined : ahead }, again);
      if (!page.unproven || (before !== undefined && before.fingerprint === page.fingerprint)) {
        rows?.end();
        return page;
      }
      yield* page.rest;
      before = page;
    }
    throw neverAgree(definition.name, question.what);
  }

  async function* readOnce(reading: Reading, again: boolean): AsyncGenerator<Page, ReadPage, undefined> {
    let reader: AsyncGenerator<Page, ReadPage, undefined> | undefined;
    let starts = 0;
    let renewed = false;

    async function next(): Promise<IteratorResult<Page, ReadPage>> {
      if (reader === undefined) {
        reading.identity.startPage(again || starts > 0);
        reader = attempt(reading, (starts === 0 ? reading.ahead : undefined) ?? vendor.stream(reading.question));
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
        // Each part that arrives starts the attempts anew; a page that always breaks later must end, too.
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

  return { read };
}

/** A page without records. */
const nothing = {
  envelope: '{}',
  count: 0,
  total: undefined,
  first: undefined,
  last: undefined,
  lastRow: undefined,
  taken: 0,
  fingerprint: undefined,
  rest: [],
  containerSeen: true,
  unproven: false,
  capped: false,
} as const;

interface Reading {
  readonly question: Question;
  readonly identity: Identify;
  readonly ahead: Promise<HttpReply> | undefined;
}
