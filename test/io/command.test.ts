import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { Problem } from '../../src/core/problem.ts';
import { openCommand } from '../../src/io/command.ts';
import { problem } from '../support/problem.ts';
import { scratch } from '../support/program.ts';
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
      assert.throws(() => openCommand(['sh', '-c', 'true'], options).start(undefined), notStarted);
    } finally {
      disarm();
    }
    await sleep(10); // Node tells some of it later, and nothing may be left that nobody hears
  });
}

test('a command whose words are too long for the system is a Problem', () => {
  assert.throws(() => openCommand(['sh', '-c', 'x'.repeat(200_000)], options).start(undefined), notStarted);
});

test('a command that reads nothing does not keep the run: it is ended, and said to read nothing', async () => {
  const run = openCommand(['sh', '-c', 'exec sleep 1000'], {
    ...options,
    environment: { PATH: '/usr/bin:/bin' },
  }).start(undefined);
  await assert.rejects(
    run.write(Buffer.alloc(16 * 1024 * 1024)),
    problem(74, 'the command sh read nothing for 1 s', /^allow it more time with --timeout; the position stays/),
  );
});

test('a command is not started once the time of the run is over: nothing would end it', () => {
  const over = new Problem(75, '--max-runtime 1s is over');
  const stopped = { ...options, stop: AbortSignal.abort(over) };
  assert.throws(() => openCommand(['sh', '-c', 'true'], stopped).start(undefined), over);
});

/** What is printed is passed on, whatever it is. */
const passing = { isPassedOn: () => true, hear: nothing, shown: false };
const withPath = { ...options, environment: { PATH: '/usr/bin:/bin' } };

test('a command has ended when what it printed last is passed on: a reader that goes away until then is told', async () => {
  const gone = new Problem(74, 'the reader of the pipe is gone');
  const put = async (): Promise<void> => {
    await sleep(300); // it ends meanwhile
    throw gone;
  };
  const run = openCommand(['sh', '-c', 'cat; echo records'], { ...withPath, put }).start(passing);
  await assert.rejects(run.finish(), gone);
});

test('what a command prints is passed on piece by piece in its order, and the next piece waits, even once it has ended', async (t) => {
  const go = join(scratch(t), 'go');
  const steps: string[] = [];
  const put = async (bytes: Buffer): Promise<void> => {
    steps.push(`${bytes.toString()} begins`);
    writeFileSync(go, ''); // now it prints the rest, and ends
    await sleep(300);
    steps.push(`${bytes.toString()} ends`);
  };
  const words = ['sh', '-c', 'cat; printf first; until [ -e "$0" ]; do sleep 0.01; done; printf last', go] as const;
  await openCommand([...words], { ...withPath, put })
    .start(passing)
    .finish();
  assert.deepEqual(steps, ['first begins', 'first ends', 'last begins', 'last ends']);
});

test('a run that is to stop does not wait for who reads what a command printed', async () => {
  const stop = new AbortController();
  const over = new Problem(75, '--max-runtime 1s is over');
  const put = async (): Promise<void> => {
    setTimeout(() => stop.abort(over), 300);
    await new Promise(() => {});
  };
  const run = openCommand(['sh', '-c', 'cat; echo records'], { ...withPath, stop: stop.signal, put }).start(passing);
  await assert.rejects(run.finish(), over);
});

test('time in which this process stands still does not count: a command that reads meanwhile, and wants more, gets it', async () => {
  const run = openCommand(['sh', '-c', 'sleep 0.3; cat > /dev/null'], { ...withPath, timeout: 2500 }).start(undefined);
  const written = run.write(Buffer.alloc(4_000_000)); // more than the socket holds
  await sleep(100);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000);
  await written;
  await run.finish();
});
