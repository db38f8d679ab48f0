/** Destinations that acknowledge later what they were sent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ofStream } from '../../src/commands/pull/no-next-run.ts';
import { exit } from '../../src/core/problem.ts';
import type { RunResult } from '../../src/run.ts';
import { memoryRun, minute, start, statuses } from '../support/memory-run.ts';
import { stored } from '../support/memory.ts';

/** The hints as the user is told them. */
function hintsOf({ problems }: Pick<RunResult, 'problems'>, isStream: boolean): (string | undefined)[] {
  const source = { name: 'memory', ...(isStream && { stream: { isOpen: () => false } }) };
  return problems.map((problem) => ofStream(problem, source).hint);
}

test('an acknowledgement that came right before a run was killed is not asked for again: the sink gives it only once', async () => {
  const here = memoryRun();
  here.vendor.stored.push(stored('a', start - minute));
  const killed = new Error('killed');
  const asked: string[] = [];
  here.sink.answer = ({ records }) => ({ outcomes: records.map(() => 'kept'), pending: 'channel:1' });
  here.sink.settle = async (name) => {
    asked.push(name);
    if (asked.length > 1) return { outcome: 'waiting' };
    here.store.save = () => Promise.reject(killed);
    return { outcome: 'kept' };
  };
  await assert.rejects(here.run(), killed);
  here.restart();
  const { problems, summary } = await here.run();
  assert.deepEqual([problems, asked, summary.seen], [[], ['channel:1'], 1]);
});

test('what an earlier run sent does not count as delivered by this one, whose own acknowledgement is still to come', async () => {
  const here = memoryRun();
  const told = new Set<string>();
  const send = (id: string): void => {
    here.vendor.stored.push(stored(id, here.clock.now - minute));
    here.sink.answer = ({ records }) => ({ outcomes: records.map(() => 'kept'), pending: `channel:${id}` });
  };
  here.sink.settle = async (name) => ({ outcome: told.has(name) ? 'kept' : 'waiting' });
  send('a');
  assert.deepEqual(statuses(await here.run()), [exit.tempfail]);
  here.restart();
  here.clock.now += 2 * minute;
  here.vendor.beforePage = () => void told.add('channel:a');
  send('b');
  const { problems, summary } = await here.run();
  assert.deepEqual(
    problems.map(({ message }) => message),
    ['memory has not yet acknowledged 1 batch'],
  );
  assert.deepEqual([summary.awaited, summary.delivered], [1, 0]);
});

test('records of a stream whose acknowledgement never came are reported, since a stream cannot be asked again', async () => {
  for (const isStream of [false, true]) {
    const here = memoryRun({ isStream });
    here.vendor.stored.push(stored('a', start - minute), stored('b', start - minute));
    here.sink.answer = ({ records }) => ({ outcomes: records.map(() => 'kept'), pending: 'channel:1' });
    here.sink.settle = () => Promise.resolve({ outcome: 'waiting' });
    assert.deepEqual(
      (await here.run()).problems.map(({ status }) => status),
      [exit.tempfail],
    );
    if (isStream) here.vendor.stored.length = 0;
    here.sink.answer = () => undefined;
    here.sink.settle = () => Promise.resolve({ outcome: 'lost' });
    const { problems } = await here.run();
    assert.deepEqual(
      problems.map(({ status, message }) => [status, message]),
      isStream
        ? [
            [
              exit.partial,
              '2 records of an earlier run were never acknowledged by memory, and memory cannot be asked for them again',
            ],
          ]
        : [],
    );
    assert.equal(here.sink.taken.length, isStream ? 0 : 2);
  }
});

test('records whose acknowledgement is only late are asked for by the next run, those of a stream, too: nobody is told to print them again', async () => {
  for (const isStream of [false, true]) {
    const here = memoryRun({ isStream });
    here.vendor.stored.push(stored('a', start - minute));
    here.sink.answer = ({ records }) => ({ outcomes: records.map(() => 'kept'), pending: 'channel:1' });
    here.sink.settle = () => Promise.resolve({ outcome: 'waiting' });
    assert.deepEqual(hintsOf(await here.run(), isStream), ['the next run asks again; nothing is lost']);
  }
});

test('records of a stream that were not taken are to be put in again, and those of a vendor come again by themselves', async () => {
  for (const isStream of [false, true]) {
    const here = memoryRun({ isStream });
    here.vendor.stored.push(stored('a', start - minute));
    here.sink.answer = () => ({ again: 'it is busy' });
    const hints = hintsOf(await here.run(), isStream);
    here.sink.answer = ({ records }) => ({ outcomes: records.map(() => 'kept'), pending: 'channel:1' });
    here.sink.settle = () => Promise.resolve({ outcome: 'lost' });
    hints.push(...hintsOf(await here.run(), isStream));
    const retry = 'the next run tries again; if this lasts, look at the destination';
    const expected = isStream
      ? [
          `if this lasts, look at the destination; memory cannot be asked again: have the command before the pipe print once more what was not taken`,
          'memory cannot be asked again: have the command before the pipe print once more what was not taken',
        ]
      : [retry, 'they are sent again by the next run'];
    assert.deepEqual(hints, expected);
  }
});
