/**
 * Several branches in one run: what one that fails does to the others, whose turn is first, and those that are listed for
 * the first time, or no longer.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from '../../src/core/clock/duration.ts';
import { exit, Problem } from '../../src/core/problem.ts';
import { down, everyMinute, fail, memoryRun, minute, partedByName, start, statuses } from '../support/memory-run.ts';
import { stored } from '../support/memory.ts';

/** What stops a run whose time is over. */
const outOfTime = new Problem(exit.tempfail, 'the time is over');

test('one failing branch stops none of the others', async () => {
  const here = memoryRun();
  here.vendor.stored.push(stored('a', start - minute));
  here.vendor.branches = async () => ['one', 'two', 'three'];
  const pull = here.vendor.pull;
  here.vendor.pull = (ask) => {
    if (ask.branch === 'two') throw new Problem(exit.noperm, 'not for this organisation');
    return pull(ask);
  };
  assert.deepEqual(statuses(await here.run()), [exit.noperm]);
  const position = await here.store.load();
  assert.deepEqual(
    ['one', 'two', 'three'].map((branch) => position?.branches.get(branch)?.watermark !== undefined),
    [true, false, true],
  );
});

test('a Problem of some branches names them, one of all branches does not', async () => {
  const here = memoryRun();
  here.vendor.branches = async () => ['one', 'two', 'three'];
  const pull = here.vendor.pull;
  let refused = ['two', 'three'];
  here.vendor.pull = (ask) => {
    if (refused.includes(ask.branch)) throw new Problem(exit.noperm, 'not for this organisation', { hint: 'ask them' });
    return pull(ask);
  };
  const some = await here.run();
  assert.deepEqual(
    some.problems.map(({ status, message, hint }) => [status, message, hint]),
    [[exit.noperm, 'two, three: not for this organisation', 'ask them']],
  );
  refused = ['one', 'two', 'three'];
  assert.deepEqual(
    (await here.run()).problems.map(({ message }) => message),
    ['not for this organisation'],
  );
  refused = Array.from({ length: 5000 }, (_, at) => `b${at}`);
  here.vendor.branches = async () => ['one', ...refused];
  assert.deepEqual(
    (await here.run()).problems.map(({ message }) => message),
    ['b0, b1, b2, b3, b4, b5, b6, b7, b8, b9 and 4990 more: not for this organisation'],
  );
});

test('what a run that failed in several ways writes down is the failure that its status tells', async () => {
  const here = memoryRun();
  here.vendor.branches = async () => ['one', 'two'];
  here.vendor.pull = ({ branch }) => {
    throw branch === 'one'
      ? new Problem(exit.tempfail, 'asks for less')
      : new Problem(exit.noperm, 'not for this organisation');
  };
  await here.run();
  const last = (await here.store.load())?.last;
  assert.deepEqual([last?.exit, last?.outcome], [exit.noperm, 'two: not for this organisation']);
});

test('a run that is stopped in one of several branches says so once, with the branch', async () => {
  const here = memoryRun();
  partedByName(here, ['slow', 'good']);
  const { pull } = here.vendor;
  here.vendor.pull = async function* (ask) {
    here.controller.abort(outOfTime);
    yield* pull(ask);
    throw outOfTime;
  };
  const { problems } = await here.run();
  assert.deepEqual(
    problems.map(({ status, message }) => [status, message]),
    [[exit.tempfail, 'slow: the time is over']],
  );
});

test('a run that is stopped between two branches does not end as if it had read them all', async () => {
  const here = memoryRun();
  here.vendor.stored.push(stored('a', start - minute));
  here.vendor.branches = async () => ['one', 'two'];
  const { pull } = here.vendor;
  const asked = new Set<string>();
  here.vendor.pull = (ask) => (asked.add(ask.branch), pull(ask));
  here.sink.answer = () => {
    here.controller.abort(new Problem(exit.tempfail, 'out of time')); // the last batch of the first is on its way
    return undefined;
  };
  const { problems } = await here.run();
  assert.deepEqual([...asked], ['one']);
  assert.deepEqual(
    problems.map(({ status, message }) => [status, message]),
    [[exit.tempfail, 'out of time']],
  );
  const position = await here.store.load();
  assert.equal(position?.last?.exit, exit.tempfail);
  assert.notEqual(position?.branches.get('one')?.watermark, undefined, 'what was read to its end counts');
});

