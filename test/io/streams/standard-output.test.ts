import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Problem } from '../../../src/core/problem.ts';
import { stoppable } from '../../../src/io/streams/standard-output.ts';
import { scratch, shell, start } from '../../support/program.ts';

test('a line that an earlier run tore, on a full disk or killed, does not swallow the first record of this one', async (t) => {
  const directory = scratch(t);
  const path = join(directory, 'records.jsonl');
  const torn = '{"id":"whole"}\n{"id":"to';
  writeFileSync(path, torn);
  const command = '$AUDIT_EXPORT --source sample --since 30m >> records.jsonl';
  const { status, stderr } = await shell(command, { directory });
  assert.equal(status, 0, stderr);
  const text = readFileSync(path, 'utf8');
  assert.ok(text.startsWith(`${torn}\n`));
  const records = text.slice(torn.length + 1).split('\n');
  assert.equal(records.pop(), '');
  assert.ok(records.length > 0);
  for (const record of records) JSON.parse(record);
  // What ends with a line break is left alone.
  await shell(command, { directory });
  assert.doesNotMatch(readFileSync(path, 'utf8'), /\n\n/);
});

test('a stop ends a run whose reader has stalled', { concurrency: true }, async (t) => {
  await Promise.all([
    t.test('SIGTERM: 143, and what was not taken comes with the next run', (inner) => stalled(inner, 143, [])),
    t.test('--max-runtime: 75, and so it does', (inner) => stalled(inner, 75, ['--max-runtime', '3s'])),
  ]);
});

test('records are not written once the time of a run is over: they would be there, and come again with the next', async () => {
  const over = new Problem(75, '--max-runtime 1s is over');
  let written = '';
  const output = {
    kind: 'pipe',
    isWriting: () => false,
    sync: () => Promise.resolve(),
    write: (bytes: Buffer) => {
      written += bytes.toString();
      return Promise.resolve();
    },
  } as const;
  await assert.rejects(stoppable(output, AbortSignal.abort(over)).write(Buffer.from('{"id":1}\n')), over);
  assert.equal(written, '');
});

async function stalled(t: TestContext, status: number, flags: readonly string[]): Promise<void> {
  const directory = scratch(t);
  const path = join(directory, 'in');
  const all = Array.from({ length: 20_000 }, (_, number) => `{"id":"${number}","x":"${'x'.repeat(300)}"}\n`);
  writeFileSync(path, all.join(''));
  const argv = ['--source', '-', '--state-dir', 'state', ...flags];
  const child = start(argv, { directory, stdio: [openSync(path, 'r'), 'pipe', 'pipe'] });
  const [exited, closed] = [once(child, 'exit'), once(child, 'close')];
  let [taken, said] = ['', ''];
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    taken += text;
    if (taken.length < 3_000_000 || child.exitCode !== null) return; // more than a batch, so that one is delivered
    child.stdout?.pause();
    if (flags.length === 0) child.kill('SIGTERM');
  });
  const late = setTimeout(() => child.kill('SIGKILL'), 40_000);
  const started = Date.now();
  assert.deepEqual(await exited, [status, null]);
  if (flags.length > 0) assert.ok(Date.now() - started < 9000, 'the ten seconds after a signal are not for it');
  clearTimeout(late);
  child.stdout?.resume();
  await closed;
  assert.match(said, /^audit-export: (stopped by SIGTERM|--max-runtime 3s is over[^\n]*)\nhint: [^\n]*\n$/);

  const again = await shell('$AUDIT_EXPORT --source - --state-dir state < in', { directory });
  assert.deepEqual([again.status, again.stderr], [0, '']);
  const whole = taken.slice(0, taken.lastIndexOf('\n') + 1);
  assert.ok(again.stdout.length < all.join('').length, 'the batch that was taken is not repeated');
  assert.deepEqual(new Set((whole + again.stdout).split('\n')), new Set(all.join('').split('\n')));
}
