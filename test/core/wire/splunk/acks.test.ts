import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acknowledgements, type Acks } from '../../../../src/core/wire/splunk/acks.ts';

const old = '00000000-0000-4000-8000-000000000001';
const fresh = '00000000-0000-4000-8000-000000000002';

/** Asks for them at that time; every question is answered with `answers`. */
async function settle(acks: Acks, pending: readonly string[], now: number, answers: Readonly<Record<string, unknown>>) {
  const asked: [channel: string, numbers: readonly number[]][] = [];
  const settled = await acks.settle(
    pending,
    async (channel, numbers) => {
      asked.push([channel, numbers]);
      return answers;
    },
    () => now,
  );
  return { asked, ...settled };
}

test('what a channel that was forgotten still owed is lost in time, and another channel still owes its own', async () => {
  const acks = acknowledgements({ waiting: { [`${old}:4`]: 1000, [`${fresh}:4`]: 200_000 } });
  const names = [`${old}:4`, `${fresh}:4`];
  assert.deepEqual((await settle(acks, names, 301_000, {})).lost, []);
  assert.deepEqual((await settle(acks, names, 301_001, {})).lost, [`${old}:4`]);
  assert.deepEqual((await settle(acks, [`${fresh}:4`], 301_001, { '4': true })).kept, [`${fresh}:4`]);
});

test('an acknowledgement that has not come after five minutes never will', async () => {
  const acks = acknowledgements({ waiting: { [`${old}:0`]: 1000 } });
  assert.deepEqual((await settle(acks, [`${old}:0`], 301_000, { '0': false })).lost, []);
  assert.equal(acks.isWaiting(), true);
  assert.deepEqual((await settle(acks, [`${old}:0`], 301_001, { '0': false })).lost, [`${old}:0`]);
  assert.equal(acks.isWaiting(), false);
});

test('an acknowledgement that nobody remembers sending has five minutes from the first question on', async () => {
  const acks = acknowledgements(undefined);
  assert.deepEqual((await settle(acks, [`${old}:0`], 1000, {})).lost, []);
  assert.deepEqual((await settle(acks, [`${old}:0`], 301_001, {})).lost, [`${old}:0`]);
});

test('only true is an acknowledgement', async () => {
  const acks = acknowledgements(undefined);
  const names = [1, 2, 3, 4].map((number) => acks.sent(old, number, 1000));
  const { kept, lost, asked } = await settle(acks, names, 2000, { '1': true, '2': 'true', '3': 1 });
  assert.deepEqual({ kept, lost, asked }, { kept: [`${old}:1`], lost: [], asked: [[old, [1, 2, 3, 4]]] });
});

test('a name that is none of ours is not asked for, and nothing is said of it', async () => {
  const acks = acknowledgements(undefined);
  const foreign = ['', 'x', `${old}:`, `${old}:1:2`, `${old}:-1`, `${old}:1e3`, `${old}:1234567890123456`];
  const { kept, lost, asked } = await settle(acks, [...foreign, `${old}:3`], 1000, { '3': true });
  assert.deepEqual({ kept, lost, asked }, { kept: [`${old}:3`], lost: [], asked: [[old, [3]]] });
});

test('each channel is asked for its own numbers', async () => {
  const acks = acknowledgements(undefined);
  const { asked } = await settle(acks, [`${old}:1`, `${fresh}:1`, `${old}:2`], 1000, {});
  assert.deepEqual(asked, [
    [old, [1, 2]],
    [fresh, [1]],
  ]);
});

test('what a run saves is taken up by the next one; anything else begins anew', () => {
  const first = acknowledgements(undefined);
  first.sent(old, 3, 1000);
  const next = acknowledgements(first.saved());
  assert.deepEqual([next.isWaiting(), next.saved()], [true, first.saved()]);
  for (const saved of [null, 'x', [], { channel: old }, { waiting: 'x' }, { channel: 'x', last: 3, waiting: {} }])
    assert.equal(acknowledgements(saved).isWaiting(), false);
});
