/** What becomes of a run whose source or destination fails, or that is stopped. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { exit, Problem } from '../../src/core/problem.ts';
import { fail, memoryRun, minute, start, statuses } from '../support/memory-run.ts';
import { memorySink, stopWith, stored } from '../support/memory.ts';

test('source and destination are closed and the lock is let go, whatever happened', async () => {
  const here = memoryRun();
  here.vendor.beforePage = () => {
    throw new Problem(exit.protocol, 'not JSON');
  };
  await here.run();
  assert.equal(here.vendor.closed, 1);
  assert.equal(here.sink.closed, 1);
  assert.equal(here.store.locked, false);
});

test('source and destination are closed after a bug as well', async () => {
  for (const breaks of ['source', 'sink'] as const) {
    const here = memoryRun();
    here.vendor.stored.push(stored('a', start - minute));
    const mistake = (): never => {
      throw new TypeError('a mistake');
    };
    if (breaks === 'source') here.vendor.beforePage = mistake;
    else here.sink.answer = mistake;
    await assert.rejects(here.run(), TypeError);
    assert.deepEqual([here.vendor.closed, here.sink.closed], [1, 1], breaks);
  }
});

test('a destination that cannot be opened is closed, and what it kept with the position stays for the next run', async () => {
  const here = memoryRun();
  here.sink.saved = () => ({ size: 7 });
  assert.deepEqual(statuses(await here.run()), []);
  here.restart();
  here.sink = memorySink();
  here.sink.open = () => Promise.reject(new Problem(exit.cantcreat, 'memory cannot be opened'));
  assert.deepEqual(statuses(await here.run()), [exit.cantcreat]);
  assert.deepEqual([here.sink.closed, here.vendor.closed, here.store.locked], [1, 2, false]);
  assert.deepEqual((await here.store.load())?.saved, { size: 7 });
});

test('a page that fails leaves the watermark where it was, and what was delivered is not delivered again', async () => {
  const here = memoryRun({ pageSize: 2 });
  for (let at = 1; at <= 10; at++) here.vendor.stored.push(stored(`a${at}`, start - at * minute));
  here.vendor.beforePage = (page) => {
    if (page === 3) throw new Problem(exit.unavailable, 'the network is gone');
  };
  assert.deepEqual(statuses(await here.run()), [exit.unavailable]);
  const before = here.ids().length;
  assert.ok(before > 0 && before < 10, `${before} of 10 were delivered before the failure`);

  here.restart();
  here.vendor.beforePage = () => {};
  assert.deepEqual(statuses(await here.run()), []);
  assert.deepEqual(here.ids().toSorted(), here.vendor.stored.map(({ id }) => id).toSorted());
});

for (const status of [exit.tempfail, exit.unavailable, exit.noperm, exit.protocol, exit.terminate]) {
  test(`what was read before the source failed with ${status} is delivered and remembered, and the position stays`, async () => {
    const here = memoryRun({ pageSize: 2 });
    here.sink = memorySink({ records: 100 });
    for (let at = 1; at <= 10; at++) here.vendor.stored.push(stored(`a${at}`, start - at * minute));
    here.vendor.beforePage = (page) => {
      if (page !== 2) return;
      if (status === exit.terminate) stopWith(here.controller, new Problem(status, 'stopped'));
      throw new Problem(status, 'no further page');
    };
    assert.deepEqual(statuses(await here.run()), [status]);
    assert.deepEqual(here.ids(), ['a1', 'a2', 'a3', 'a4']);
    assert.equal((await here.place())?.watermark, undefined);

    here.restart();
    here.controller = new AbortController();
    here.vendor.beforePage = () => {};
    assert.deepEqual(statuses(await here.run()), []);
    assert.deepEqual(here.ids().toSorted(), here.vendor.stored.map(({ id }) => id).toSorted(), 'each of them once');
  });
}

test('what a failing sink did not take is delivered by the next run', async () => {
  const here = memoryRun();
  for (let at = 1; at <= 10; at++) here.vendor.stored.push(stored(`a${at}`, start - at * minute));
  here.sink.answer = () => {
    if (here.sink.batches > 1) throw new Problem(exit.unavailable, 'the sink is down');
    return undefined;
  };
  assert.deepEqual(statuses(await here.run()), [exit.unavailable]);
  assert.equal(here.ids().length, 4);
  here.restart();
  here.sink.answer = () => undefined;
  here.clock.now += minute;
  assert.deepEqual(statuses(await here.run()), []);
  assert.equal(new Set(here.ids()).size, 10);
  assert.equal(here.ids().length, 10);
});

test('a batch that is still under way when another fails is waited for, and not sent again', async () => {
  const here = memoryRun({ pageSize: 20 });
  for (let at = 1; at <= 6; at++) here.vendor.stored.push(stored(`a${at}`, start - at * minute));
  here.sink = { ...memorySink({ records: 2 }), inFlight: 2 };
  const { send, taken } = here.sink;
  here.sink.send = async (batch) => {
    if (taken.length === 0 && here.sink.batches++ === 0) fail(new Problem(exit.noperm, 'the key is revoked'));
    await sleep(20);
    return send(batch);
  };
  assert.deepEqual(statuses(await here.run()), [exit.noperm]);
  assert.deepEqual(here.ids(), ['a3', 'a4']);
  here.restart();
  assert.deepEqual(statuses(await here.run()), []);
  assert.deepEqual(here.ids().toSorted(), ['a1', 'a2', 'a3', 'a4', 'a5', 'a6']);
});

/** A vendor that fails at its second page, before a batch is full. */
function cutOff(): ReturnType<typeof memoryRun> {
  const here = memoryRun({ pageSize: 2 });
  here.sink = memorySink({ records: 3 });
  for (let at = 1; at <= 10; at++) here.vendor.stored.push(stored(`a${at}`, start - at * minute));
  here.vendor.beforePage = (page) => {
    if (page === 2) throw new Problem(exit.unavailable, 'the network is gone');
  };
  return here;
}

test('a destination that fails with what a failed source left is reported as well, and is sent nothing twice', async () => {
  const here = cutOff();
  here.sink.answer = () => {
    if (here.sink.batches === 2) throw new Problem(exit.noperm, 'the key is revoked');
    return undefined;
  };
  assert.deepEqual(statuses(await here.run()), [exit.noperm, exit.unavailable]);
  assert.deepEqual([here.sink.batches, here.ids()], [2, ['a1', 'a2', 'a3']]);
});

test('a destination that has failed is not sent what is left when the source fails as well', async () => {
  const here = cutOff();
  here.sink.answer = () => {
    throw new Problem(exit.noperm, 'the key is revoked');
  };
  assert.deepEqual(statuses(await here.run()), [exit.noperm, exit.unavailable]);
  assert.equal(here.sink.batches, 1);
});

test('a run that is stopped, and whose destination then fails, says both: a signal comes before all else', async () => {
  const here = memoryRun();
  here.vendor.stored.push(stored('a', start - minute));
  const stopped = new Problem(exit.terminate, 'stopped by SIGTERM');
  const gone = new Problem(exit.ioerr, 'the reader of the pipe is gone');
  here.sink.answer = () => {
    here.controller.abort(stopped);
    throw gone;
  };
  const { problems } = await here.run();
  assert.deepEqual(
    problems.toSorted((one, other) => one.status - other.status),
    [gone, stopped],
  );
});
