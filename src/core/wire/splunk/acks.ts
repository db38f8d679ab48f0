/**
 * Acknowledgements of Splunk's indexers that are still to come. Each belongs to a channel (a GUID) and has a number that
 * counts up in it; its name here is `<channel>:<number>`. The numbers of a channel begin anew when Splunk was restarted,
 * or has forgotten the channel (after 10 minutes without a request), or another indexer answers behind a load balancer:
 * in one channel, what is to come could be mistaken for something else. So each request has a channel of its own.
 */
import { integer } from './reply.ts';
import { isObject } from '../../json/parsed.ts';
import type { Saved } from '../../types.ts';

export interface Acks {
  /** Notes that number `ackId` of the channel is to come, and returns its name. */
  sent(channel: string, ackId: number, now: number): string;
  /**
   * Asks once, channel by channel. What has not come within five minutes never will: Splunk's advice. An answer of
   * `none` means that the token no longer acknowledges: what was taken counts as kept.
   */
  settle(
    pending: readonly string[],
    ask: (channel: string, numbers: readonly number[]) => Promise<Readonly<Record<string, unknown>> | 'none'>,
    now: () => number,
  ): Promise<{ readonly kept: readonly string[]; readonly lost: readonly string[] }>;
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
    async settle(pending, ask, now) {
      const kept: string[] = [];
      const lost: string[] = [];
      for (const [channel, numbers] of byChannel(pending)) {
        const answers = await ask(channel, numbers);
        for (const number of numbers) {
          const name = `${channel}:${number}`;
          const since = waiting.get(name) ?? now();
          waiting.set(name, since);
          if (answers === 'none' || answers[String(number)] === true) kept.push(name);
          else if (now() - since > patience) lost.push(name);
        }
      }
      for (const name of [...kept, ...lost]) waiting.delete(name);
      return { kept, lost };
    },
    isWaiting: () => waiting.size > 0,
    saved: () => ({ waiting: Object.fromEntries(waiting) }),
  };
}

/** The numbers to ask for, by channel; names that are none of ours are left out. */
function byChannel(names: readonly string[]): Map<string, number[]> {
  const numbers = new Map<string, number[]>();
  for (const name of names) {
    const [channel, digits, ...more] = name.split(':');
    if (channel === undefined || digits === undefined || more.length > 0 || !/^\d{1,15}$/.test(digits)) continue;
    const some = numbers.get(channel);
    if (some === undefined) numbers.set(channel, [Number(digits)]);
    else some.push(Number(digits));
  }
  return numbers;
}
