import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { systemWorld } from '../../src/io/world.ts';
import { moduleAt, scriptWords } from '../support/own-process.ts';

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

/** Runs some code with `world` in a process of its own. */
function inProcess(code: string, flags: readonly string[] = []): ReturnType<typeof spawnSync> {
  const script = `import { systemWorld } from ${JSON.stringify(moduleAt('src/io/world.ts'))};
    const world = systemWorld({});
    const calm = world.onCrash((error) => (process.stderr.write(error.message), 70)); ${code}`;
  return spawnSync(process.execPath, scriptWords(script, flags), { encoding: 'utf8' });
}

for (const [what, code, status] of crashes) {
  test(`${what} ends the program with ${status}`, () => {
    const { status: ended, stderr } = inProcess(code);
    assert.equal(ended, status, String(stderr));
    assert.equal(stderr === '', status === 0);
  });
}

test('a rejection that nobody handles ends the program with 70 where Node would only warn of it, too', () => {
  const code = "Promise.reject(new Error('x')); setTimeout(() => calm(), 5000);";
  const { status, stderr } = inProcess(code, ['--unhandled-rejections=warn']);
  assert.equal(status, 70);
  assert.match(String(stderr), /^x/);
});

test('who leaves at once ends with the status that was said, and nothing is said of what is left', () => {
  const { status, stderr } = inProcess('setTimeout(() => {}, 60000); world.leave(143);');
  assert.deepEqual([status, stderr], [143, '']);
});

test("Node's own warnings are heard, and not printed", () => {
  const code = "world.onWarning(({ message }) => process.stdout.write(message)); process.emitWarning('x');";
  const { stdout, stderr } = inProcess(`${code} setImmediate(calm);`);
  assert.deepEqual([stdout, stderr], ['x', '']);
});
