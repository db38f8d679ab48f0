/**
 * What Elasticsearch's answers to `_bulk` say, read from what a command printed: neither HTTP 200 nor an exit status of 0
 * means success. A command may send the records in several requests (`split --filter`), so each answer counts. Answers are
 * parsed as they come, because they can be as long as the records were.
 */
import type { Buffer } from 'node:buffer';
import { errorText } from './bulk.ts';
import { isObject, objectOf } from '../../json/parsed.ts';
import { serverText } from '../../text/shown.ts';
import { objects } from '../../json/objects.ts';
import { splitter } from '../../split.ts';
import { notWhole, overlap, page, pagePrinted, type PrintedVerdict } from '../printed-answers.ts';

const actions = ['create', 'index', 'update', 'delete'] as const;
const says = /"errors"\s*:\s*true/;
const unnamed = 'it does not say which';
const longestWords = 300;

/** For what one run of a command prints. */
export function bulkVerdict(): PrintedVerdict {
  const failures = new Map<string, number>();
  let diverted = 0;
  let complaint: string | undefined;
  /** The reason of the first failure: the answer itself is not shown. */
  let first: string | undefined;
  let tail = '';
  let words = '';
  let hasObjects = false;
  /** Items of all answers; undefined without an answer, NaN when `filter_path` has made one shorter. */
  let answered: number | undefined;
  /** The current answer: whether it can be read, its items, and how many have a status, failed, were there, are unreadable. */
  let isSound = true;
  let items = 0;
  let stated = 0;
  let failed = 0;
  let known = 0;
  let unread = 0;

  const answer = splitter({
    records: ['items'],
    fields: actions.flatMap((action) => [
      [action, 'status'],
      [action, 'error', 'type'],
      [action, 'failure_store'],
    ]),
    maxRecordBytes: 16 * 1024 * 1024,
    record(bytes, start, end, spans) {
      items += 1;
      for (const [at, action] of actions.entries()) {
        const isTaken = count(action, text(bytes, spans, 3 * at), text(bytes, spans, 3 * at + 1));
        if (!isTaken) first ??= reasonIn(bytes.toString('utf8', start, end), action);
        if (text(bytes, spans, 3 * at + 2) === 'used') diverted += 1;
      }
    },
    refused: () => void (unread += 1),
  });

  const printed = objects({
    words(bytes) {
      const heard = tail + bytes.toString('latin1');
      if (says.test(heard)) complaint ??= unnamed;
      if (page.test(heard)) complaint ??= pagePrinted;
      tail = heard.slice(-overlap);
      if (words.length < longestWords) words += bytes.toString();
    },
    begin() {
      hasObjects = true;
      answer.begin();
      isSound = true;
      items = stated = failed = known = unread = 0;
    },
    piece(bytes) {
      attempt(() => answer.push(bytes));
    },
    end() {
      const value = attempt(() => answer.end().value);
      complaint ??= isSound ? judge(value) : notWhole;
    },
  });

  /** Counts an item; returns whether it was taken. Without a status (`filter_path` can drop it), the error decides. */
  function count(action: string, status: string | undefined, error: string | undefined): boolean {
    if (status === undefined && error === undefined) return true;
    if (status !== undefined) stated += 1;
    // `create` of an ID that is there already: the record arrived in an earlier run.
    const isKnown = status === undefined ? error === 'version_conflict_engine_exception' : status === '409';
    if (isKnown && action === 'create') {
      known += 1;
    } else if (status?.startsWith('2') !== true) {
      failed += 1;
      const what = serverText(status === undefined ? `${error}` : `status ${status}`);
      failures.set(what, (failures.get(what) ?? 0) + 1);
      return false;
    }
    return true;
  }

  function judge(value: unknown): string | undefined {
    if (!isObject(value)) return undefined;
    const { error, errors } = value;
    if (error !== undefined && error !== null) return errorText(error) || 'it answers with an error';
    if (typeof errors === 'boolean' && unread > 0) return notWhole;
    if (typeof errors === 'boolean' || stated > 0) {
      const isComplete = answer.containerSeen() && stated === items;
      answered = (answered ?? 0) + (isComplete ? items : Number.NaN);
    }
    return errors === true && failed + known === 0 ? unnamed : undefined;
  }

  function attempt<T>(read: () => T): T | undefined {
    try {
      return isSound ? read() : undefined;
    } catch {
      isSound = false;
      return undefined;
    }
  }

  return {
    push: (bytes) => printed.push(bytes),
    diverted: () => diverted,
    instead: () => (hasObjects ? '' : serverText(words)),
    objection(sent) {
      const what = [...failures].map(([failure, times]) => `${times} with ${failure}`);
      const more = complaint ?? (printed.torn() ? notWhole : undefined);
      if (more !== undefined) what.push(more);
      else if (answered !== undefined && answered < sent) what.push(`it answers for ${answered} of ${sent} documents`);
      if (what.length === 0) return undefined;
      return what.join(', ') + (first && !failures.has(first) ? `; the first: ${first}` : '');
    },
  };
}

/** The value of a field, a text without its quotes; undefined when it is not there. */
function text(bytes: Buffer, spans: Int32Array, field: number): string | undefined {
  const start = spans[2 * field] ?? -1;
  if (start < 0) return undefined;
  return bytes.toString('latin1', start, spans[2 * field + 1]).replaceAll('"', '');
}

function reasonIn(item: string, action: string): string {
  const said = objectOf(item)?.[action];
  return isObject(said) ? errorText(said['error']) : '';
}
