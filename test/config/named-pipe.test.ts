/** A file of settings that is a named pipe, into which nobody writes yet. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, writeFileSync } from 'node:fs';
import { constants as system } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { until } from '../faults/processes.ts';
import { ended, run, scratch, start } from '../support/program.ts';

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  test(`${signal} ends a run that waits for what is to write its settings, at once, and the next run has its lock`, async (t) => {
    const directory = scratch(t);
    const path = join(directory, 'pipe');
    execFileSync('mkfifo', [path]);
    const options = ['--source', 'sample', '--job', 'oak', '--state-dir', join(directory, 'state')];
    const child = start([...options, '-e', path]);
    const end = ended(child);
    await until(() => hasReader(path) && endsBy(child.pid, signal));
    const began = performance.now();
    child.kill(signal);
    assert.equal((await end).signal, signal);
    assert.ok(performance.now() - began < 10_000);
    writeFileSync(join(directory, 'env'), '');
    const next = await run([...options, '-e', join(directory, 'env')]);
    assert.deepEqual([next.status, next.stderr], [0, '']);
  });
}

/** Whether somebody has opened the pipe to read from it. */
function hasReader(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch (error) {
    assert.ok(String(error).includes('ENXIO'), String(error));
    return false;
  }
}

/** Whether the signal would end the process, which hears it otherwise. */
function endsBy(process: number | undefined, signal: NodeJS.Signals): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${process}/status`, 'utf8'))?.[1];
  return caught !== undefined && (BigInt(`0x${caught}`) & (1n << BigInt(system.signals[signal] - 1))) === 0n;
}
