/**
 * What Sekoia.io's intake answers to a batch: `{"event_ids":["...", ...]}` in the order of the events (`{"event_id":"..."}` to a single one), and, for events
 * that it drops, a status for each event. The form of the latter is not published ("Log collection troubleshooting" says
 * only that there is one), so any list with one entry for each event is read for failures.
 */
import { isObject, serverText } from './server-text.ts';
import type { Outcome } from '../types.ts';

/** One outcome for each of `count` events; undefined when the answer does not account for them all. */
export function sekoiaOutcomes(answer: Readonly<Record<string, unknown>>, count: number): Outcome[] | undefined {
  if (count === 1 && typeof answer['event_id'] === 'string' && answer['event_id'] !== '') return ['kept'];
  const lists = Object.values(answer).filter((value) => Array.isArray(value)) as (readonly unknown[])[];
  if (lists.length === 0 || lists.some((list) => list.length !== count)) return undefined;
  return Array.from({ length: count }, (_, index): Outcome => {
    const reasons = lists.map((list) => refusal(list[index])).filter((reason) => reason !== undefined);
    return reasons[0] === undefined ? 'kept' : { refused: reasons[0] };
  });
}

/** Why an event was dropped, or undefined when the entry stands for one that was taken: an ID, or a good status. */
function refusal(entry: unknown): string | undefined {
  if (typeof entry === 'string' && entry !== '') return undefined;
  if (!isObject(entry)) return 'dropped by the intake, without a reason';
  const status = entry['status'] ?? entry['status_code'] ?? entry['code'];
  const error = entry['error'] ?? entry['message'] ?? entry['reason'] ?? entry['detail'];
  const isGood =
    status === undefined
      ? typeof entry['event_id'] === 'string' && entry['error'] === undefined
      : typeof status === 'number'
        ? status >= 200 && status < 300
        : /^(?:2\d\d|ok|success|accepted|created|ingested)$/i.test(typeof status === 'string' ? status : '');
  if (isGood) return undefined;
  return serverText(typeof error === 'string' ? error : `dropped by the intake with status ${JSON.stringify(status)}`);
}
