/** Streams the reply that is a page: raw records with their identity and time, in parts, and what surrounds them. */
import { keepsBookmark } from '../definition/paging-rules.ts';
import { sentWith, usedPlaceholders } from '../definition/texts.ts';
import type { Identifier } from '../identity.ts';
import type { PageEnd } from '../paging.ts';
import { limitIn } from '../paging/next-link.ts';
import { type RowAgain, rowsMoved } from '../paging/row-again.ts';
import type { HttpReply } from '../tools.ts';
import type { Page } from '../types.ts';
import { collector } from './collect.ts';
import { strangeLine } from './last-line.ts';
import type { Question, VendorReply } from './vendor-client.ts';
import { fewer, naming, noRecords } from './page-problems.ts';
import { fieldsOf } from './record-fields.ts';
import { endsWithConnection, isDocument, mayBeMissing, tellsNothing } from './reply-kind.ts';
import { isAmong } from '../definition/answers.ts';
import { totalAt } from '../json/value-at.ts';
import { isCapped } from './reply.ts';
import type { SourceContext } from './source-context.ts';

/** A page that was read to its end. */
export interface ReadPage extends PageEnd {
  /** The last parts, held back so that the next page can be asked for before they are delivered. */
  readonly rest: readonly Page[];
  /** How many rows of the page before were shown again, and are not among the parts. */
  readonly reread: number;
  /** Whether the reply had a list of records at all. */
  readonly containerSeen: boolean;
  /** Whether its end may be missing without a trace. */
  readonly unproven: boolean;
  /** Whether it says that a cap left out what follows. Undefined for a page that has no rows and does not say. */
  readonly capped: boolean | undefined;
}

/** The parts of a page, as they come. */
export type PageParts = AsyncGenerator<Page, ReadPage, undefined>;

/** How many parts are held back: each is a millisecond's work, and a megabyte at most. */
const mostHeldBack = 3;

/** Reads one reply to its end. One that breaks off is a Problem with `again`; what came before it is yielded. */
type ReplyReader = (question: Question, identity: Identifier, asked: Promise<VendorReply>) => PageParts;

/** One for all pages of a definition, so that the collector is made once. `rows`: where pages overlap by a row. */
export function replyReader(
  { definition, search, vendor }: Omit<SourceContext, 'tools'>,
  rows: RowAgain | undefined,
): ReplyReader {
  const part = collector(definition, search, fieldsOf(definition, search), rows);

  const asksForNumber = usedPlaceholders(definition).has('limit');
  // A cursor keeps the number that the first request asked for; a saved one may come from a run with another number.
  const carries =
    sentWith(definition, [definition.job, definition.request]).has('limit') && !keepsBookmark(definition.paging);

  /** How many records a full page has, if known. */
  function limitOf({ request, url }: Question): number | undefined {
    if (!asksForNumber) return search.limit;
    if (url !== undefined) return limitIn(url, definition.request);
    return carries || sentWith(definition, request).has('limit') ? search.limit : undefined;
  }

  /** What is known of a page without its body. */
  function of({ url, headers }: HttpReply, question: Question): Pick<ReadPage, 'url' | 'headers' | 'limit'> {
    return { url, headers, limit: limitOf(question) };
  }

  async function* readReply(question: Question, identity: Identifier, asked: Promise<VendorReply>): PageParts {
    const reply = await asked;
    part.begin(identity);
    rows?.begin(question);
    if (tellsNothing(definition, reply)) {
      await reply.discard();
      if (rows?.missed() === true) throw rowsMoved(definition.name, question.what);
      return { ...nothing, ...of(reply, question) };
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
      yield* rest; // they are sound, although the reply broke off after them
      throw error;
    }
    const { value, text } = named(part.end);
    if (part.count() === 0 && isAmong(question.ends ?? [], undefined, value))
      return { ...nothing, ...of(reply, question) };
    if (value !== undefined) vendor.check(value, question); // JSON Lines have nothing around their records
    const containerSeen = part.containerSeen();
    if (!containerSeen && !mayBeMissing(definition, value)) throw noRecords(definition, value, question.what);
    const { total, count } = definition.records;
    const stated = count === undefined ? 0 : (totalAt(text, count) ?? 0);
    if (part.count() < stated) throw fewer(definition.name, question.what, stated, part.count());
    if (part.size() > 0) rest.push(part.take());
    const strange = strangeLine(definition, part.lastText);
    if (strange !== undefined) vendor.check(strange, question);
    if (rows?.missed() === true) {
      // Without IDs, rows that were read on earlier pages would look like twins of themselves here.
      if (!('content' in definition.records.id)) yield* rest;
      throw rowsMoved(definition.name, question.what);
    }
    return {
      ...of(reply, question),
      envelope: text,
      count: part.count(),
      total: total === undefined ? undefined : totalAt(text, total),
      first: part.first(),
      last: part.last(),
      lastRow: rows?.last(),
      reread: rows?.reread() ?? 0,
      fingerprint: part.fingerprint(),
      ids: part.ids(),
      rest,
      containerSeen,
      unproven: !isDocument(definition) && endsWithConnection(reply.headers),
      capped: isCapped(definition, value) ?? (part.count() > 0 ? false : undefined),
    };
  }

  return readReply;
}

/** A page without records. */
const nothing = {
  envelope: '{}',
  count: 0,
  reread: 0,
  rest: [],
  containerSeen: true,
  unproven: false,
  capped: undefined,
} as const;