test('branches that take all of a run’s time keep no other from being read: the next run begins with the one after', async () => {
  const here = memoryRun();
  partedByName(here, ['slow', 'good', 'slower', 'fine']);
  const { pull } = here.vendor;
  let asked: string[] = [];
  here.vendor.pull = async function* (ask) {
    asked.push(ask.branch);
    if (ask.branch.startsWith('slow')) {
      here.controller.abort(outOfTime);
      throw outOfTime;
    }
    yield* pull(ask);
  };
  async function asks(): Promise<string[]> {
    asked = [];
    here.restart();
    here.controller = new AbortController();
    here.clock.now += minute;
    await here.run();
    return [...new Set(asked)];
  }
  assert.deepEqual(await asks(), ['slow']);
  assert.deepEqual(await asks(), ['good', 'slower']);
  assert.deepEqual(await asks(), ['fine', 'slow']);
  assert.deepEqual(await asks(), ['good', 'slower']);
  here.vendor.pull = async function* (ask) {
    asked.push(ask.branch);
    yield* pull(ask);
  };
  assert.deepEqual(await asks(), ['fine', 'slow', 'good', 'slower']);
  assert.deepEqual(await asks(), ['slow', 'good', 'slower', 'fine'], 'as they are listed');
});

test('one query with a position, which asks the first branch alone, leaves the turn of the others as it was', async () => {
  const here = memoryRun();
  partedByName(here, ['a', 'b', 'c']);
  const { pull } = here.vendor;
  let asked: string[] = [];
  here.vendor.pull = () => {
    here.controller.abort(outOfTime);
    throw outOfTime;
  };
  await here.run();
  here.vendor.pull = async function* (ask) {
    asked.push(ask.branch);
    yield* pull(ask);
  };
  const asks = async (single: boolean): Promise<string[]> => {
    asked = [];
    here.controller = new AbortController();
    here.restart();
    here.clock.now += minute;
    await here.run({ search: { ...everyMinute.search, single } });
    return [...new Set(asked)];
  };
  assert.deepEqual(await asks(true), ['a']);
  assert.deepEqual(await asks(false), ['b', 'c', 'a']);
});

test('a branch that is no longer listed when it would be the first does not change the order', async () => {
  const here = memoryRun();
  partedByName(here, ['a', 'b']);
  const { pull } = here.vendor;
  const asked: string[] = [];
  here.vendor.pull = async function* (ask) {
    asked.push(ask.branch);
    if (asked.length === 1) {
      here.controller.abort(outOfTime);
      throw outOfTime;
    }
    yield* pull(ask);
  };
  await here.run();
  here.controller = new AbortController();
  here.vendor.branches = async () => ['c', 'a'];
  await here.run();
  assert.deepEqual([...asked.slice(0, 1), ...new Set(asked.slice(1))], ['a', 'c', 'a']);
});

test('a branch that the vendor lists for the first time begins where the run before ended, if a first run does not reach as far', async () => {
  for (const [firstRun, asksForBranches, expected] of [
    ['0s', true, ['created']],
    ['0s', false, []],
    ['1h', true, ['created']],
    ['5h', true, ['created', 'old']],
  ] as const) {
    const here = memoryRun();
    let branches = ['one'];
    const stray = { pull: here.vendor.pull.bind(here.vendor) };
    Object.assign(here.vendor, { branches: async () => branches, asksForBranches });
    here.vendor.pull = async function* (ask) {
      if (ask.branch === 'two') yield* stray.pull(ask);
      else for await (const page of stray.pull(ask)) yield { ...page, records: [] };
    };
    const tick = async (): Promise<number[]> => {
      here.restart();
      return statuses(await here.run({ firstRun: parseDuration(firstRun, '--first-run') }));
    };
    assert.deepEqual(await tick(), []);
    here.vendor.stored.push(stored('old', start - 60 * minute), stored('created', start + minute));
    here.clock.now += 180 * minute;
    branches = ['one', 'two'];
    here.vendor.beforePage = () => fail(down);
    assert.deepEqual(await tick(), [exit.unavailable]);
    here.vendor.beforePage = () => {};
    assert.deepEqual(await tick(), []);
    assert.deepEqual(here.ids().toSorted(), expected, firstRun);
  }
});

