/** Each operation on files and sockets fails once: in turn with one of the error codes, for good or only this time. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openQuarantine } from '../../src/io/quarantine.ts';
import { batch, destinationOf, destinations } from './destinations.ts';
import { arm } from './failing.ts';
import { type Failure, failingRun } from './failing-run.ts';
import { openHistory } from './history.ts';
import { sweepAllOperations } from './operations.ts';
import { useSmallBatches } from './small-batches.ts';
import { runTask, type Scope } from './tasks.ts';

useSmallBatches(batch);

/** One in so many operations: together they pass all kinds of them. */
const steps: Scope = {
  kills: { step: 1, first: 1, random: 0 },
  failures: { file: 29, socket: 11, process: 1 },
  tell: false,
};

for (const sink of Object.keys(destinations)) {
  test(`${sink}: whichever operation fails, nothing is lost`, { timeout: 120_000 }, async (context) => {
    // Standard output of this process belongs to the test runner.
    const tallies =
      sink === 'stdout'
        ? ((await runTask({ what: 'failures', sink }, '', steps)).operations ?? [])
        : await sweepAllOperations(sink, steps.failures);
    assert.ok(tallies.length > 0);
    for (const { kind, failures, repeats, statuses, faults } of tallies) {
      const ended = [...statuses].map(([status, count]) => `${count} with ${status}`).join(', ');
      context.diagnostic(`${kind}: ${failures} failures, ${repeats} repeats, ended ${ended}`);
      assert.deepEqual(faults, []);
      assert.ok(failures > 1);
    }
  });
}

test('whichever of the settings, secrets and definitions cannot be read, the run ends with 78', async () => {
  const history = await openHistory<Failure>({
    start: failingRun,
    make: destinationOf('file'),
    session: true,
    slices: true,
  });
  try {
    const refused = new Set<string>();
    for (let nth = 1, failed: string | undefined = 'nothing'; failed !== undefined; nth++) {
      const failure: Failure = { plan: { kind: 'file', nth, mode: 'once', code: 'EIO' } };
      const { status, stderr } = await history.run(failure);
      const [file = stderr] = /definition|env file|ACME_PASSWORD_FILE/.exec(stderr) ?? [];
      if (status === 78) refused.add(`${failure.failed} of ${file}`);
      failed = failure.failed;
    }
    const files = ['env file', 'definition', 'ACME_PASSWORD_FILE'];
    for (const operation of ['openSync', 'readSync', 'fstatSync', 'closeSync']) {
      for (const file of files) assert.ok(refused.has(`${operation} of ${file}`), `${operation} of ${file}`);
    }
  } finally {
    await history.close();
  }
});

test('whichever operation fails, what the quarantine holds already stays', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sweep-'));
  const path = join(directory, 'quarantine.jsonl');
  const by = { source: 'acme', sink: 'file', branch: '' };
  async function setAside(text: string): Promise<void> {
    const quarantine = openQuarantine(path, Date.now);
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
