/**
 * What Splunk's HTTP Event Collector answers: a code beside the HTTP status. The codes are those of "Possible error
 * codes" in Splunk's "Troubleshoot HTTP Event Collector"; how `invalid-event-number` counts was measured on 10.4 and on
 * Splunk Cloud 10.5: for codes 6, 12, 13 and 15 it is the 0-based number of the bad event, and those before it are taken.
 */
import { nextRun, ofSettings, type Hint } from '../../hint.ts';
import { isSuccessful } from '../../http-status.ts';
import { objectOf } from '../../json/parsed.ts';
import { serverText } from '../../text/shown.ts';
import type { Outcome } from '../../types.ts';

/**
 *  taken     all of it; `slow` when it asks to slow down
 *  bad       event `number` will never be taken; those before it were, those after it were not looked at
 *  tooLarge  Splunk Cloud's way to say 413
 *  spoilt    something in it is bad, and it does not say what
 *  noAck     the token does not acknowledge
 *  setting   no event can be taken until a setting is fixed: what is wrong, and what to do
 *  other     the HTTP status says it all; with 400, it is not Splunk that answers
 */
export type HecReply =
  | { readonly kind: 'taken'; readonly slow: boolean; readonly ackId: number | undefined }
  | { readonly kind: 'bad'; readonly number: number; readonly reason: string; readonly ackId: number | undefined }
  | { readonly kind: 'tooLarge' | 'spoilt'; readonly reason: string }
  | { readonly kind: 'setting'; readonly reason: string; readonly hint: Hint }
  | { readonly kind: 'noAck' | 'other' };

/** Codes that more than one kind of request is answered with. */
export const hecCodes = { success: 0, noData: 5, withoutAcks: 14 } as const;

/** Codes of queues that are nearly full: the events are taken. */
const slowCodes: readonly unknown[] = [24, 25];

/** Whether the code says that all of it is taken. */
export function isTakenCode(code: number | undefined): boolean {
  return code === hecCodes.success || slowCodes.includes(code);
}

/** Splunk Cloud takes between this and 6,000,000 bytes, whatever its limits say. */
const cloudLimit = 5 * 1024 * 1024;

const poison = [6, 12, 13, 15];

/** Codes of queues that are full: nothing is taken. */
const fullCodes: readonly unknown[] = [9, 18, 20, 26, 27];

/** What to do about a queue that is full, which Splunk tells by 503, or by 429 as if it were a rate. */
export function queueHint(code: unknown): Hint | undefined {
  if (!fullCodes.includes(code)) return undefined;
  return [nextRun('the next run goes on'), 'if it lasts, look at the load and the queues of Splunk'];
}

/** What to do about a token that does not acknowledge. */
export const enableAcks = ofSettings(
  ['SPLUNK_ACK'],
  (where) => `enable indexer acknowledgement for the token, or unset SPLUNK_ACK${where}`,
);

const faults: Readonly<Record<number, Hint>> = {
  7: ofSettings(['SPLUNK_INDEX'], (where) => `set SPLUNK_INDEX${where} to an index that the token may write to`),
  10: 'check what stands between here and Splunk: the header X-Splunk-Request-Channel is lost on the way',
  11: 'check what stands between here and Splunk: the header X-Splunk-Request-Channel is changed on the way',
  16: 'check what stands between here and Splunk: the Authorization header is lost on the way',
  28: 'check what stands between here and Splunk: the header X-Splunk-Request-Channel is lost on the way',
};

/** Reads the answer to `count` events in a body of `bytes` bytes. */
export function hecReply(status: number, text: string, count: number, bytes: number): HecReply {
  const answer = objectOf(text);
  const code = integer(answer?.['code']);
  const said = answer?.['text'];
  const reason = `${serverText(typeof said === 'string' ? said : 'refused')} (code ${code ?? 'missing'})`;
  const ackId = numberOf(answer?.['ackId']);
  if (isSuccessful(status)) {
    return isTakenCode(code) ? { kind: 'taken', slow: slowCodes.includes(code), ackId } : { kind: 'other' };
  }
  // "Server is busy" (503, code 9) may name an event, too. It is reported that those before it were indexed, and it was
  // measured that none was: all are sent again, because a repeat can be seen and a loss cannot.
  if (status !== 400 || code === undefined || typeof said !== 'string') return { kind: 'other' };
  if (code === hecCodes.withoutAcks) return { kind: 'noAck' };
  const hint = faults[code];
  if (hint !== undefined) return { kind: 'setting', reason, hint };
  const number = integer(answer?.['invalid-event-number']);
  if (!poison.includes(code) || number === undefined || number >= count) return { kind: 'spoilt', reason };
  if (code === 6 && number === 0 && bytes > cloudLimit) return { kind: 'tooLarge', reason };
  return { kind: 'bad', number, reason, ackId };
}

/** What Fluent Bit answers to an empty request, once it has found the token good. */
const noPayload = /^error: no payload\b/;

/**
 * What an empty request is answered: with a good token it is "no data"; or what Splunk says is wrong. Undefined when the
 * HTTP status says it all, or it is not Splunk that answers.
 */
export function hecGreeting(
  status: number,
  text: string,
): 'good' | { readonly refused: string; readonly hint: Hint | undefined } | undefined {
  const answer = objectOf(text);
  const code = answer?.['code'];
  if (code === hecCodes.noData || (status === 200 && code === hecCodes.success)) return 'good';
  if (status !== 400) return undefined;
  if (noPayload.test(text)) return 'good';
  const said = answer?.['text'];
  return typeof said === 'string' ? { refused: serverText(said), hint: faults[integer(code) ?? -1] } : undefined;
}

/** Events before the bad one are indexed, and would be there twice if sent again; those after it were not looked at. */
export function upTo(bad: number, count: number, reason: string): Outcome[] {
  const again = { again: 'an event before these was refused' };
  return Array.from({ length: count }, (_, at) => (at < bad ? 'kept' : at === bad ? { refused: reason } : again));
}

/** A whole number from 0. */
export function integer(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** The same, also as a text of digits, as some that speak for Splunk write it. */
function numberOf(value: unknown): number | undefined {
  return integer(typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value);
}
