/** A window as a vendor wants to be told: the values of {from} and {until}. And the rules of its windows. */
import type { SourceDefinition } from '../definition.ts';
import type { TemplateValues } from './template.ts';
import { parseDuration } from '../clock/duration.ts';
import { writeTime, type TimeFormat } from '../time.ts';
import type { Duration, SettingValues, Window, WindowRules } from '../types.ts';

/** The rules of a definition with the defaults of DESIGN section 3: 5 minutes of overlap, no delay, 7 days at first. */
export function windowRules({ window }: SourceDefinition): WindowRules {
  const duration = (text: string, name: string): Duration => parseDuration(text, `window.${name}`);
  return {
    overlap: duration(window.overlap ?? '5m', 'overlap'),
    delay: duration(window.delay ?? '0s', 'delay'),
    firstRun: duration(window.firstRun ?? '7d', 'firstRun'),
    ...(window.longest === undefined ? {} : { longest: duration(window.longest, 'longest') }),
    ...(window.slice === undefined ? {} : { slice: duration(window.slice, 'slice') }),
    ...(window.retention === undefined ? {} : { retention: duration(window.retention, 'retention') }),
    filter: window.filter,
  };
}

/**
 * {from} and {until} in the vendor's spelling. Where that is coarser than a nanosecond, {from} is rounded down and
 * {until} up: what is shown beyond the window is left out later, what is not shown would be lost.
 */
export function windowValues(definition: SourceDefinition, settings: SettingValues, window: Window): TemplateValues {
  const chosen = timeOf(definition, settings);
  if (chosen === undefined) return {};
  const { format, prefix } = typeof chosen === 'string' ? { format: chosen, prefix: undefined } : chosen;
  const write = (at: bigint): string | bigint => {
    const text = writeTime(at, format);
    if (prefix !== undefined) return prefix + text;
    return format.startsWith('epoch-') ? BigInt(text) : text;
  };
  const unit = unitOf(format);
  return { from: write(window.from), until: write(((window.until + unit - 1n) / unit) * unit) };
}

function timeOf({ window }: SourceDefinition, settings: SettingValues): Written | undefined {
  if (typeof window.time !== 'object' || !('setting' in window.time)) return window.time;
  return window.time.formats[settings[window.time.setting] ?? ''];
}

type Written = TimeFormat | { readonly format: TimeFormat; readonly prefix?: string };

/** The smallest difference that a format can write, in nanoseconds. */
function unitOf(format: TimeFormat): bigint {
  switch (format) {
    case 'epoch-ns':
    case 'iso-ns':
    case 'iso':
      return 1n;
    case 'epoch-us':
    case 'iso-us':
      return 1000n;
    case 'epoch-ms':
    case 'iso-ms':
      return 1_000_000n;
    case 'date':
    case 'us-date':
      return 86_400_000_000_000n;
    default:
      return 1_000_000_000n;
  }
}
