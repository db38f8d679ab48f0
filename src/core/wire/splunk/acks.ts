/**
 * Acknowledgements of Splunk's indexers that are still to come. Each belongs to a channel (a GUID) and has a number that
 * counts up in it; its name here is `<channel>:<number>`. The numbers of a channel begin anew when Splunk was restarted,
 * or has forgotten the channel (after 10 minutes without a request), or another indexer answers behind a load balancer:
 * in one channel, what is to come could be mistaken for something else. So each request has a channel of its own.
 * https://docs.splunk.com/Documentation/Splunk/latest/Data/AboutHECIDXAck
 */
import { hecCodes, integer } from './reply.ts';
import { isObject, type objectOf } from '../../json/parsed.ts';
import type { Saved, Settlement } from '../../types.ts';

/** `none`: the token no longer acknowledges, and what was taken counts as kept. */
export type AckAnswer = 'indexed' | 'waiting' | 'none';

/** The question for one acknowledgement: its path below the address of the collector, and its body. */
export function ackQuestion(channel: string, ackId: number): { readonly path: string; readonly body: string } {
  return { path: `ack?channel=${encodeURIComponent(channel)}`, body: JSON.stringify({ acks: [ackId] }) };
}

/** What it is answered; undefined when the HTTP status says it all, or, with 200, when it is not Splunk that answers. */
export function ackAnswer(status: number, answer: ReturnType<typeof objectOf>, ackId: number): AckAnswer | undefined {
  if (status === 400 && answer?.['code'] === hecCodes.withoutAcks) return 'none';
  const acks = answer?.['acks'];
  if (status !== 200 || !isObject(acks)) return undefined;
  return acks[String(ackId)] === true ? 'indexed' : 'waiting';
}

export interface Acks {
  /** Notes that number `ackId` of the channel is to come, and returns its name. */
  sent(channel: string, ackId: number, now: number): string;
  /** Asks once. What has not come within five minutes never will: Splunk's advice. */
  settle(
    name: string,
    ask: (channel: string, ackId: number) => Promise<AckAnswer>,
    now: () => number,
  ): Promise<Settlement>;
  /** Is any still to come? */
  isWaiting(): boolean;
  saved(): Saved;
}

const patience = 5 * 60_000;

/** Takes up what the last run saved; anything else begins anew. */
export function acknowledgements(saved: Saved | undefined): Acks {
  const waiting = new Map<string, number>();
  if (isObject(saved) && isObject(saved['waiting'])) {
    for (const [name, since] of Object.entries(saved['waiting'])) waiting.set(name, integer(since) ?? 0);
  }

  return {
    sent(channel, ackId, now) {
      const name = `${channel}:${ackId}`;
      waiting.set(name, now);
      return name;
    },
    async settle(name, ask, now) {
      const [, channel, ackId] = /^([^:]+):(\d{1,15})$/.exec(name) ?? [];
      if (channel === undefined) return { outcome: 'lost' }; // none of ours
      const answer = await ask(channel, Number(ackId));
      const since = Math.min(waiting.get(name) ?? Infinity, now()); // a clock that was set back must not mean a long wait
      waiting.set(name, since);
      if (answer === 'waiting' && now() - since <= patience) return { outcome: 'waiting' };
      waiting.delete(name);
      return { outcome: answer === 'waiting' ? 'lost' : 'kept' };
    },
    isWaiting: () => waiting.size > 0,
    saved: () => ({ waiting: Object.fromEntries(waiting) }),
  };
}
