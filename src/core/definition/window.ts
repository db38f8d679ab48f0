/** How a definition spells times, and how its windows behave. */
import * as z from 'zod/mini';
import { timeFormats } from '../time.ts';
import { duration, optional } from './parts.ts';

/** A name of core/time.ts, or a pattern of core/clock/pattern.ts. */
export const format = z.union([z.enum(timeFormats), z.strictObject({ pattern: z.string() })]);
/** The zone of times that do not name one: an IANA name, or an offset such as +02:00. UTC when left out. */
export const zone = optional(z.string());
const timeFormat = z.union([
  z.enum(timeFormats),
  /**
   * `prefix` is written before the time; `inclusive`: the day that {until} names belongs to the window; `exclusive`: what
   * {from} names does not.
   */
  z.strictObject({
    format,
    zone,
    prefix: optional(z.string()),
    inclusive: optional(z.boolean()),
    exclusive: optional(z.boolean()),
  }),
]);

export const window = z.strictObject({
  /** What the vendor's time filter goes by; `none`: it has no time filter. */
  filter: z.enum(['event', 'ingestion', 'none']),
  overlap: optional(duration),
  delay: optional(duration),
  firstRun: optional(duration),
  longest: optional(duration),
  /** A shorter window is made to begin earlier, and none is cut into shorter pieces. */
  shortest: optional(duration),
  /** Like `longest`, but our own choice, so that a long window is saved in steps; `-x` asks for all of it at once. */
  slice: optional(duration),
  retention: optional(duration),
  /** How {from} and {until} are spelled; may be chosen by a setting. */
  time: optional(
    z.union([timeFormat, z.strictObject({ setting: z.string(), formats: z.record(z.string(), timeFormat) })]),
  ),
});
