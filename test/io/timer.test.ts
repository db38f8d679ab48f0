import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after } from '../../src/io/timer.ts';

test('times longer than a timer of Node can count are not over at once, and can be called off', async () => {
  const heard: string[] = [];
  const longs = [2 ** 31, 2 ** 33, 1e300, Infinity].map((time) => after(time, () => void heard.push(`${time}`)));
  await new Promise<void>((resolve) => after(20, resolve));
  assert.deepEqual(heard, []);
  for (const callOff of longs) callOff();
});

test('a time that is over already is over in the next turn, not in this one', async () => {
  let isOver = false;
  const over = new Promise<void>((resolve) =>
    after(-5, () => {
      isOver = true;
      resolve();
    }),
  );
  assert.equal(isOver, false);
  await over;
});
