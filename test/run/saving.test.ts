/** The order in which a run sends and saves, and disks that take no position or no quarantine. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { parseDuration } from '../../src/core/clock/duration.ts';
import { exit, Problem } from '../../src/core/problem.ts';
import { down, fail, memoryRun, minute, start, statuses } from '../support/memory-run.ts';
import { stopWith, stored } from '../support/memory.ts';

for (const slice of [undefined, '20m']) {
  const when = slice === undefined ? 'while a window is read' : 'with each slice';
  test(`what was sent is durable at the destination before what goes by it is saved ${when}`, async () => {
    const here = memoryRun({ pageSize: 2, rules: slice === undefined ? {} : { slice: parseDuration(slice, 'slice') } });
    for (let at = 1; at <= 9; at++) here.vendor.stored.push(stored(`a${at}`, start - at * 6 * minute));
    const steps: string[] = [];
    const { save, journal } = here.store;
    here.sink.answer = () => void steps.push('send');
    here.sink.flush = async () => void steps.push('flush');
    here.store.save = (position) => (steps.push('save'), save(position));
    here.store.journal = (...entry) => (steps.push('journal'), journal(...entry));
    assert.deepEqual(statuses(await here.run()), []);
    const order = steps.join(' ');
    assert.match(order, slice === undefined ? /send .*journal .*send/ : /send .*save .*send/);
    assert.doesNotMatch(order, /send (?:save|journal)/);
  });
}

for (const [what, fail] of [
  ['that was read to its end', false],
  ['that failed in the middle', true],
] as const) {
  test(`what a branch ${what} delivered is durable before the next one sends anything`, async () => {
    const here = memoryRun({ pageSize: 2 });
    here.vendor.branches = async () => ['one', 'two', 'three'];
    const pull = here.vendor.pull;
    here.vendor.pull = async function* (ask) {
      // Each branch has records of its own.
      for await (const page of pull(ask)) {
        yield { ...page, records: page.records.filter(({ bytes }) => bytes.includes(ask.branch)) };
      }
      if (fail && ask.branch === 'one') throw new Problem(exit.unavailable, 'the page broke off');
    };
    for (const branch of ['one', 'two', 'three']) {
      for (let at = 1; at <= 5; at++) here.vendor.stored.push(stored(`${branch}${at}`, start - at * minute));
    }
    const notDurable: string[] = [];
    here.sink.answer = () => {
      const journal = here.store.disk.journal.map(({ lines }) => lines).join('');
      notDurable.push(...here.ids().filter((id) => !journal.includes(JSON.stringify(id))));
      return undefined;
    };
    await here.run();
    assert.deepEqual(notDurable, []);
    assert.equal(here.store.journals, here.sink.batches - 1, 'the last batch is saved with the position');
  });
}

test('only a run that ends well tells the destination that all is settled', async () => {
  const here = memoryRun();
  const told: (boolean | undefined)[] = [];
  here.sink.saved = (settled) => (told.push(settled), { size: 7 });
  here.vendor.stored.push(stored('a', start - minute));
  await here.run();
  assert.deepEqual([told.slice(0, -1).includes(true), told.at(-1)], [false, true]);
  here.vendor.beforePage = () => fail(down);
  await here.run();
  assert.equal(told.at(-1), false);
});

for (const which of ['first', 'next']) {
  test(`a disk that cannot take the ${which} position is noticed before anything is sent`, async () => {
    const here = memoryRun();
    if (which === 'next') await here.run();
    here.vendor.stored.push(stored('a', start - minute));
    here.store.failSave = new Problem(exit.ioerr, 'disk full');
    assert.deepEqual(statuses(await here.run()), [exit.ioerr]);
    assert.deepEqual(here.ids(), []);
  });
}

test('a position that can no longer be saved once records were sent is a failure, and they come again', async () => {
  const here = memoryRun();
  await here.run();
  here.vendor.stored.push(stored('a', start - minute));
  here.sink.answer = () => {
    here.store.failSave = new Problem(exit.ioerr, 'disk full');
    return undefined;
  };
  assert.deepEqual(statuses(await here.run()), [exit.ioerr]);
  here.sink.answer = () => undefined;
  here.restart();
  assert.deepEqual(statuses(await here.run()), []);
  assert.deepEqual(here.ids(), ['a', 'a']);
});

test('a quarantine that cannot be written in one branch is reported once, with the branch’s name', async () => {
  const here = memoryRun();
  here.vendor.branches = async () => ['one', 'two'];
  here.vendor.refused = [{ text: Buffer.from('{'), more: false, reason: 'no JSON', key: 'refused:1' }];
  let pulls = 0;
  const pull = here.vendor.pull;
  here.vendor.pull = (ask) => {
    pulls += 1;
    return pull(ask);
  };
  here.quarantine.flush = async () => {
    if (pulls === 1) throw new Problem(exit.ioerr, 'the disk is full');
  };
  assert.equal((await here.run()).problems[0]?.message, 'one: the disk is full');
});

test('when a slice fails, and then the quarantine cannot be written, both are reported, and nothing counts as set aside', async () => {
  const here = memoryRun();
  const full = new Problem(exit.ioerr, 'the disk is full');
  here.quarantine.flush = () => Promise.reject(full);
  here.vendor.refused = [{ text: Buffer.from('{'), more: false, reason: 'no JSON', key: 'refused:1' }];
  here.vendor.stored.push(...[1, 2, 3, 4].map((at) => stored(`a${at}`, start - at * minute)));
  here.vendor.beforePage = (page) => {
    if (page === 1) throw new Problem(exit.unavailable, 'the network is gone');
  };
  const { problems, summary } = await here.run();
  assert.deepEqual(
    problems.map(({ message }) => message),
    ['the disk is full', 'the network is gone'],
  );
  assert.equal(summary.quarantined, 0);
});

test('what a stream cannot show again is not said to be set aside where the quarantine could not be written', async () => {
  const here = memoryRun({ isStream: true });
  here.quarantine.flush = () =>
    Promise.reject(new Problem(exit.ioerr, 'the disk is full', { hint: 'free some space' }));
  here.vendor.refused = [{ text: Buffer.from('{'), more: false, reason: 'no JSON' }];
  const { problems, summary } = await here.run();
  assert.deepEqual(
    problems.map(({ message }) => message),
    ['the disk is full'],
  );
  assert.match(problems[0]?.hint ?? '', /^free some space; memory cannot be asked again: /);
  assert.deepEqual([summary.quarantined, summary.unreadable], [0, 0]);
});

test('a sink that fails is not tried again in the next branch, also when the quarantine cannot be written', async () => {
  const here = memoryRun();
  here.vendor.branches = async () => ['one', 'two'];
  here.quarantine.flush = () => Promise.reject(new Problem(exit.ioerr, 'the disk is full'));
  here.vendor.stored.push(stored('a', start - minute));
  here.sink.answer = () => {
    throw new Problem(exit.noperm, 'the key was revoked');
  };
  assert.deepEqual(statuses(await here.run()), [exit.ioerr, exit.noperm]);
  assert.equal(here.sink.batches, 1);
});

test('a run that is out of time takes smaller steps next time, also when the quarantine cannot be written', async () => {
  const here = memoryRun();
  here.quarantine.flush = () => Promise.reject(new Problem(exit.ioerr, 'the disk is full'));
  here.vendor.stored.push(stored('a', start - minute));
  const late = new Problem(exit.tempfail, 'out of time');
  here.vendor.beforePage = () => stopWith(here.controller, late);
  assert.deepEqual(statuses(await here.run()), [exit.ioerr, exit.tempfail]);
  assert.equal((await here.place())?.slice, 30 * minute);
});
