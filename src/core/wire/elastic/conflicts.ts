/**
 * Documents whose ID is there already (409).
 *
 * An earlier attempt may have brought them: one of this run whose answer was lost, or one of a run before that did not end
 * well. Then they count as taken. Otherwise such a document may be another record under an ID that was used before, or the
 * same one with other content: what is there is read and compared. What differs, or cannot be read, is created under the
 * ID of a changed record, since a double is better than a loss.
 */
import { namesContent, withContentKey } from '../../content/content-key.ts';
import { isSuccessful } from '../../http-status.ts';
import { counted } from '../../run/partial.ts';
import type { Encode } from '../json-line.ts';
import { objectOf } from '../../json/parsed.ts';
import type { Batch, HttpReply, Outcome, Reply, Saved, SinkTools } from '../../types.ts';
import { documentId } from './form.ts';
import { documentsIn, idsIn, idsQuery, othersIn, underOtherIds } from './known.ts';

/** A Reply that tells which documents were known by their ID. */
export type Created = Exclude<Reply, { outcomes: unknown }> | { readonly outcomes: readonly (Outcome | 'known')[] };

export interface Conflicts {
  /** Notes what is about to be sent. */
  watched(encode: Encode): Encode;
  send(batch: Batch): Promise<Reply>;
  open(saved: Saved | undefined): void;
  saved(settled?: boolean): Saved | undefined;
}

export interface ConflictParts {
  /** The destination in messages. */
  readonly who: string;
  readonly tools: Pick<SinkTools, 'idSpace' | 'trustsIds' | 'warn'>;
  create(batch: Batch): Promise<Created>;
  search(query: string): Promise<HttpReply>;
}

/** What is longer counts as unread. */
const longestAnswer = 64 * 1024 * 1024;

/** Saved by a run that ended well: the next one begins with records that nobody has sent. */
const settledWell = 'settled';

export function conflicts({ who, tools, create, search }: ConflictParts): Conflicts {
  const unsure = new Set<string>(); // sent by this run, with an answer that was lost or said "not now"
  let expected = true;
  let begun = false;
  let branch = '';

  async function attempt(batch: Batch): Promise<Created> {
    try {
      return await create(batch);
    } catch (error) {
      for (const id of idsIn(batch)) unsure.add(id);
      throw error;
    }
  }

  async function settle(batch: Batch, outcomes: readonly (Outcome | 'known')[]): Promise<readonly Outcome[]> {
    const settled = outcomes.map((outcome) => (outcome === 'known' ? 'kept' : outcome));
    if (expected || tools.trustsIds === true) return settled;
    const known = outcomes.flatMap((outcome, index) => (outcome === 'known' ? [index] : []));
    const doubtful = documentsIn(batch, known).filter(
      ({ id, index }) => !unsure.has(id) && !namesContent(batch.records[index]!),
    );
    if (doubtful.length === 0) return settled;
    const found = await read(doubtful);
    const others = 'unread' in found ? doubtful : othersIn(found.text, doubtful);
    if (others.length === 0) return settled;
    const idSpace = tools.idSpace(branch);
    const reply = await create(
      underOtherIds(batch, others, (index) => documentId(idSpace, withContentKey(batch.records[index]!))),
    );
    for (const [at, { index }] of others.entries()) {
      const outcome =
        'outcomes' in reply ? reply.outcomes[at] : { again: 'again' in reply ? reply.again : reply.split };
      settled[index] = outcome === 'known' || outcome === undefined ? 'kept' : outcome;
    }
    tools.warn(toldOf(others.length, 'unread' in found ? found.unread : undefined));
    return settled;
  }

  async function read(
    documents: ReturnType<typeof documentsIn>,
  ): Promise<{ readonly text: string } | { readonly unread: string }> {
    const reply = await search(idsQuery(documents));
    const text = await reply.text(longestAnswer);
    if (!isSuccessful(reply.status)) return { unread: `HTTP ${reply.status}` };
    return objectOf(text)?.['hits'] === undefined ? { unread: 'no answer to a search' } : { text };
  }

  function toldOf(count: number, unread: string | undefined): string {
    const what = `${counted(count)} with an ID that ${who} has already`;
    const done = 'delivered as well, under another ID (id_conflict)';
    return unread === undefined
      ? `${what}, with other content: ${done}; --dedupe id would leave them out`
      : `${what}, and may not be asked for its content (${unread}): ${done}; with the right to read, what is the same is told apart`;
  }

  return {
    watched: (encode) => (record, out, to) => {
      begun = true;
      branch = to;
      encode(record, out, to);
    },
    async send(batch) {
      const reply = await attempt(batch);
      if (!('outcomes' in reply)) return reply;
      const { outcomes } = reply;
      if (outcomes.every((outcome) => outcome === 'kept')) return { outcomes };
      // What is sent again, for whatever reason, is there by now, or may be.
      const ids = idsIn(batch);
      const isKnown = outcomes.includes('known');
      for (const [index, outcome] of outcomes.entries())
        if (outcome !== 'known' && (isKnown || typeof outcome === 'object')) unsure.add(ids[index]!);
      return { outcomes: isKnown ? await settle(batch, outcomes) : (outcomes as readonly Outcome[]) };
    },
    open: (saved) => void (expected = saved !== settledWell),
    saved: (settled) => (settled === true ? settledWell : begun ? 'open' : undefined),
  };
}
