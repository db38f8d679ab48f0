/**
 * Documents that Elasticsearch cannot read under any mapping: with a duplicate name, a number of more than 1,000 digits, or more
 * than 1,000 levels. It refuses each of them with a reason; only versions from before December 2025, where such a document would
 * go to a failure store, never answer the whole request, however often it is sent.
 * https://github.com/elastic/elasticsearch/issues/139707
 */
import { Buffer } from 'node:buffer';
import { timedOut } from '../../http-status.ts';
import { ascii, decodeString, isDigit, skipBlanks, skipString } from '../../json/json.ts';
import { Problem } from '../../problem.ts';
import type { Batch, Outcome, Sink } from '../../types.ts';

/** The most digits of a number, those of its fraction and exponent included, and the most levels. */
const most = 1000;
const betweenDigits = new Set(Buffer.from('.eE+-'));

/**
 * Wraps `send` of a sink: when a request gets no answer and has such documents in it, they are refused and the others sent
 * again. A request without them has another reason, and fails as before.
 */
export function withoutUnreadable(send: Sink['send']): Sink['send'] {
  return async (batch) => {
    try {
      return await send(batch);
    } catch (error) {
      const isUnanswered = error instanceof Problem && error.httpStatus === timedOut;
      const outcomes = isUnanswered ? batch.ends.map((_, at) => outcomeOf(batch, at, error.message)) : [];
      if (outcomes.some((outcome) => typeof outcome === 'object' && 'refused' in outcome)) return { outcomes };
      throw error;
    }
  };
}

function outcomeOf({ body, ends }: Batch, at: number, failure: string): Outcome {
  const action = ends[at - 1] ?? 0;
  const fault = faultOf(body, body.indexOf(ascii.lineFeed, action) + 1, ends[at] ?? 0);
  if (fault === undefined) return { again: failure };
  return { refused: `Elasticsearch cannot read it, and gave no answer to the request with it: ${fault}` };
}

/** Why the document in `bytes[start, end)`, which is valid JSON, cannot be read; undefined where it can. */
function faultOf(bytes: Buffer, start: number, end: number): string | undefined {
  const levels: (Set<string> | undefined)[] = []; // the names of an object; undefined for a list
  let digits = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (isDigit(byte)) digits += 1;
    else if (!betweenDigits.has(byte)) digits = 0;
    if (digits > most) return 'a number in it is too long';
    if (byte === ascii.quote) {
      const after = skipString(bytes, at, end);
      const names = bytes[skipBlanks(bytes, after, end)] === ascii.colon ? levels.at(-1) : undefined;
      const name = names && decodeString(bytes, at, after);
      if (name !== undefined && names?.size === names?.add(name).size) return 'a name in it is there twice';
      at = after - 1;
    } else if (byte === ascii.openBrace || byte === ascii.openBracket) {
      levels.push(byte === ascii.openBrace ? new Set() : undefined);
      if (levels.length > most) return 'it is nested too deeply';
    } else if (byte === ascii.closeBrace || byte === ascii.closeBracket) {
      levels.pop();
    }
  }
  return undefined;
}
