/**
 * What Splunk and Sekoia.io answer, read from what a command printed: curl ends with 0 whatever they say, unless it was
 * told --fail, and some of it comes with HTTP 200. Whatever else a command prints counts for nothing.
 */
import { Buffer } from 'node:buffer';
import { objects } from '../json/objects.ts';
import { serverText } from '../text/shown.ts';
import { isObject, objectOf } from '../json/parsed.ts';

export interface PrintedVerdict {
  push(bytes: Buffer): void;
  /** Why not all of the events that were `sent` are taken; undefined when nothing speaks against it. */
  objection(sent: number): string | undefined;
}

/** What one answer says: why something was not taken; or how many events were, where it tells. */
type Judgement = { readonly complaint: string } | { readonly taken: number } | undefined;

type Answer = Readonly<Record<string, unknown>>;

/** Longer than the answer to a million events. */
const longest = 64 * 1024 * 1024;

const judges: Readonly<Record<string, (answer: Answer) => Judgement>> = { splunk: hecAnswer, sekoia: sekoiaAnswer };

/** The verdict on answers in that form; undefined for a form whose answers are not known. */
export function printedVerdict(form: string): PrintedVerdict | undefined {
  const judge = judges[form];
  if (judge === undefined) return undefined;
  let pieces: Buffer[] = [];
  let size = 0;
  let complaint: string | undefined;
  let taken: number | undefined;

  const printed = objects({
    words: () => undefined,
    begin() {
      pieces = [];
      size = 0;
    },
    piece(bytes) {
      size += bytes.length;
      if (size <= longest) pieces.push(Buffer.from(bytes));
    },
    end() {
      const answer = size > longest ? undefined : objectOf(Buffer.concat(pieces).toString());
      const judgement = answer && judge(answer);
      if (judgement === undefined) return;
      if ('complaint' in judgement) complaint ??= judgement.complaint;
      else taken = (taken ?? 0) + judgement.taken;
    },
  });

  return {
    push: (bytes) => printed.push(bytes),
    objection(sent) {
      if (complaint !== undefined || taken === undefined || taken >= sent) return complaint;
      return `it answers for ${taken} of ${sent} events`;
    },
  };
}

/** `{"text":"Success","code":0}`; 24 and 25 were taken by a queue that is nearly full. */
function hecAnswer({ text, code }: Answer): Judgement {
  if (typeof text !== 'string' || typeof code !== 'number') return undefined;
  return [0, 24, 25].includes(code) ? undefined : { complaint: `${serverText(text)} (code ${code})` };
}

/** `{"event_ids":["…", …]}`, `{"event_id":"…"}` to a single event, or an error in place of either. */
function sekoiaAnswer({ event_ids: ids, event_id: id, error }: Answer): Judgement {
  if (Array.isArray(ids)) return { taken: ids.filter(isId).length };
  if (isId(id)) return { taken: 1 };
  const said = isObject(error) ? error['message'] : error;
  return typeof said === 'string' && said !== '' ? { complaint: serverText(said) } : undefined;
}

function isId(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
