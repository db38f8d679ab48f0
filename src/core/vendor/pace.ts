/** Requests no faster than a vendor allows: some time apart, or at the rate that it tells in a header. */
import type { SourceDefinition } from '../definition.ts';
import { parseDuration } from '../clock/duration.ts';
import { toMillis } from '../time.ts';
import type { Tools } from '../tools.ts';

export interface Pace {
  /** Whether `wait` would resolve at once. */
  isFree(): boolean;
  /** Resolves when the next request may be sent, and counts it. */
  wait(): Promise<void>;
  /** Takes the rate from the headers of a reply. */
  learn(headers: Readonly<Record<string, string>>): void;
}

/**
 * The pace of a definition's `limits`. Within a rate, requests follow one another at once until it is used up: a run of
 * a few pages never waits. What other clients use up of the same rate is not known here: the vendor then answers 429.
 */
export function pace(limits: SourceDefinition['limits'], tools: Pick<Tools, 'now' | 'wait'>): Pace {
  const interval = toMillis(parseDuration(limits?.interval ?? '0s', 'limits.interval'));
  const header = limits?.rate?.header.toLowerCase();
  let per = toMillis(parseDuration(limits?.rate?.per ?? '0s', 'limits.rate.per'));
  /** When requests were sent within the last `per` milliseconds, oldest first. */
  let sent: number[] = [];
  let last = -Infinity;
  let rate = Infinity;

  /** How long the next request has to wait, in milliseconds; 0 or less when it need not. */
  function pause(): number {
    const now = tools.now();
    sent = sent.filter((at) => at > now - per && at <= now); // a clock that was set back must not mean a long wait
    const free = sent.length < rate ? now : (sent[sent.length - rate] ?? now) + per;
    return Math.max(Math.min(last, now) + interval, free) - now;
  }

  return {
    isFree: () => pause() <= 0,
    async wait() {
      const milliseconds = pause();
      if (milliseconds > 0) await tools.wait(milliseconds);
      last = tools.now();
      if (header !== undefined) sent.push(last);
    },
    learn(headers) {
      const told = header === undefined ? undefined : toldRate(headers[header] ?? '');
      if (told === undefined) return;
      rate = told.rate;
      per = told.per ?? per;
    },
  };
}

/**
 * `160`, or with policies behind it that say for how many seconds (draft-ietf-httpapi-ratelimit-headers-03):
 * `160, 160;w=1, 5000;w=3600`. The policy with the same number is the one that counts now.
 */
function toldRate(text: string): { readonly rate: number; readonly per?: number } | undefined {
  const number = /^\s*([1-9]\d{0,8})\s*(?:[,;]|$)/.exec(text)?.[1];
  if (number === undefined) return undefined;
  const policy = text.split(',').find((each) => each.trim().startsWith(`${number};`));
  const window = /;\s*w=([1-9]\d{0,5})\s*(?:;|$)/.exec(policy ?? '')?.[1];
  return { rate: Number(number), ...(window !== undefined && { per: Number(window) * 1000 }) };
}
