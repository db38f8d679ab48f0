/** A file of settings that is a named pipe, into which nobody writes yet. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { ended, run, scratch, start } from '../support/program.ts';

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  test(`${signal} ends a run that waits for what is to write its settings, at once, and the next run has its lock`, async (t) => {
    const directory = scratch(t);
    const path = join(directory, 'pipe');
    execFileSync('mkfifo', [path]);
    const options = ['--source', 'sample', '--job', 'oak', '--state-dir', join(directory, 'state')];
    const child = start([...options, '-e', path]);
    const end = ended(child);
    await setTimeout(1500);
    const began = performance.now();
    child.kill(signal);
    assert.equal((await end).signal, signal);
    assert.ok(performance.now() - began < 10_000);
    writeFileSync(join(directory, 'env'), '');
    const next = await run([...options, '-e', join(directory, 'env')]);
    assert.deepEqual([next.status, next.stderr], [0, '']);
  });
}
