/**
 * What a receiver of OTLP says to a request: https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
 *
 * Success is an ExportLogsServiceResponse, an empty object; or with `partialSuccess`, which tells how many log records it
 * rejected, though not which. Many answer a success without any body instead.
 */
import { objectOf, objectOrNothing, isObject } from '../../json/parsed.ts';
import { serverTextOf } from '../../text/shown.ts';

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
export function saidBy(text: string): string | undefined {
  return serverTextOf(objectOf(text)?.['message']);
}
