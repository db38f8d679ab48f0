import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ackAnswer, acknowledgements, type AckAnswer, type Acks } from '../../../../src/core/wire/splunk/acks.ts';

const old = '00000000-0000-4000-8000-000000000001';
const fresh = '00000000-0000-4000-8000-000000000002';

/** What becomes of it when it is asked for at that time. */
async function settle(acks: Acks, name: string, now: number, answer: AckAnswer = 'waiting'): Promise<string> {
  const { outcome } = await acks.settle(
    name,
    async () => answer,
    () => now,
  );
  return outcome;
}

test('what a channel that was forgotten still owed is lost in time, and another channel still owes its own', async () => {
  const acks = acknowledgements({ waiting: { [`${old}:4`]: 1000, [`${fresh}:4`]: 200_000 } });
  for (const name of [`${old}:4`, `${fresh}:4`]) assert.equal(await settle(acks, name, 301_000), 'waiting');
  assert.equal(await settle(acks, `${old}:4`, 301_001), 'lost');
  assert.equal(await settle(acks, `${fresh}:4`, 301_001), 'waiting');
  assert.equal(await settle(acks, `${fresh}:4`, 301_001, 'indexed'), 'kept');
});

test('an acknowledgement that has not come after five minutes never will', async () => {
  const acks = acknowledgements({ waiting: { [`${old}:0`]: 1000 } });
  assert.equal(await settle(acks, `${old}:0`, 301_000), 'waiting');
  assert.equal(acks.isWaiting(), true);
  assert.equal(await settle(acks, `${old}:0`, 301_001), 'lost');
  assert.equal(acks.isWaiting(), false);
});

test('an acknowledgement that nobody remembers sending has five minutes from the first question on', async () => {
  const acks = acknowledgements(undefined);
  assert.equal(await settle(acks, `${old}:0`, 1000), 'waiting');
  assert.equal(await settle(acks, `${old}:0`, 301_000), 'waiting');
  assert.equal(await settle(acks, `${old}:0`, 301_001), 'lost');
});

test('an acknowledgement that was to come by a clock that was set back since has five minutes from the next question on', async () => {
  const sent = acknowledgements(undefined);
  const day = 86_400_000;
  sent.sent(old, 0, day);
  const acks = acknowledgements(sent.saved());
  assert.equal(await settle(acks, `${old}:0`, 1000), 'waiting');
  const next = acknowledgements(acks.saved());
  assert.equal(await settle(next, `${old}:0`, 301_000), 'waiting');
  assert.equal(await settle(next, `${old}:0`, 301_001), 'lost');
});

test('each is asked for in its channel, by its number', async () => {
  const acks = acknowledgements(undefined);
  const asked: [channel: string, ackId: number][] = [];
  for (const name of [`${old}:1`, `${fresh}:20`]) {
    await acks.settle(
      name,
      async (channel, ackId) => {
        asked.push([channel, ackId]);
        return 'indexed';
      },
      () => 1000,
    );
  }
  assert.deepEqual(asked, [
    [old, 1],
    [fresh, 20],
  ]);
});

test('an acknowledgement that is not one of ours is not asked for: its records are sent again', async () => {
  const acks = acknowledgements(undefined);
  for (const name of ['', 'x', `${old}:`, `${old}:1:2`, `${old}:-1`, `${old}:1e3`, `${old}:1234567890123456`]) {
    const settled = acks.settle(
      name,
      () => assert.fail(name),
      () => 1000,
    );
    assert.deepEqual(await settled, { outcome: 'lost' });
  }
});

test('what a run saves is taken up by the next one; anything else begins anew', () => {
  const first = acknowledgements(undefined);
  first.sent(old, 3, 1000);
  const next = acknowledgements(first.saved());
  assert.deepEqual([next.isWaiting(), next.saved()], [true, first.saved()]);
  for (const saved of [null, 'x', [], { channel: old }, { waiting: 'x' }, { channel: 'x', last: 3, waiting: {} }])
    assert.equal(acknowledgements(saved).isWaiting(), false);
});

test('a record is indexed when its own number is true, and a token that acknowledges no more says so with 400', () => {
  assert.equal(ackAnswer(200, { acks: { 4: true, 5: false } }, 4), 'indexed');
  for (const number of [5, 6]) assert.equal(ackAnswer(200, { acks: { 4: true, 5: false } }, number), 'waiting');
  assert.equal(ackAnswer(200, { acks: { 4: 'true' } }, 4), 'waiting');
  assert.equal(ackAnswer(400, { text: 'ACK is disabled', code: 14 }, 4), 'none');
  for (const [status, answer] of [
    [200, { text: 'Success', code: 0 }],
    [200, undefined],
    [400, { text: 'No data', code: 5 }],
    [503, { acks: { 4: true } }],
    [503, { code: 14 }],
  ] as const)
    assert.equal(ackAnswer(status, answer, 4), undefined);
});
