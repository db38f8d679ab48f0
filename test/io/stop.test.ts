import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Problem } from '../../src/core/problem.ts';
import { stopRequests as requestsOf } from '../../src/io/stop.ts';
import type { SignalName } from '../../src/io/world.ts';

interface Wait {
  readonly milliseconds: number;
  over(): void;
}

function world() {
  const waits: Wait[] = [];
  const left: number[] = [];
  const told: string[] = [];
  let heard: ((name: SignalName) => void) | undefined;
  return {
    waits,
    left,
    told,
    /** Of a clock that nobody sets. */
    time: 0,
    elapsed(): number {
      return this.time;
    },
    tell: ({ status, message }: Problem): void => void told.push(`${status} ${message}`),
    signal: (name: SignalName): void => heard?.(name),
    onSignal(listener: (name: SignalName) => void) {
      heard = listener;
      return () => (heard = undefined);
    },
    wait: (milliseconds: number, stop: AbortSignal) =>
      new Promise<void>((over, reject) => {
        waits.push({ milliseconds, over });
        stop.addEventListener('abort', () => reject(new Error('closed')));
      }),
    leave: (status: number): void => void left.push(status),
  };
}

const stopRequests = (outside: ReturnType<typeof world>) => requestsOf(outside, outside.tell, true);

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a signal stops the source at once and the sink ten seconds later', async () => {
  const outside = world();
  const { stop, grace } = stopRequests(outside);
  outside.signal('SIGTERM');
  assert.equal(stop.aborted, true);
  assert.equal((stop.reason as { status: number }).status, 143);
  assert.equal(grace.aborted, false);
  assert.equal(outside.waits[0]?.milliseconds, 10_000);
  outside.waits[0]?.over();
  await soon();
  assert.equal(grace.aborted, true);
  assert.equal(grace.reason, stop.reason);
});

test('a second signal leaves at once, and says so', () => {
  const outside = world();
  stopRequests(outside);
  outside.signal('SIGINT');
  outside.time = 1000;
  assert.deepEqual(outside.left, []);
  outside.signal('SIGINT');
  assert.deepEqual(outside.left, [130]);
  assert.deepEqual(outside.told, ['130 stopped at once by a second signal (SIGINT)']);
});

test('what signals a process and then its group, as timeout(1) does, asks once', () => {
  const outside = world();
  const { stop } = stopRequests(outside);
  outside.signal('SIGTERM');
  outside.time = 999;
  outside.signal('SIGTERM');
  assert.deepEqual([outside.left, outside.told], [[], []]);
  assert.equal((stop.reason as Problem).status, 143);
  outside.time = 1500; // after the first, and not after the last
  outside.signal('SIGTERM');
  assert.deepEqual(outside.left, [143]);
});

for (const [limit, reads] of [
  [5000, 4500],
  [60_000, 54_000],
  [3_600_000, 3_590_000],
] as const) {
  test(`a run of ${limit / 1000} s reads for ${reads / 1000} s, and delivers until its end`, async () => {
    const outside = world();
    const requests = stopRequests(outside);
    requests.stopAfter(limit, 'so long');
    assert.equal(outside.waits[0]?.milliseconds, reads);
    outside.time = reads;
    outside.waits[0]?.over();
    await soon();
    assert.equal((requests.stop.reason as { status: number }).status, 75);
    assert.deepEqual([requests.grace.aborted, outside.waits[1]?.milliseconds], [false, limit - reads]);
    outside.waits[1]?.over();
    await soon();
    assert.equal(requests.grace.reason, requests.stop.reason);
  });
}

test('the ten seconds after a signal end with the time of the run, too', () => {
  const outside = world();
  stopRequests(outside).stopAfter(60_000, '60s');
  outside.time = 53_000;
  outside.signal('SIGTERM');
  assert.equal(outside.waits[1]?.milliseconds, 7000);
});

test('a signal after the time is over is the first signal', async () => {
  const outside = world();
  const requests = stopRequests(outside);
  requests.stopAfter(50_000, '50s');
  outside.waits[0]?.over();
  await soon();
  assert.equal((requests.stop.reason as { status: number }).status, 75);
  outside.signal('SIGTERM');
  assert.deepEqual(outside.left, []);
});

test('once closed, nothing stops any more and nothing is waited for', async () => {
  const outside = world();
  const requests = stopRequests(outside);
  requests.stopAfter(1000, '1s');
  requests.close();
  outside.signal('SIGINT');
  await soon();
  assert.equal(requests.stop.aborted, false);
});
