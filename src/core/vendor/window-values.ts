/** What a definition says of windows: their rules, and the values of {from} and {until} as the vendor spells them. */
import type { SourceDefinition } from '../definition.ts';
import { countedInWindow } from '../definition/record-rules.ts';
import { usedPlaceholders } from '../definition/texts.ts';
import type { TemplateValues } from '../definition/template.ts';
import { parseDuration } from '../clock/duration.ts';
import { smallest, spellingOf, type WindowRule } from '../clock/spelling.ts';
import { isoText, later, second } from '../time.ts';
import type { SettingValues } from '../setting.ts';
import type { Duration, Instant, Source, Window, WindowRules } from '../types.ts';

const minute = 60n * second;
const day = 24n * 60n * minute;

type DurationName = 'overlap' | 'delay' | 'firstRun' | 'longest' | 'shortest' | 'slice' | 'retention';

/** The rules of a definition with their defaults: 5 minutes of overlap, no delay, 7 days for the first run. */
export function windowRules(definition: SourceDefinition, settings: SettingValues): WindowRules {
  const { filter } = definition.window;
  const said = (name: DurationName): Duration | undefined => {
    const text = definition.window[name];
    return text === undefined ? undefined : parseDuration(text, `window.${name}`);
  };
  const time = timeOf(definition, settings);
  const firstRun = said('firstRun');
  return {
    overlap: said('overlap') ?? 5n * minute,
    delay: said('delay') ?? 0n,
    firstRun: firstRun ?? 7n * day,
    longest: longestOf(said('longest'), time),
    shortest: shortestOf(said('shortest'), time),
    slice: said('slice'),
    retention: said('retention'),
    reach: filter === 'none' ? firstRun : undefined,
    filter,
    endless: !usedPlaceholders(definition).has('until'),
  };
}

/** Where {from} names the moment before the window, the vendor is asked for more than the window. */
function longestOf(allowed: Duration | undefined, time: WrittenTime | undefined): Duration | undefined {
  if (allowed === undefined || time?.exclusive !== true) return allowed;
  const shorter = allowed - later(smallest(time), second); // a watermark is a whole second
  return shorter > 0n ? shorter : allowed;
}

/** A window may then be shorter by as much; otherwise two of the shortest would not fit into the longest. */
function shortestOf(answered: Duration | undefined, time: WrittenTime | undefined): Duration | undefined {
  if (answered === undefined || time?.exclusive !== true) return answered;
  return later(answered - smallest(time), 0n);
}

/**
 * Gives {from} and {until} in the vendor's spelling, no narrower than the window: what is shown beyond it is left out
 * later, but what is not shown would be lost.
 */
export function windowWriter(
  definition: SourceDefinition,
  settings: SettingValues,
): (window: Window) => TemplateValues {
  const chosen = timeOf(definition, settings);
  if (chosen === undefined) return () => ({});
  const { prefix, ...rule } = chosen;
  const { from, until } = spellingOf(rule);
  const value = (text: string): string | bigint => {
    if (prefix !== undefined) return prefix + text;
    return typeof rule.format === 'string' && rule.format.startsWith('epoch-') ? BigInt(text) : text;
  };
  return (window) => ({ from: value(from(window.from)), until: value(until(window.until)) });
}

/** How the spellings of times, in records and in requests, round a moment: see Source. */
export function momentsIn(
  definition: SourceDefinition,
  settings: SettingValues,
): Pick<Source, 'earliest' | 'namedFrom' | 'shownFrom' | 'edge'> {
  const { time } = definition.records;
  const asked = timeOf(definition, settings);
  const { named: namedFrom, shown: shownFrom } = asked === undefined ? asItIs : spellingOf(asked);
  const { earliest } = time === undefined ? asItIs : spellingOf(time);
  return { earliest, namedFrom, shownFrom, edge: edgeIn(definition) };
}

const itself = (at: Instant): Instant => at;
const asItIs = { earliest: itself, named: itself, shown: itself, widened: undefined };

/**
 * See `Source.edge`. Equal records tell the same time, which may be written in fewer digits than its form allows: at the
 * coarsest to the minute, or as the form has it. In windows by another time than the event's, any moment will do.
 */
export function edgeIn({ window, records: { id, time } }: SourceDefinition): (at: Instant) => Instant {
  if (!countedInWindow(id) || time === undefined || window.filter !== 'event') return (at) => at;
  const { named } = spellingOf(time);
  return (at) => named(at - (at % minute));
}

/**
 * Gives the warning for a window that is asked for as more than `window.longest`, because the vendor's clock shows an hour
 * twice: it can be named only as a whole, and a vendor may refuse that, or give a part.
 */
export function overlongIn(
  definition: SourceDefinition,
  settings: SettingValues,
): (window: Window) => string | undefined {
  const { longest } = definition.window;
  const chosen = timeOf(definition, settings);
  const { widened } = chosen === undefined ? asItIs : spellingOf(chosen);
  if (chosen === undefined || longest === undefined || widened === undefined) return () => undefined;
  const allowed = parseDuration(longest, 'window.longest') + smallest(chosen); // the hour is named from just before it
  return ({ from, until }) => {
    const asked = widened(from, until);
    if (asked === undefined || asked.until - asked.from <= allowed) return undefined;
    const end = isoText(asked.until);
    return `the clock of ${chosen.zone} shows an hour twice, and ${definition.name} can be asked for it only as a whole: from ${isoText(asked.from)} to ${end}, more than window.longest (${longest}); if it refuses that, --since ${end} goes on behind it`;
  };
}

function timeOf(
  { window: { time } }: Pick<SourceDefinition, 'window'>,
  settings: SettingValues,
): WrittenTime | undefined {
  const chosen = typeof time === 'object' && 'setting' in time ? time.formats[settings[time.setting] ?? ''] : time;
  return typeof chosen === 'string' ? { format: chosen } : chosen;
}

type WrittenTime = WindowRule & { readonly prefix?: string };
