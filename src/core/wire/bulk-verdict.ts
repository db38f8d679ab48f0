/**
 * What Elasticsearch's answer to `_bulk` says, read from what a command printed: HTTP 200 is no success, and neither is an
 * exit status of 0. The answer is followed as it comes, because it is as long as the records were.
 */
import type { Buffer } from 'node:buffer';
import { errorText } from './bulk.ts';
import { isObject } from './server-text.ts';
import { splitter } from '../split.ts';

export interface BulkVerdict {
  push(bytes: Buffer): void;
  /** Why not everything was taken; undefined when nothing speaks against it. */
  objection(): string | undefined;
}

const actions = ['create', 'index', 'update', 'delete'] as const;
const says = /"errors"\s*:\s*true/;
/** More than enough for the pattern, to find it across two pieces. */
const overlap = 200;

export function bulkVerdict(): BulkVerdict {
  const failures = new Map<string, number>();
  let known = 0;
  let tail = '';
  let saysErrors = false;
  let isDocument = true;
  const reply = splitter({
    records: ['items'],
    fields: actions.map((action) => [action, 'status']),
    maxRecordBytes: 16 * 1024 * 1024,
    record: (bytes, _start, _end, spans) => count(bytes, spans),
    refused: () => undefined,
  });

  function count(bytes: Buffer, spans: Int32Array): void {
    for (let action = 0; action < actions.length; action++) {
      const start = spans[2 * action] ?? -1;
      if (start < 0) continue;
      const status = bytes.toString('latin1', start, spans[2 * action + 1]);
      // `create` of an ID that is there already: an earlier run's arrived.
      if (status === '409' && action === 0) known++;
      else if (!status.startsWith('2')) failures.set(status, (failures.get(status) ?? 0) + 1);
    }
  }

  /** What is printed around an answer (`curl -i`) makes it no document; what it says is still looked for. */
  function asDocument<T>(read: () => T): T | undefined {
    try {
      return isDocument ? read() : undefined;
    } catch {
      isDocument = false;
      return undefined;
    }
  }

  return {
    push(bytes) {
      const text = tail + bytes.toString('latin1');
      saysErrors ||= says.test(text);
      tail = text.slice(-overlap);
      asDocument(() => reply.push(bytes));
    },
    objection() {
      const value = tail === '' ? undefined : asDocument(() => reply.end().value);
      if (isObject(value) && value['error'] !== undefined)
        return errorText(value['error']) || 'it answers with an error';
      const errors = isObject(value) ? value['errors'] === true : saysErrors;
      if (!errors) return undefined;
      if (failures.size > 0) return [...failures].map(([status, times]) => `${times} with status ${status}`).join(', ');
      return known > 0 ? undefined : 'it does not say which';
    },
  };
}
