/**
 * Acknowledgements of Splunk's indexers that are still to come. Each belongs to a channel (a GUID) and has a number that
 * counts up in it; its name here is `<channel>:<number>`. A job keeps its channel from run to run.
 */
import { integer } from './reply.ts';
import { isObject } from '../answer.ts';
import type { Saved } from '../../types.ts';

export interface Acks {
  /** The channel to send on. */
  channel(): string;
  /**
   * Notes that number `ackId` is to come, and returns its name. Undefined when the numbers of the channel began anew (the
   * server was restarted): what is to come under them could be mistaken for what was, so a new channel is taken, the
   * batch must be sent again on it, and what was to come is lost.
   */
  sent(ackId: number, now: number): string | undefined;
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
/** The moment that stands for "never". */
const lost = 0;

/** Takes up what the last run saved; anything else begins anew. */
export function acknowledgements(saved: Saved | undefined, guid: () => string): Acks {
  const waiting = new Map<string, number>();
  let channel = '';
  let last = -1;
  if (isObject(saved) && typeof saved['channel'] === 'string' && isObject(saved['waiting'])) {
    channel = saved['channel'];
    last = integer(saved['last']) ?? -1;
    for (const [name, since] of Object.entries(saved['waiting'])) waiting.set(name, integer(since) ?? lost);
  }
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(channel)) channel = guid();

  return {
    channel: () => channel,
    sent(ackId, now) {
      if (ackId <= last) {
        for (const name of waiting.keys()) if (name.startsWith(`${channel}:`)) waiting.set(name, lost);
        channel = guid();
        last = -1;
        return undefined;
      }
      last = ackId;
      const name = `${channel}:${ackId}`;
      waiting.set(name, now);
      return name;
    },
    async settle(pending, ask, now) {
      const kept: string[] = [];
      const gone: string[] = [];
      for (const [asked, numbers] of byChannel(pending)) {
        const answers = await ask(asked, numbers);
        for (const number of numbers) {
          const name = `${asked}:${number}`;
          const since = waiting.get(name) ?? now();
          waiting.set(name, since);
          if (since === lost) gone.push(name);
          else if (answers === 'none' || answers[String(number)] === true) kept.push(name);
          else if (now() - since > patience) gone.push(name);
        }
      }
      for (const name of [...kept, ...gone]) waiting.delete(name);
      return { kept, lost: gone };
    },
    isWaiting: () => waiting.size > 0,
    saved: () => ({ channel, last, waiting: Object.fromEntries(waiting) }),
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
