import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pace } from '../../../src/core/vendor/pace.ts';

/** A clock that only waiting moves. */
function clock(now = 1_000_000) {
  const waits: number[] = [];
  return {
    waits,
    now: () => now,
    set: (to: number) => void (now = to),
    async wait(milliseconds: number) {
      waits.push(milliseconds);
      now += milliseconds;
    },
  };
}

const rate = { rate: { header: 'X-RateLimit-Limit', per: '1m' } };

test('without limits nothing waits', async () => {
  const time = clock();
  const turn = pace(undefined, time);
  for (let count = 0; count < 100; count++) await turn.wait();
  assert.deepEqual(time.waits, []);
});

test('an interval keeps requests apart, but not the first one and not those that are late anyway', async () => {
  const time = clock();
  const turn = pace({ interval: '2s' }, time);
  await turn.wait();
  await turn.wait();
  time.set(time.now() + 5000);
  await turn.wait();
  assert.deepEqual(time.waits, [2000]);
});

test('a rate told in a header is used up at once, and then kept in any minute', async () => {
  const time = clock();
  const turn = pace(rate, time);
  const sent: number[] = [];
  for (let count = 0; count < 10; count++) {
    await turn.wait();
    sent.push(time.now());
    turn.learn({ 'x-ratelimit-limit': '3' });
    time.set(time.now() + 1000);
  }
  assert.deepEqual(
    sent.map((at) => at - 1_000_000),
    [0, 1, 2, 60, 61, 62, 120, 121, 122, 180].map((second) => second * 1000),
  );
});

test('a lower rate counts from the next request on, and nonsense changes nothing', async () => {
  const time = clock();
  const turn = pace(rate, time);
  for (const told of ['100', '100', '2', '0', 'many', '-1', '1e3', '']) {
    await turn.wait();
    turn.learn({ 'x-ratelimit-limit': told });
  }
  turn.learn({});
  assert.deepEqual(time.waits, [60_000, 60_000, 60_000].slice(0, time.waits.length));
  assert.equal(time.waits.length, 3);
});

for (const [told, waits] of [
  ['2, 2;w=1', [1000, 1000]],
  ['2,1000;w=3600, 2;comment="a";w=1;name="x"', [1000, 1000]],
  [' 2;w=5 ', [5000, 5000]],
  ['2, 100;w=1', [60_000, 60_000]],
  ['2, 2;w=0', [60_000, 60_000]],
  ['2, 2;window=1', [60_000, 60_000]],
  ['2;', [60_000, 60_000]],
  ['160, 160;w=1', []],
  ['2x, 2;w=1', []],
  ['"default";q=2;w=1', []],
] as const) {
  test(`a rate may come with its policies, which say for how many seconds it is meant: ${told}`, async () => {
    const time = clock();
    const turn = pace(rate, time);
    for (let count = 0; count < 5; count++) {
      await turn.wait();
      turn.learn({ 'x-ratelimit-limit': told });
    }
    assert.deepEqual(time.waits, waits);
  });
}

test('a clock that is set back an hour costs no hour', async () => {
  const time = clock(10_000_000);
  const turn = pace({ ...rate, interval: '2s' }, time);
  await turn.wait();
  turn.learn({ 'x-ratelimit-limit': '1' });
  time.set(time.now() - 3_600_000);
  await turn.wait();
  assert.deepEqual(time.waits, [2000]);
});
