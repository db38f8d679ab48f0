/** How times are spelled: whether a pattern is one, a zone is one, and the zone can make a difference. */
import { patternProblem } from '../../clock/pattern.ts';
import { isByDay, type TimeRule, type WindowRule } from '../../clock/spelling.ts';
import { zoneOf } from '../../clock/zone.ts';
import type { SourceDefinition } from '../../definition.ts';
import { didYouMean } from '../../text/nearest.ts';
import type { TimeFormat } from '../../time.ts';

/** What is written without a zone. */
const naive: readonly TimeFormat[] = ['iso-naive', 'sql', 'date', 'us-date'];

/** What does not fit, as sentences that begin with their place. */
export function* timeProblems({ window, records }: SourceDefinition): Generator<string> {
  for (const [at, rule] of writtenTimes(window)) {
    yield* ruleProblems(at, rule);
    const { format, zone, inclusive } = rule;
    if (inclusive === true && !isByDay(rule)) {
      yield `${at}.inclusive: only a whole day can belong to the window; it goes with date, us-date or a pattern without hours`;
    }
    if (zone !== undefined && typeof format === 'string' && !naive.includes(format)) {
      yield `${at}.zone: ${format} is always written in UTC; a zone goes with ${naive.join(', ')} or a pattern`;
    }
  }
  if (records.time === undefined) return;
  yield* ruleProblems('records.time', records.time);
  const { zone, format } = records.time;
  if (zone !== undefined && typeof format === 'string' && (format.startsWith('epoch-') || format === 'rfc2822')) {
    yield `records.time.zone: a time in ${format} leaves no zone open`;
  }
}

/** Those of `window.time` that say more than a format, and where they are. */
function writtenTimes({ time }: SourceDefinition['window']): (readonly [at: string, rule: WindowRule])[] {
  if (typeof time !== 'object') return [];
  if (!('setting' in time)) return [['window.time', time]];
  return Object.entries(time.formats).flatMap(([name, rule]) =>
    typeof rule === 'object' ? [[`window.time.formats.${name}`, rule] as const] : [],
  );
}

function* ruleProblems(at: string, { format, zone }: TimeRule): Generator<string> {
  const wrong = typeof format === 'string' ? undefined : patternProblem(format.pattern);
  if (wrong !== undefined) yield `${at}.format.pattern: ${wrong}`;
  if (zone === undefined || zoneOf(zone) !== undefined) return;
  yield `${at}.zone: expected a name such as Europe/Warsaw or an offset such as +02:00, found ${JSON.stringify(zone)}${didYouMean(zone, Intl.supportedValuesOf('timeZone'))}`;
}
