import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namedJob, usesPosition } from '../../src/config/named-job.ts';
import { problem } from '../support/problem.ts';

test('a position is used unless a search is asked for without -c, and never with --no-position', () => {
  assert.equal(usesPosition({}), true);
  for (const search of [{ since: '1h' }, { until: '1h' }, { query: ['a=b'] }, { singleQuery: true }] as const) {
    assert.equal(usesPosition(search), false);
    assert.equal(usesPosition({ ...search, continue: true }), true);
  }
  assert.equal(usesPosition({ position: false }), false);
});

test('a job may have any name that can be a file’s, but for the directories . and ..', () => {
  for (const job of ['a', '.hidden', 'a.', 'A-Z_0.9', 'x'.repeat(100)]) assert.equal(namedJob({ job }), job);
  assert.equal(namedJob({}), undefined);
  for (const job of ['', '.', '..', 'a/b', 'a b', 'a\n', 'x'.repeat(101)])
    assert.throws(() => namedJob({ job }), problem(64, / is not a name$/, /^use up to 100 letters/));
});
