/** Each operation on files and sockets fails once: in turn with one of the error codes, for good or only this time. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openQuarantine } from '../../src/io/quarantine.ts';
import { batch, destinations } from './destinations.ts';
import { arm } from './failing.ts';
import { sweepOperations } from './operations.ts';
import { useSmallBatches } from './small-batches.ts';

useSmallBatches(batch);

for (const sink of ['file', 'stdout', 'elastic', 'splunk']) {
  for (const kind of ['file', 'socket'] as const) {
    test(`${sink}: whichever ${kind} operation fails, nothing is lost`, { timeout: 120_000 }, async (context) => {
      const make = destinations[sink];
      assert.ok(make);
      const tally = await sweepOperations(sink, make, kind, kind === 'file' ? 5 : 2);
      const ended = [...tally.statuses].map(([status, count]) => `${count} with ${status}`).join(', ');
      context.diagnostic(`${tally.failures} failures, ${tally.repeats} repeats, ended ${ended}`);
      assert.deepEqual(tally.faults, []);
      assert.ok(tally.failures > 5);
    });
  }
}

test('whichever operation fails, what the quarantine holds already stays', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sweep-'));
  const path = join(directory, 'quarantine.jsonl');
  const by = { source: 'acme', sink: 'file', branch: '' };
  async function setAside(text: string): Promise<void> {
    const quarantine = openQuarantine(path);
    try {
      await quarantine.add({ text: Buffer.from(text), more: false, reason: 'none' }, by);
      await quarantine.flush();
    } finally {
      await quarantine.close();
    }
  }
  try {
    await setAside('first');
    const before = readFileSync(path, 'utf8');
    for (let nth = 1, failed: string | undefined = 'nothing'; failed !== undefined; nth++) {
      const armed = await arm({ kind: 'file', nth, mode: 'once', code: 'EIO' });
      await setAside('second').catch(() => undefined);
      armed.disarm();
      ({ failed } = armed);
      assert.ok(readFileSync(path, 'utf8').startsWith(before), `operation ${nth}: ${failed}`);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
