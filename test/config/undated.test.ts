import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refuseUndated } from '../../src/config/undated.ts';
import type { SourceDefinition } from '../../src/core/definition.ts';
import type { Flags } from '../../src/cli/flags.ts';
import { exit, Problem } from '../../src/core/problem.ts';
import { sources } from '../../src/sources/index.ts';

const fig: SourceDefinition = {
  name: 'fig',
  summary: 'Figs.',
  settings: {},
  url: 'https://fig.example',
  auth: { type: 'none' },
  request: { path: '/log' },
  paging: { type: 'none' },
  window: { filter: 'none' },
  records: { id: { paths: ['id'] } },
};

function refused(flags: Flags, change: Partial<SourceDefinition> = {}): string {
  try {
    refuseUndated(flags, { ...fig, ...change });
    return '';
  } catch (error) {
    assert.ok(error instanceof Problem && error.status === exit.usage && error.hint !== undefined, String(error));
    return error.message;
  }
}

test('a bound that neither the vendor nor we can apply is a wrong flag', () => {
  const since = '--since has no effect: fig is not asked for it, and its records have no time';
  assert.equal(refused({ since: '1h' }), since);
  assert.equal(refused({ since: '2h', until: '1h' }), since);
  assert.match(refused({ until: '1h' }), /^--until has no effect/);
  const request = { path: '/log', query: { from: '{from}' } };
  assert.equal(refused({ since: '1h' }, { request }), '');
  assert.match(refused({ since: '2h', until: '1h' }, { request }), /^--until has no effect/);
  const time = { path: 'at', format: 'iso' } as const;
  assert.equal(refused({ since: '2h', until: '1h' }, { records: { ...fig.records, time } }), '');
  assert.equal(refused({}), '');
});

test('every built-in source heeds --since and --until', async () => {
  for (const load of Object.values(sources)) refuseUndated({ since: '2h', until: '1h' }, await load());
});
