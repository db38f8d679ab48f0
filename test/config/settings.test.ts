import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { noFindings } from '../../src/config/findings.ts';
import { readSettings } from '../../src/config/settings.ts';
import type { Settings } from '../../src/core/types.ts';
import { scratch } from '../support/program.ts';

const settings: Settings = {
  ACME_TOKEN: { summary: 'Token', secret: true, unless: 'ACME_KEY' },
  ACME_KEY: { summary: 'Key', secret: true, aliases: ['KEY'], flag: 'apikey' },
};

function missing(environment: Record<string, string>, flags: Record<string, string> = {}): readonly string[] {
  const findings = noFindings();
  readSettings(settings, { environment, files: [] }, flags, findings);
  assert.deepEqual(findings.faults, []);
  return [...findings.missing.values()];
}

test('a setting that another one stands for is not missing, wherever the other one is found', (t) => {
  const path = join(scratch(t), 'key');
  writeFileSync(path, 'secret\n', { mode: 0o600 });
  assert.deepEqual(missing({}), ['ACME_TOKEN or ACME_KEY']);
  assert.deepEqual(missing({ ACME_KEY: '' }), ['ACME_TOKEN or ACME_KEY']);
  for (const environment of [{ ACME_KEY: 'k' }, { ACME_KEY_FILE: path }, { KEY: 'k' }, { KEY_FILE: path }]) {
    assert.deepEqual(missing(environment), [], JSON.stringify(environment));
  }
  assert.deepEqual(missing({}, { apikey: 'k' }), []);
});

test('of two settings that each stand for the other, one names both', () => {
  const findings = noFindings();
  const either: Settings = { A_ONE: { summary: '', unless: 'A_TWO' }, A_TWO: { summary: '', unless: 'A_ONE' } };
  readSettings(either, { environment: {}, files: [] }, {}, findings);
  assert.deepEqual([...findings.missing.values()], ['A_ONE or A_TWO']);
});
