import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SourceDefinition } from '../../../src/core/definition.ts';
import { saying } from '../../../src/core/vendor/reply.ts';

const fig: SourceDefinition = {
  name: 'fig',
  summary: 'Figs.',
  settings: {},
  url: 'https://fig.example',
  auth: { type: 'none' },
  request: { path: '/log', query: { from: '{from}' } },
  paging: { type: 'none' },
  window: { filter: 'event', time: 'iso' },
  records: { path: 'data', id: { paths: ['id'] } },
  reply: { messages: ['reason'] },
};

const said: readonly (readonly [what: string, reply: unknown, words: string])[] = [
  ['nothing', {}, ''],
  ['a message', { message: 'no such type' }, ': no such type'],
  ['a list of errors', [{ errorCode: 'INVALID_TYPE', message: 'no such type' }], ': no such type'],
  ['a list whose second error has the words', [{ code2: 1 }, { error: { detail: 'too old' } }], ': too old'],
  ['a list of errors with words of the vendor', [{ reason: 'too old' }], ': too old'],
  ['a list of texts', ['too old'], ': too old'],
  ['an empty list', [], ''],
  ['lists in lists without end', JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`), ''],
  ['errors in lists without end', JSON.parse(`{"errors":${'['.repeat(20_000)}${']'.repeat(20_000)}}`), ''],
];
for (const [what, reply, words] of said) {
  test(`what the vendor says in ${what}`, () => {
    assert.equal(saying(fig, reply), words);
  });
}
