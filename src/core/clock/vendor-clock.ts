/**
 * The vendor's clock, which windows go by, is known only since its first reply. What to go by until then, and what is
 * left to read when it turns out to be ahead of ours.
 */
import { second } from '../time.ts';
import type { Duration, Instant, Window } from '../types.ts';

/**
 * The time to go by before the vendor has told its own. A watermark proves that the vendor's clock has passed it: ours
 * may have been set back, and a window that seems empty would ask nobody.
 */
export function presumedNow(now: Instant, watermark: Instant | undefined): Instant {
  return watermark === undefined || now > watermark ? now : watermark + second;
}

/** What lies behind the window by the vendor's clock, if that is more than a minute ahead of ours. */
export function missedOf({ until }: Window, serverNow: Instant | undefined, delay: Duration): Window | undefined {
  if (serverNow === undefined || serverNow - delay - until <= 60n * second) return undefined;
  return { from: until, until: serverNow - delay };
}

/**
 * The time up to which a position may be trusted: the earlier clock. A vendor's clock that jumps ahead for one reply
 * would take the watermark into the future, and what happens until then would never be looked for.
 */
export function provenNow(serverNow: Instant | undefined, now: Instant): Instant | undefined {
  return serverNow === undefined || serverNow < now ? serverNow : now;
}

/** More than a clock is off that is set now and then. */
export function isAhead(watermark: Instant, now: Instant): boolean {
  return watermark - now > 300n * second;
}

/**
 * What a hint on refused credentials ends with where they tell the time, an assertion or a signature: clocks that differ
 * are often refused in words that speak of something else. `now` is ours, in milliseconds since 1970.
 */
export function clockHint({ date }: { readonly date: Instant | undefined }, now: number): string {
  if (date === undefined) return '';
  const ahead = Math.round(now / 1000) - Number(date / second);
  if (Math.abs(ahead) < 60) return '';
  return `; the clock of this machine is ${Math.abs(ahead)} s ${ahead > 0 ? 'ahead' : 'behind'}: set it first`;
}
