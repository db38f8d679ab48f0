/** The error in an answer of an Azure or Google API: `{"error":{"code":"InvalidStream","message":"..."}}`. */
import { isObject, objectOf } from '../json/parsed.ts';
import { serverTextOf } from '../text/shown.ts';

export interface ApiError {
  /** A word such as `InvalidStream`, which Google calls `status`; empty when there is none. */
  readonly code: string;
  /** Fit to be shown; undefined for an answer of another form, which then is not that API's. */
  readonly said: string | undefined;
}

/** Reads the body of any answer. */
export function apiError(text: string): ApiError {
  const error = objectOf(text)?.['error'];
  if (!isObject(error)) return { code: '', said: undefined };
  const { code, status, message } = error;
  const word = [status, code].find((value) => typeof value === 'string');
  return { code: typeof word === 'string' ? word : '', said: serverTextOf(message) ?? serverTextOf(word) };
}
