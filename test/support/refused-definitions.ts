/** A sound definition of a source, and tests of what is refused when something in it is changed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDefinition, type SourceDefinition } from '../../src/core/definition.ts';
import { exit } from '../../src/core/problem.ts';
import { problem } from './problem.ts';

export const apple: SourceDefinition = {
  name: 'apple',
  summary: 'Apples.',
  settings: { APPLE_URL: { summary: 'Address.', kind: 'url' }, APPLE_TOKEN: { summary: 'Token.', secret: true } },
  url: '{APPLE_URL}',
  auth: { type: 'headers', headers: { Authorization: 'Bearer {APPLE_TOKEN}' } },
  request: { path: '/log', query: { since: '{from}', cursor: '{cursor}' } },
  paging: { type: 'cursor', path: 'next' },
  window: { filter: 'event', time: 'iso' },
  records: { path: 'data', id: { paths: ['id'] }, time: { path: 'at', format: 'iso' } },
};

/** Members in place of those of `apple`; one that is undefined is left out. */
export type Change = Record<string, unknown>;

/** A test for each change that makes the definition wrong, with the message that it gets. */
export function refusedDefinitions(wrong: readonly (readonly [what: string, change: Change, message: RegExp])[]): void {
  for (const [what, change, message] of wrong) {
    test(`${what} is refused, and the place is named`, () => {
      const value = Array.isArray(change) ? change : JSON.parse(JSON.stringify({ ...apple, ...change }));
      assert.throws(() => parseDefinition(value, 'apple.yaml'), problem(exit.config, message));
    });
  }
}