test('a branch that comes into being while no branch could be read yet begins where they were to begin', async () => {
  const here = memoryRun();
  let branches = ['one'];
  Object.assign(here.vendor, { branches: async () => branches, asksForBranches: true });
  here.vendor.beforePage = () => fail(down);
  assert.deepEqual(statuses(await here.run({ firstRun: 0n })), [exit.unavailable]);
  here.vendor.stored.push(stored('created', start + minute));
  here.clock.now += 180 * minute;
  branches = ['one', 'two'];
  here.vendor.beforePage = () => {};
  here.restart();
  assert.deepEqual(statuses(await here.run({ firstRun: 0n })), []);
  assert.deepEqual(here.ids(), ['created', 'created'], 'each branch has it');
});

const branchCases: readonly (readonly [who: string, asksForBranches: boolean, said: readonly string[]])[] = [
  ['the vendor', true, ['memory no longer lists two: nothing is read there any more']],
  ['the user', false, []],
];
for (const [who, asksForBranches, said] of branchCases) {
  const how = said.length > 0 ? 'told once' : 'nobody has to be told of';
  test(`a branch that ${who} no longer lists is ${how}, and read on from its place when it comes back`, async () => {
    const here = memoryRun();
    let branches = ['one', 'two'];
    Object.assign(here.vendor, { branches: async () => branches, asksForBranches });
    async function tick(): Promise<readonly string[]> {
      here.restart();
      here.clock.now += minute;
      return (await here.run()).problems.map(({ status, message }) => `${status} ${message}`);
    }
    assert.deepEqual(await tick(), []);
    branches = ['one'];
    assert.deepEqual(
      await tick(),
      said.map((line) => `${exit.partial} ${line}`),
    );
    assert.deepEqual(await tick(), []);
    here.clock.now += 300 * minute; // longer than a first run reads back
    here.vendor.stored.push(stored('meanwhile', here.clock.now - 200 * minute));
    branches = ['one', 'two'];
    assert.deepEqual(await tick(), []);
    assert.deepEqual(here.ids(), ['meanwhile', 'meanwhile'], 'each branch has it');
    branches = ['two'];
    assert.equal((await tick()).length, said.length, 'another one');
  });
}

test('a branch that is no longer listed is reported by the next run when this one was killed', async () => {
  const here = memoryRun();
  Object.assign(here.vendor, { branches: async () => ['one', 'two'], asksForBranches: true });
  await here.run();
  here.vendor.branches = async () => ['one', 'three']; // a new one, so that the position is saved at once
  const killed = new Error('killed');
  here.vendor.beforePage = () => {
    throw killed;
  };
  await assert.rejects(here.run(), killed);
  here.restart();
  here.vendor.beforePage = () => {};
  assert.deepEqual(statuses(await here.run()), [exit.partial]);
});

test('a first run that reaches further back than the vendor keeps is warned of in the same words for all branches', async () => {
  const here = memoryRun({ rules: { retention: parseDuration('7d', 'retention') } });
  here.vendor.branches = async () => ['one', 'two', 'three'];
  const pull = here.vendor.pull;
  here.vendor.pull = async function* (ask) {
    yield* pull(ask);
    here.clock.now += 1100;
  };
  await here.run({ firstRun: parseDuration('30d', 'firstRun') });
  assert.deepEqual([...new Set(here.warnings)], ['memory keeps records for 7d: --first-run reaches no further back']);
});
