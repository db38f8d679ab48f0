/** The reply that is a page, streamed: raw records with their identity and time, in parts, and what it says besides. */
import { keepsBookmark } from '../definition/paging-rules.ts';
import { sentWith, usedPlaceholders } from '../definition/texts.ts';
import type { Identifier } from '../identity.ts';
import type { PageEnd } from '../paging.ts';
import { limitIn } from '../paging/next-link.ts';
import { type RowAgain, rowsMoved } from '../paging/row-again.ts';
import type { HttpReply, Page } from '../types.ts';
import { collector } from './collect.ts';
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
  /** The last parts, not yielded yet: with the end of the page known, the next one can be asked for first. */
  readonly rest: readonly Page[];
  /** Rows of the page before that were shown again, and are not among the parts. */
  readonly taken: number;
  /** Whether the reply had a place for records at all. */
  readonly containerSeen: boolean;
  /** Whether it may have been cut where nobody can see it. */
  readonly unproven: boolean;
  /** Whether it says that a cap left out what follows. Undefined without rows and a word on it: see the page before. */
  readonly capped: boolean | undefined;
}

/** Parts of a page that are delivered after the next one was asked for: a millisecond's work, and a megabyte at most each. */
const mostHeldBack = 3;

/** Reads one reply to its end. One that breaks off is a Problem with `again`; what came before it is yielded. */
type ReplyReader = (
  question: Question,
  identity: Identifier,
  asked: Promise<VendorReply>,
) => AsyncGenerator<Page, ReadPage, undefined>;

/** One for all pages of a definition, since what splits and collects is made once. `rows`: where pages overlap by a row. */
export function replyReader(
  { definition, plan, vendor }: Omit<SourceContext, 'tools'>,
  rows: RowAgain | undefined,
): ReplyReader {
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

  /** What a page says of itself but for its body. */
  function of({ url, headers }: HttpReply, question: Question): Pick<ReadPage, 'url' | 'headers' | 'limit'> {
    return { url, headers, limit: limitOf(question) };
  }

  async function* readReply(
    question: Question,
    identity: Identifier,
    asked: Promise<VendorReply>,
  ): AsyncGenerator<Page, ReadPage, undefined> {
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
      yield* rest; // they are sound, whatever came after them
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
    if (rows?.missed() === true) {
      // Without IDs, what was read on pages before the last one would be twins of itself here.
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
      taken: rows?.taken() ?? 0,
      fingerprint: part.fingerprint(),
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
  total: undefined,
  first: undefined,
  last: undefined,
  lastRow: undefined,
  taken: 0,
  fingerprint: undefined,
  rest: [],
  containerSeen: true,
  unproven: false,
  capped: undefined,
} as const;
