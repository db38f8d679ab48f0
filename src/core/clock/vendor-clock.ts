/**
 * Windows go by the vendor's clock, which is known only after its first reply: what they go by until then, and whether that
 * clock can be right.
 */
import { fromMillis, second } from '../time.ts';
import type { Instant } from '../types.ts';

/** This program is younger: a clock that shows an earlier time was never set. */
const oldest = fromMillis(Date.UTC(2025, 0, 1));
/** As far as a first run reads back. A clock that is further ahead shows a wrong date, and not only a wrong time. */
const farthest = 7n * 86_400n * second;

/**
 * The time to go by before the vendor has told its own. A watermark proves what the vendor's clock has `passed`: ours
 * may have been set back, and a window that seems empty would ask nobody.
 */
export function presumedNow(now: Instant, passed: Instant | undefined): Instant {
  return passed === undefined || now > passed ? now : passed + second;
}

/** Whether a clock was never set, and so counts from 1970 or thereabouts since it was switched on. */
export function isUnset(now: Instant): boolean {
  return now < oldest;
}

/**
 * Whether the vendor's clock can be right: it was set, and it is not far ahead of the presumed time, if that comes from a
 * clock that was set. A window up to the year 9999 would be asked for in hundreds of thousands of slices.
 */
export function isCredible(serverNow: Instant, presumed: Instant): boolean {
  return !isUnset(serverNow) && (isUnset(presumed) || serverNow - presumed <= farthest);
}

/**
 * The time up to which a position may be trusted: the earlier clock; undefined where the vendor does not tell its own. A
 * vendor's clock that jumps ahead for one reply would take the watermark into the future, and what happens until then would
 * never be looked for.
 */
export function provenNow(serverNow: Instant | undefined, now: Instant): Instant | undefined {
  return serverNow === undefined || serverNow < now ? serverNow : now;
}

/** Whether a refusal may mean only that what was asked for ends after the vendor's clock: some take nothing that does. */
export function refusesFuture(told: Instant | undefined, until: Instant, httpStatus: number | undefined): boolean {
  return told !== undefined && until > told && (httpStatus === 400 || httpStatus === 422);
}

/** Five minutes or more: no ordinary drift. */
export function isAhead(watermark: Instant, now: Instant): boolean {
  return watermark - now > 300n * second;
}

/**
 * The last step of a hint about refused credentials that contain the time, as assertions and signatures do: a vendor whose clock
 * differs often blames something else. `now` is ours, in milliseconds since 1970.
 */
export function clockHint({ date }: { readonly date: Instant | undefined }, now: number): string | undefined {
  if (date === undefined) return undefined;
  const ahead = Math.round(now / 1000) - Number(date / second);
  if (Math.abs(ahead) < 60) return undefined;
  return `the clock of this machine is ${Math.abs(ahead)} s ${ahead > 0 ? 'ahead' : 'behind'}: set it first`;
}

/** How far the vendor's clock is from ours: `3600 s behind this machine's`. */
export function clocksApart(serverNow: Instant, now: Instant): string {
  const ahead = (serverNow - now) / second;
  return `${ahead < 0n ? -ahead : ahead} s ${ahead < 0n ? 'behind' : 'ahead of'} this machine's`;
}
