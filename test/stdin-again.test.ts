/** Lines of a pipe that a command did not take, when the export before the pipe reaches back over the tick that failed. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { scratch, shell, type Ended } from './support/program.ts';

/** Sends lines with these IDs to a command that fails, or that keeps what it gets. */
function deliver(directory: string, ids: readonly number[], script: string): Promise<Ended> {
  writeFileSync(join(directory, 'in'), ids.map((id) => `{"id":${id}}\n`).join(''));
  return shell(`cat in | $AUDIT_EXPORT --source - --state-dir state --job one -- sh -c '${script}'`, { directory });
}

const failing = 'cat > /dev/null; exit 3';

test('lines that a command did not take are delivered when they come again, and that run is a success', async (t) => {
  const directory = scratch(t);
  assert.equal((await deliver(directory, [1, 2, 3], failing)).status, 74);
  const { status, stdout, stderr } = await deliver(directory, [1, 2, 3, 4], 'cat');
  assert.deepEqual([status, stderr], [0, '']);
  assert.equal(stdout, '{"id":1}\n{"id":2}\n{"id":3}\n{"id":4}\n');
});

test('of the lines that a command did not take, those that do not come again are reported, once', async (t) => {
  const directory = scratch(t);
  assert.equal((await deliver(directory, [1, 2, 3], failing)).status, 74);
  const next = await deliver(directory, [3, 4], 'cat');
  assert.deepEqual([next.status, next.stdout], [3, '{"id":3}\n{"id":4}\n']);
  assert.match(
    next.stderr,
    /2 records of an earlier run were never acknowledged by command, and stdin cannot be asked/,
  );
  assert.equal((await deliver(directory, [4], 'cat')).status, 0);
});
