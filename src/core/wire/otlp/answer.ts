/**
 * What a receiver of OTLP says to a request: https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
 *
 * Success is an ExportLogsServiceResponse, an empty object; or with `partialSuccess`, which tells how many log records it
 * rejected, though not which. Many answer a success without any body instead.
 */
import { objectOf, objectOrNothing, isObject } from '../../json/parsed.ts';
import { serverText, serverTextOf } from '../../text/shown.ts';

export interface Taken {
  /** How many of the log records were rejected. */
  readonly rejected: number;
  /** Why, or what else there is to say; empty when there is nothing. */
  readonly said: string;
}

/** What a success says; undefined when it is none of a receiver of OTLP. */
export function takenBy(text: string): Taken | undefined {
  const answer = objectOrNothing(text);
  if (answer === undefined || answer['error'] !== undefined || answer['errors'] !== undefined) return undefined;
  const { partialSuccess } = answer;
  if (!isObject(partialSuccess)) return { rejected: 0, said: '' };
  const { rejectedLogRecords, errorMessage } = partialSuccess;
  const rejected = Number(rejectedLogRecords ?? 0); // 64 bits: a text, or a number
  return Number.isSafeInteger(rejected) ? { rejected, said: serverTextOf(errorMessage) ?? '' } : undefined;
}

/** What an error says: a Status with its message. Undefined when it says nothing in that form. */
export function statusOf(text: string): string | undefined {
  return serverTextOf(objectOf(text)?.['message']);
}

/** The same; or, of what keeps to no form, as web servers and many receivers, its text. A page has no words for a message. */
export function saidBy(text: string): string | undefined {
  const words = serverText(beginning(text));
  return statusOf(text) ?? (/^[^<{["]/.test(words) ? words : undefined);
}

/**
 * What to do when a request is no good (400), and every other one would be: the words are those of Go's web server and of
 * nginx, and what receivers say that read no JSON. A Status may quote a record, in which they mean nothing.
 */
export function misplaced(text: string): string | undefined {
  if (statusOf(text) !== undefined) return undefined;
  if (/HTTPS (?:server|port)/i.test(beginning(text))) return 'it speaks TLS there: OTLP_URL begins with https://';
  return /protobuf/i.test(beginning(text)) ? protobufAlone : undefined;
}

export const protobufAlone =
  'it may take OTLP as Protobuf alone: send to an OpenTelemetry Collector, which passes it on';

/** Nothing further on is for a message. */
function beginning(text: string): string {
  return text.slice(0, 1000);
}
