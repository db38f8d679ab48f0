/**
 * What surrounds the records of a reply: whether the vendor calls it a success, and what it says went wrong. HTTP 200 alone
 * is no success: many vendors report errors only in the body.
 */
import type { SourceDefinition } from '../definition.ts';
import { flagAt, holds } from '../definition/answers.ts';
import { valueAt } from '../json/value-at.ts';
import { serverText } from '../text/shown.ts';

/** Whether a parsed reply says that a cap left out what follows; undefined where it says nothing about it. */
export function isCapped({ name: source, records: { capped } }: SourceDefinition, reply: unknown): boolean | undefined {
  if (capped === undefined) return undefined;
  const flag = flagAt(reply, capped, { source, name: 'records.capped', without: 'where no cap is told of' });
  return flag === 'absent' ? undefined : flag;
}

/** Whether a parsed reply reports an error, by the rules of the definition. */
export function tellsError(definition: SourceDefinition, value: unknown): boolean {
  const { success, errors = ['error', 'errors'] } = definition.reply ?? {};
  if (success !== undefined && !holds(success, value)) return true;
  return errors.some((path) => says(valueAt(value, path)));
}

/** Whether a parsed reply says that the session is over. */
export function tellsExpired(definition: SourceDefinition, value: unknown): boolean {
  const expired = definition.reply?.expired;
  return expired !== undefined && holds(expired, value);
}

/** `: what the vendor said`, made fit for a terminal; or nothing. The reply may be a list of errors. */
export function saying(definition: Pick<SourceDefinition, 'reply'>, value: unknown): string {
  const paths = [...(definition.reply?.messages ?? []), 'message', 'detail', 'error', 'errors', 'error_description'];
  for (const each of Array.isArray(value) ? value : [value]) {
    const found = [...paths.map((path) => textIn(valueAt(each, path))), each === value ? undefined : textIn(each)];
    const text = found.find((words) => words !== undefined);
    if (text !== undefined) return `: ${serverText(text)}`;
  }
  return '';
}

/** Whether a member means an error: not when it is false, 0, null, or an empty text, list or object. */
function says(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** The first text in a message, a list of messages, or an error object, down to a depth that no vendor exceeds. */
function textIn(value: unknown, levels = 10): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (typeof value !== 'object' || value === null || levels === 0) return undefined;
  const { message, msg, detail, title, description, reason, code } = value as Record<string, unknown>;
  const said = [message, msg, detail, title, description, reason, code];
  const parts: readonly unknown[] = Array.isArray(value) ? value : said;
  return parts.map((part) => textIn(part, levels - 1)).find((text) => text !== undefined);
}
