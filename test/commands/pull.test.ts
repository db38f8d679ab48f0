import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withPlace } from '../../src/commands/pull.ts';
import { noFindings } from '../../src/config/findings.ts';
import { exit, Problem } from '../../src/core/problem.ts';

function hintOf(hint: string): string | undefined {
  const findings = noFindings();
  findings.origins.set('SYCOPE_USERNAME', '/etc/sycope.env');
  findings.origins.set('SYCOPE_PASSWORD', '/run/secrets/sycope');
  return withPlace(new Problem(exit.noperm, 'refused', { hint }), { findings }).hint;
}

test('a hint that names settings says where they are', () => {
  assert.equal(hintOf('check SYCOPE_USERNAME'), 'check SYCOPE_USERNAME in /etc/sycope.env');
  assert.equal(
    hintOf('check SYCOPE_USERNAME and SYCOPE_PASSWORD'),
    'check SYCOPE_USERNAME and SYCOPE_PASSWORD in /etc/sycope.env and /run/secrets/sycope',
  );
});

test('other hints stay as they are', () => {
  for (const hint of [
    'check the network',
    'check SYCOPE_USERNAME, or the role',
    'check OTHER_NAME',
    'free some space',
  ]) {
    assert.equal(hintOf(hint), hint);
  }
});
