import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { scrubbedQuarantine, scrubbedStore } from '../../../src/commands/pull/scrubbed.ts';
import { firstPosition } from '../../../src/core/position.ts';
import { positionStore } from '../../../src/io/position-file.ts';
import { openQuarantine } from '../../../src/io/quarantine.ts';
import { scratch } from '../../support/program.ts';

const secret = 's3cret-t0ken';
const clean = (text: string): string => text.replaceAll(secret, '[redacted]');

test('a secret that a reply quotes comes to the disk neither as an outcome, nor as a next step, nor as a reason', async (t) => {
  const directory = scratch(t);
  chmodSync(directory, 0o700);
  const scope = { source: 'vendor', sink: 'siem' };
  const store = scrubbedStore(positionStore(directory, 'job', scope), clean);
  const counts = { fetched: 1, delivered: 0, quarantined: 1 };
  const when = '2026-11-20T09:00:00.000Z';
  await store.lock();
  await store.load();
  const said = { outcome: `it said: ${secret}`, hint: `give ${secret} more rights` };
  await store.save({ ...firstPosition(scope), last: { started: when, ended: when, exit: 77, ...counts, ...said } });
  await store.close();
  const quarantine = scrubbedQuarantine(openQuarantine(join(directory, 'job.quarantine.jsonl'), Date.now), clean);
  const refused = { text: Buffer.from('{"id":1}'), more: false, reason: `not for ${secret}` };
  await quarantine.add(refused, { ...scope, branch: '' });
  await quarantine.flush();
  await quarantine.close();
  const files = readdirSync(directory);
  assert.deepEqual(files, ['job.position', 'job.quarantine.jsonl']);
  const text = files.map((name) => readFileSync(join(directory, name), 'utf8')).join('');
  assert.equal(text.includes(secret), false);
  for (const kept of ['it said: [redacted]', 'give [redacted] more rights', 'not for [redacted]']) {
    assert.ok(text.includes(kept), kept);
  }
});
