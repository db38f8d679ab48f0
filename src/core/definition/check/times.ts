/** How times are spelled: whether patterns and zones are valid, and whether a zone can make a difference. */
import { parseDuration } from '../../clock/duration.ts';
import { patternProblem } from '../../clock/pattern.ts';
import { isByDay, smallest, type TimeRule, type WindowRule } from '../../clock/spelling.ts';
import { zoneOf } from '../../clock/zone.ts';
import type { SourceDefinition } from '../../definition.ts';
import { keepsBookmark } from '../paging-rules.ts';
import { countedInWindow } from '../record-rules.ts';
import { didYouMean } from '../../text/nearest.ts';
import type { TimeFormat } from '../../time.ts';

/** Formats that are written without a zone. */
const naive: readonly TimeFormat[] = ['iso-naive', 'sql', 'date', 'us-date'];

/** What does not fit, as sentences that begin with their place. */
export function* timeProblems(definition: SourceDefinition): Generator<string> {
  const { window, records } = definition;
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
  yield* contentProblems(definition);
  yield* shortestProblems(definition);
  if (records.time === undefined) return;
  yield* ruleProblems('records.time', records.time);
  const { zone, format } = records.time;
  if (zone !== undefined && typeof format === 'string' && (format.startsWith('epoch-') || format === 'rfc2822')) {
    yield `records.time.zone: a time in ${format} leaves no zone open`;
  }
}

/** Records without an ID that tell the same time must be read together (see `Source.edge`), unless a cursor is kept. */
function* contentProblems({ window, records: { id, time }, paging, items }: SourceDefinition): Generator<string> {
  if (!countedInWindow(id) || keepsBookmark(paging)) return;
  if (window.filter === 'ingestion') {
    const item = items === undefined ? '' : ' or the item with the content (records.id.item),';
    yield `records.id: windows by ingestion may begin between two records that are equal, and the second would be taken for the first; name an ID (records.id.paths),${item} or have the vendor asked by event time (window.filter) or by a cursor that is kept (paging.bookmark)`;
  } else if (time === undefined) {
    yield 'records.time is missing: records without an ID are known by their content, and a new one may equal an old one but for its time';
  } else if (isPattern(time) && window.longest !== undefined) {
    const unit = smallest(time);
    if (parseDuration(window.longest, 'window.longest') < unit) {
      yield 'window.longest: records without an ID need a window no shorter than the smallest difference that records.time tells';
    }
  }
}

/** A piece of a window must leave room for another one that the vendor answers. */
function* shortestProblems({ window, records: { id } }: SourceDefinition): Generator<string> {
  if (window.shortest === undefined) return;
  const least = 2n * parseDuration(window.shortest, 'window.shortest');
  for (const name of ['longest', 'slice'] as const) {
    const text = window[name];
    if (text !== undefined && parseDuration(text, `window.${name}`) < least) {
      yield `window.${name}: expected twice as much as window.shortest at least, found ${JSON.stringify(text)}`;
    }
  }
  if (countedInWindow(id))
    yield 'window.shortest: only windows of records with an ID (records.id.paths) can be told how short they may be';
}

/** An invalid pattern is reported elsewhere. */
function isPattern({ format }: TimeRule): boolean {
  return typeof format === 'string' || patternProblem(format.pattern) === undefined;
}

/** The entries of `window.time` that are more than the name of a format, with their places. */
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
