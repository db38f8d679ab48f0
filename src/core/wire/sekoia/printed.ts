/** What Sekoia.io's intake answers, as a command prints it. */
import { isObject, isText } from '../../json/parsed.ts';
import { serverText } from '../../text/shown.ts';
import type { Judge } from '../printed-answers.ts';

const unnamed = 'it answers with an error';
const members = ['event_ids', 'event_id', 'error', 'message'];

/**
 * `{"event_ids":["…", …]}`, `{"event_id":"…"}` to a single event, or an error in place of either; lists beside them may be a
 * status for each event. An object with anything else is a record that the command printed. What was refused may be sent
 * again: whether all of it was taken then, the number of IDs tells.
 */
export const printedSekoiaAnswer: Judge = (answer) => {
  if (!Object.entries(answer).every(([name, value]) => members.includes(name) || Array.isArray(value)))
    return undefined;
  const { event_ids: ids, event_id: id, error, message } = answer;
  if (Array.isArray(ids)) return { taken: ids.filter(isText).length };
  if (isText(id)) return { taken: 1 };
  const isError = error !== undefined && error !== null && error !== '';
  const said = [isObject(error) ? error['message'] : error, message].find(isText) ?? (isError ? unnamed : undefined);
  return said === undefined ? undefined : { complaint: serverText(said), passes: true };
};
