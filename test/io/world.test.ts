import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemWorld } from '../../src/io/world.ts';

const world = systemWorld({});

test('waiting ends early with the reason of the stop', async () => {
  const stop = new AbortController();
  const reason = new Error('enough');
  const waiting = world.wait(60_000, stop.signal);
  stop.abort(reason);
  await assert.rejects(waiting, reason);
  await assert.rejects(world.wait(60_000, stop.signal), reason);
  await assert.rejects(world.wait(0, stop.signal), reason);
});

test('a wait longer than a timer can count does not end at once', async () => {
  const stop = new AbortController();
  let over = false;
  const waiting = (async () => {
    try {
      await world.wait(2 ** 33, stop.signal);
    } finally {
      over = true;
    }
  })();
  await world.wait(20, new AbortController().signal);
  assert.equal(over, false);
  stop.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
});

test('listeners for signals are taken away again', () => {
  const before = process.listenerCount('SIGTERM');
  const deaf = world.onSignal(() => undefined);
  assert.equal(process.listenerCount('SIGTERM'), before + 1);
  deaf();
  assert.equal(process.listenerCount('SIGTERM'), before);
});

test('guids differ', () => assert.notEqual(world.guid(), world.guid()));

const crashes: readonly (readonly [what: string, code: string, status: number])[] = [
  ['something thrown in a timer', "setTimeout(() => { throw new Error('x'); });", 70],
  ['a rejection that nobody handles', "Promise.reject(new Error('x')); setTimeout(() => {}, 60000);", 70],
  ['nothing left to wait for', '', 70],
  ['a clean end', 'calm();', 0],
];

for (const [what, code, status] of crashes) {
  test(`${what} ends the program with ${status}`, () => {
    const path = fileURLToPath(new URL('../../src/io/world.ts', import.meta.url));
    const script = `import { systemWorld } from ${JSON.stringify(path)};
      const calm = systemWorld({}).onCrash((error) => (process.stderr.write(error.message), 70)); ${code}`;
    const argv = ['--import', 'tsx', '--input-type=module', '-e', script];
    const { status: ended, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
    assert.equal(ended, status, stderr);
    assert.equal(stderr === '', status === 0);
  });
}
