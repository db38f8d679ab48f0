import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { Problem } from '../../src/core/problem.ts';
import { command } from '../../src/io/command.ts';
import { problem } from '../support/problem.ts';
import { arm } from '../sweep/failing.ts';

const nothing = (): void => undefined;
const options = {
  environment: {},
  timeout: 1000,
  stop: new AbortController().signal,
  say: nothing,
  makeWay: nothing,
  isClosed: false,
  put: () => Promise.resolve(),
};

const notStarted = problem(74, /^the command sh could not be started/, /ulimit/);

for (const code of ['EAGAIN', 'EMFILE', 'ENOMEM']) {
  test(`a command that the system does not start (${code}) is a Problem`, async () => {
    const { disarm } = await arm({ kind: 'process', nth: 1, mode: 'once', code });
    try {
      assert.throws(() => command(['sh', '-c', 'true'], options).start(undefined), notStarted);
    } finally {
      disarm();
    }
    await sleep(10); // Node tells some of it later, and nothing may be left that nobody hears
  });
}

test('a command whose words are too long for the system is a Problem', () => {
  assert.throws(() => command(['sh', '-c', 'x'.repeat(200_000)], options).start(undefined), notStarted);
});

test('a command that reads nothing does not keep the run: it is ended, and said to read nothing', async () => {
  const run = command(['sh', '-c', 'exec sleep 1000'], { ...options, environment: { PATH: '/usr/bin:/bin' } }).start(
    undefined,
  );
  await assert.rejects(
    run.write(Buffer.alloc(16 * 1024 * 1024)),
    problem(74, 'the command sh read nothing for 1 s', /^allow it more time with --timeout; the position stays/),
  );
});

test('a command is not started once the time of the run is over: nothing would end it', () => {
  const over = new Problem(75, '--max-runtime 1s is over');
  const stopped = { ...options, stop: AbortSignal.abort(over) };
  assert.throws(() => command(['sh', '-c', 'true'], stopped).start(undefined), over);
});
