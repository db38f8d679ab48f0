/**
 * What Sekoia.io's intake answers to a batch: `{"event_ids":["...", ...]}` in the order of the events (`{"event_id":"..."}`
 * to a single one), and, for events that it drops, a status for each event. The form of the latter is not published ("Log
 * collection troubleshooting" says only that there is one), so any list with one entry for each event is read for failures.
 */
import { isSuccessful } from '../../http-status.ts';
import { isObject, isText, objectOf } from '../../json/parsed.ts';
import { serverText } from '../../text/shown.ts';
import type { Outcome } from '../../types.ts';

/**
 *  one outcome for each event
 *  some  it took some, and does not say which
 *  none  it took none, as far as it says
 *  odd   more IDs than events
 */
export type SekoiaReply = readonly Outcome[] | 'some' | 'none' | 'odd';

/** Reads the answer to `count` events, a JSON object, whose HTTP status was a success. */
export function sekoiaReply(answer: Readonly<Record<string, unknown>>, count: number): SekoiaReply {
  if (count === 1 && isText(answer['event_id'])) return ['kept'];
  const lists = Object.entries(answer).filter((entry): entry is [string, unknown[]] => {
    return Array.isArray(entry[1]) && entry[1].length > 0;
  });
  const perEvent = lists.filter(([, list]) => list.length === count);
  const outcomes = Array.from({ length: count }, (_, at) =>
    outcome(perEvent.map(([name, list]) => says(name, list[at]))),
  );
  const known = outcomes.filter((said) => said !== undefined);
  if (known.length === count && (perEvent.length === lists.length || confirms(answer['event_ids'], known)))
    return known;
  const taken = lists.map(([name, list]) => list.filter((entry) => says(name, entry) === 'kept').length);
  const most = taken.reduce((one, other) => Math.max(one, other), 0); // there may be more than a call takes
  if (most > count) return 'odd';
  return most > 0 ? 'some' : 'none';
}

/** Do the IDs, fewer than events, count those that a list with a status for each event says were taken? */
function confirms(ids: unknown, outcomes: readonly Outcome[]): boolean {
  return Array.isArray(ids) && ids.every(isText) && outcomes.filter((one) => one === 'kept').length === ids.length;
}

/**
 * What a refusal of a request says that may be about an event in it. It may as well be about the intake key, the status for
 * which is not published, or come from a proxy: words do not tell, and whether other events are taken does. Undefined for a
 * page, which is none of the intake's, and for every other status.
 */
export function sekoiaRefusal(status: number, text: string): string | undefined {
  if ((status !== 400 && status !== 422) || /^\s*</.test(text)) return undefined;
  const answer = objectOf(text);
  const said = answer ? (answer['message'] ?? answer['error'] ?? answer['detail'] ?? answer['reason']) : text.trim();
  return serverText(`${isText(said) ? said : 'refused by the intake'} (HTTP ${status})`);
}

const unexplained = 'dropped by the intake, without a reason';

/** Of what the lists say about one event, the worst; undefined when none says anything. */
function outcome(said: readonly (Outcome | undefined)[]): Outcome | undefined {
  const refusals = said.filter((one) => typeof one === 'object' && 'refused' in one);
  return refusals.find(({ refused }) => refused !== unexplained) ?? refusals[0] ?? said.find((one) => one === 'kept');
}

/** What an entry of a list says about its event: an ID, a status, an error, or nothing. */
function says(name: string, entry: unknown): Outcome | undefined {
  if (name === 'event_ids' && !isObject(entry)) return isText(entry) ? 'kept' : { refused: unexplained };
  if (entry === null || entry === '') return undefined;
  if (!isObject(entry))
    return isGood(entry) ? 'kept' : { refused: typeof entry === 'string' ? serverText(entry) : unexplained };
  const status = entry['status'] ?? entry['status_code'] ?? entry['code'];
  const error = entry['error'] ?? entry['message'] ?? entry['reason'] ?? entry['detail'];
  const isTaken = status === undefined ? isText(entry['event_id']) && entry['error'] === undefined : isGood(status);
  if (isTaken) return 'kept';
  if (typeof error === 'string') return { refused: serverText(error) };
  return {
    refused:
      status === undefined ? unexplained : serverText(`dropped by the intake with status ${JSON.stringify(status)}`),
  };
}

function isGood(status: unknown): boolean {
  if (typeof status === 'number') return isSuccessful(status);
  return typeof status === 'string' && /^(?:2\d\d|ok|success|accepted|created|ingested)$/i.test(status);
}
