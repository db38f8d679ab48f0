import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stopRequests } from '../../src/io/stop.ts';
import type { SignalName } from '../../src/io/world.ts';

interface Wait {
  readonly milliseconds: number;
  over(): void;
}

function world() {
  const waits: Wait[] = [];
  const left: number[] = [];
  let heard: ((name: SignalName) => void) | undefined;
  return {
    waits,
    left,
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

test('the second signal leaves at once', () => {
  const outside = world();
  stopRequests(outside);
  outside.signal('SIGINT');
  assert.deepEqual(outside.left, []);
  outside.signal('SIGINT');
  assert.deepEqual(outside.left, [130]);
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
