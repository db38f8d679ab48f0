import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { Problem } from '../../src/core/problem.ts';
import { command } from '../../src/io/command.ts';
import { arm } from '../sweep/failing.ts';

const nothing = (): void => undefined;
const options = {
  environment: {},
  timeout: 1000,
  stop: new AbortController().signal,
  say: nothing,
  makeWay: nothing,
  isClosed: false,
};

function refused(error: unknown): boolean {
  assert.ok(error instanceof Problem, String(error));
  assert.equal(error.status, 74);
  assert.match(error.message, /^the command sh could not be started/);
  assert.match(error.hint ?? '', /ulimit/);
  return true;
}

for (const code of ['EAGAIN', 'EMFILE', 'ENOMEM']) {
  test(`a command that the system does not start (${code}) is a Problem`, async () => {
    const { disarm } = await arm({ kind: 'process', nth: 1, mode: 'once', code });
    try {
      assert.throws(() => command(['sh', '-c', 'true'], options).start(undefined), refused);
    } finally {
      disarm();
    }
    await sleep(10); // Node tells some of it later, and nothing may be left that nobody hears
  });
}

test('a command whose words are too long for the system is a Problem', () => {
  assert.throws(() => command(['sh', '-c', 'x'.repeat(200_000)], options).start(undefined), refused);
});
