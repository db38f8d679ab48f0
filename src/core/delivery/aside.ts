/**
 * Sets aside what the sink will never take: once it is durable in the quarantine, it is as good as delivered. A record that was
 * refused with a doubt (see Reply) waits until another one of the run is taken.
 */
import { Buffer } from 'node:buffer';
import { seen } from '../dedupe.ts';
import { isAnyAccepted } from '../summary.ts';
import type { RefusedRecord } from '../types.ts';
import type { Doubted, Refused } from './delivered.ts';
import type { OutboxParts } from './outbox.ts';
import { type RefusalLimit, refusedBy } from './refusal-limit.ts';

export interface Aside {
  /** Takes what the sink refused. */
  take(refused: readonly Refused[]): Promise<void>;
  /** Takes what the source could not read as a record; the same again only once `stamp` (see Ledger.note) is over. */
  refuse(refused: RefusedRecord, stamp: number): Promise<void>;
  /** Makes what was set aside durable. */
  flush(): Promise<void>;
}

type Parts = Pick<
  OutboxParts,
  'source' | 'sink' | 'branch' | 'ledger' | 'unsaved' | 'quarantine' | 'summary' | 'doubted'
> & { readonly limit: RefusalLimit };

/** Sets aside what is refused in one branch. Throws the Problem of `limit` (65 or 78) before it sets too many aside. */
export function asideOf(parts: Parts): Aside {
  const { source, sink, branch, ledger, unsaved, quarantine, summary, doubted, limit } = parts;
  const by = { source: source.name, sink: sink.name, branch };
  let unreadable: number[] = [];
  /** How many of those that the source refused are counted, but not durable yet. */
  let unproven = 0;

  async function write(refused: readonly Doubted[]): Promise<void> {
    const [first] = refused;
    if (first === undefined) return;
    limit.check(refused.length, refusedBy(sink.name, first.record, first.reason));
    summary.quarantined += refused.length; // now: other batches may be refused while these are written
    try {
      for (const { record, reason, branch: of } of refused) {
        const text = record.bytes.subarray(record.start, record.end);
        await quarantine.add({ text, more: false, reason }, { ...by, branch: of });
      }
      await quarantine.flush();
    } catch (error) {
      summary.quarantined -= refused.length;
      throw error;
    }
    for (const one of refused) {
      one.ledger.keep(one.entry);
      unsaved.add(one.branch, one.ledger, [one.entry]);
    }
  }

  function note({ key: text }: RefusedRecord, stamp: number): number {
    if (text === undefined) throw new Error('a refused record without a key');
    const key = Buffer.from(text);
    return ledger.note(key, 0, key.length, stamp, 0);
  }

  return {
    async take(taken) {
      const refused = taken.map((one) => ({ ...one, branch, ledger }));
      if (limit.everything || isAnyAccepted(summary)) return write([...doubted.splice(0), ...refused]);
      await write(refused.filter(({ doubt }) => doubt === undefined));
      doubted.push(...refused.filter(({ doubt }) => doubt !== undefined));
      const [first] = doubted;
      if (first === undefined) return;
      limit.checkShare(doubted.length, refusedBy(sink.name, first.record, first.reason), first.doubt);
    },
    async refuse(refused, stamp) {
      if (refused.more) return quarantine.add(refused, by);
      // In a stream, an equal line may be another one, so none is taken for seen. But an export that reaches back may bring
      // the same unreadable lines to every run: those of earlier runs must not stop this one, so only the share counts.
      const entry = source.stream === undefined ? note(refused, stamp) : undefined;
      if (entry === seen) {
        summary.seen += 1; // its earlier parts in the quarantine are dropped when the next record begins
        return;
      }
      if (entry === undefined) limit.checkShare(1, refused.reason);
      else limit.check(1, refused.reason);
      await quarantine.add(refused, by);
      unproven += 1;
      summary.quarantined += 1;
      if (entry === undefined) summary.unreadable += 1;
      else unreadable.push(entry);
    },
    async flush() {
      try {
        await quarantine.flush();
      } catch (error) {
        summary.quarantined -= unproven; // or the run would say that they are there
        if (source.stream !== undefined) summary.unreadable -= unproven;
        [unreadable, unproven] = [[], 0];
        throw error;
      }
      unproven = 0;
      for (const entry of unreadable) ledger.keep(entry);
      unreadable = [];
    },
  };
}
