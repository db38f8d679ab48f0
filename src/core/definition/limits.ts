/** How much a vendor gives and takes at most, and how it says when it takes more again. */
import * as z from 'zod/mini';
import { count, duration, optional } from './parts.ts';

export const limits = z.strictObject({
  /**
   * {limit} is `page` unless the user says otherwise, and never more than `most` (where a short page is the last one and
   * `most` is left out: than `page`). Where no {limit} is sent, `page` is how many records every full page has.
   */
  page: optional(count),
  most: optional(count),
  /** At least this long between two requests. */
  interval: optional(duration),
  /** In any `per`, at most as many requests as the vendor says in this header of its replies; it may say the time, too. */
  rate: optional(z.strictObject({ header: z.string(), per: duration })),
  /** The header that tells how long a rate limit lasts, where it is not a usual one, or tells milliseconds. */
  reset: optional(z.strictObject({ header: z.string(), unit: optional(z.enum(['s', 'ms'])) })),
  /** Bytes of one record; a larger one goes to the quarantine. */
  record: optional(count),
});
