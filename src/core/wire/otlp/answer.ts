/**
 * What a receiver of OTLP says to a request: https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
 *
 * Success is an ExportLogsServiceResponse, an empty object; or with `partialSuccess`, which tells how many log records it
 * rejected, though not which. Many answer a success without any body instead. Some keep the names that the fields have in
 * Protobuf, or answer in Protobuf, as OpenObserve (https://github.com/openobserve/openobserve/issues/14293) and Loki do.
 */
import { objectOf, objectOrNothing, isObject } from '../../json/parsed.ts';
import { serverText, serverTextOf } from '../../text/shown.ts';

export interface Taken {
  /** Whether any of the log records were rejected. */
  readonly rejects: boolean;
  /** Why, or what else there is to say; empty when there is nothing. */
  readonly said: string;
}

/** What a success says; undefined when it is none of a receiver of OTLP. */
export function takenBy(text: string): Taken | undefined {
  const answer = objectOrNothing(text);
  if (answer === undefined) return takenInProtobuf(text);
  if (answer['error'] !== undefined || answer['errors'] !== undefined) return undefined;
  const partial = answer['partialSuccess'] ?? answer['partial_success'];
  if (!isObject(partial)) return { rejects: false, said: '' };
  const rejected = Number(partial['rejectedLogRecords'] ?? partial['rejected_log_records'] ?? 0); // 64 bits: a text, or a number
  const said = serverTextOf(partial['errorMessage'] ?? partial['error_message']) ?? '';
  return Number.isSafeInteger(rejected) ? { rejects: rejected > 0, said } : undefined;
}

/** A number in Protobuf (varint), of which only the last byte is ASCII. */
const number = String.raw`\P{ASCII}*\p{ASCII}`;
const partialSuccess = new RegExp(
  String.raw`^\n(?:\0|${number}(?=[\x08\x12])(\x08${number})?(?:\x12${number}(.*))?)$`,
  'su',
);

/** A code, left out when it is 0, and the message; what follows are details. */
const statusInProtobuf = new RegExp(String.raw`^(?:\x08${number})?\x12${number}([^\x1a]+)`, 'u');

/**
 * `partial_success` with its length, and in that the number of rejected records, left out when it is 0, and the message with its
 * length. The answer was read as text, so that a number may be lost, but that it is there is enough.
 */
function takenInProtobuf(text: string): Taken | undefined {
  const found = partialSuccess.exec(text);
  return found === null ? undefined : { rejects: found[1] !== undefined, said: serverText(found[2] ?? '') };
}

/** What an error says: a Status with its message, in Protobuf where Loki sends it. Undefined when it says nothing in that form. */
export function statusMessage(text: string): string | undefined {
  return serverTextOf(objectOf(text)?.['message'] ?? statusInProtobuf.exec(text)?.[1]);
}

/**
 * Whether a collector whose pipeline is synchronous says (HTTP 500) that an exporter will fail at the same records each time,
 * as it does at one that it cannot convert: what passes is 503 there. See its consumererror/permanent.go.
 */
export function isPermanent(text: string): boolean {
  return statusMessage(text)?.startsWith('Permanent error: ') === true;
}

/** What an error says; or, of what keeps to no form, as web servers and many receivers, its text. A page has no words for a message. */
export function saidBy(text: string): string | undefined {
  const words = serverText(beginning(text));
  return statusMessage(text) ?? (/^[^<{["]/.test(words) ? words : undefined);
}

/**
 * What to do when a request is no good (400), and every other one would be: the words are those of Go's web server and of
 * nginx, and what receivers say that read no JSON. A Status may quote a record, in which they mean nothing.
 */
export function misplaced(text: string): string | undefined {
  if (statusMessage(text) !== undefined) return undefined;
  if (/HTTPS (?:server|port)/i.test(beginning(text))) return 'it speaks TLS there: OTLP_URL begins with https://';
  return /protobuf/i.test(beginning(text)) ? protobufAlone : undefined;
}

export const protobufAlone =
  'it may take OTLP as Protobuf alone: send to an OpenTelemetry Collector, which passes it on';

/** Nothing further on is for a message. */
function beginning(text: string): string {
  return text.slice(0, 1000);
}
