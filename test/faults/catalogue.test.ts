/** The catalogue has no holes, and test/FAULTS.md tells of the tests that there are. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { moduleAt } from '../support/own-process.ts';
import { catalogue } from './catalogue.ts';
import { listFaults } from './harness.ts';
import { cellOf, faultFiles, reportPath, unproven } from './report.ts';

const names = await listFaults(async () => {
  for (const file of faultFiles()) await import(moduleAt(`test/faults/${basename(file)}`));
});

test('the catalogue has 163 faults', () => {
  assert.equal(catalogue.size, 163);
});

test('every fault of the catalogue has a test', () => {
  assert.deepEqual(unproven(names), []);
});

test('no two tests have the same name', () => {
  assert.deepEqual(
    names.filter((name, at) => names.indexOf(name) !== at),
    [],
  );
});

test('test/FAULTS.md names these tests and no others, all passed: else run test/tools/faults.ts', () => {
  const rows = readFileSync(reportPath, 'utf8').split('\n');
  const told = rows.flatMap((row) => {
    const [, , , cell = '', file = '', result = ''] = row.split(/(?<!\\)\|/).map((text) => text.trim());
    return file.endsWith('.test.ts') ? [`${cell}: ${result}`] : [];
  });
  assert.deepEqual(told.sort(), names.map((name) => `${cellOf(name)}: passed`).sort());
});
