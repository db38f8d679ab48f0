/** The error that an API of Azure's or Google's tells of: `{"error":{"code":"InvalidStream","message":"..."}}`. */
import { isObject, objectOf } from '../json/parsed.ts';
import { serverTextOf } from '../text/shown.ts';

export interface ToldError {
  /** A word, which Google calls `status`; empty when there is none. */
  readonly code: string;
  /** Fit to be shown; undefined where the answer tells of no error in that form, so that something else gave it. */
  readonly said: string | undefined;
}

/** Reads the body of an answer, whatever it is. */
export function toldError(text: string): ToldError {
  const error = objectOf(text)?.['error'];
  if (!isObject(error)) return { code: '', said: undefined };
  const { code, status, message } = error;
  const word = [status, code].find((value) => typeof value === 'string');
  return { code: typeof word === 'string' ? word : '', said: serverTextOf(message) ?? serverTextOf(word) };
}
