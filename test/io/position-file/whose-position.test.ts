/** The position of another source, destination, definition or job: refused, or taken over where nothing was delivered. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { firstPosition, newPlace } from '../../../src/core/position.ts';
import type { Problem } from '../../../src/core/problem.ts';
import type { Position } from '../../../src/core/types.ts';
import { positionStore } from '../../../src/io/position-file.ts';
import { beginAgain, branch, load, plain, positionOf, saved, scope } from '../../support/positions.ts';
import { problem } from '../../support/problem.ts';
import { scratch } from '../../support/program.ts';

test('a position of another source, sink or job is refused', async (t) => {
  const directory = scratch(t);
  const { path } = await saved(directory, positionOf({ '': branch(1n) }));
  await assert.rejects(
    positionStore(directory, 'job', { ...scope, source: 'other' }).load(),
    problem(78, /belongs to another source: vendor, not other/, /--job; .* -c --since 1970-01-01T00:00:00.000000001Z$/),
  );
  await assert.rejects(
    positionStore(directory, 'job', { ...scope, sink: 'other' }).load(),
    problem(78, /another sink/),
  );
  copyFileSync(path, join(directory, 'second.position'));
  await assert.rejects(positionStore(directory, 'second', scope).load(), problem(78, /another job: job, not second/));
  rmSync(join(directory, 'second.position'));
  await saved(directory, positionOf({ '': branch(2n) })); // from now on there is one before it, too
  const moved = positionStore(directory, 'job', { ...scope, sink: 'other' });
  await beginAgain(directory, await moved.load().catch((error: unknown) => error));
});

test('a position of another query of the same source is refused with both queries', async (t) => {
  const directory = scratch(t);
  const [one, other] = ['a', 'b'].map((id) => JSON.stringify({ query: [`id=${id}`] }));
  await saved(directory, { ...positionOf({ '': branch(1n) }), source: `vendor where ${one}` });
  for (const [source, ours] of [
    [`vendor where ${other}`, other],
    ['vendor', 'none'],
  ] as const) {
    await assert.rejects(positionStore(directory, 'job', { ...scope, source }).load(), (error: Problem) =>
      error.message.endsWith(` belongs to another query: ${one}, not ${ours}`),
    );
  }
});

test('a position of another sink that nothing was ever delivered to is taken over', async (t) => {
  const directory = scratch(t);
  await saved(directory, positionOf({ '': newPlace(undefined, 0) }));
  const other = { ...scope, sink: 'other' };
  const store = positionStore(directory, 'job', other);
  await store.lock();
  const position = await store.load();
  assert.ok(position !== undefined);
  await store.save(position);
  await store.close();
  assert.equal((await positionStore(directory, 'job', other).load())?.sink, 'other');
});

test('a position that knows a bookmark alone is refused to another sink; one that only waits for its sink is not', async (t) => {
  const directory = scratch(t);
  const other = positionStore(directory, 'job', { ...scope, sink: 'other' });
  await saved(directory, positionOf({ '': branch(undefined, [], 'page 9') }));
  await assert.rejects(other.load(), problem(78, /another sink/));
  const { ledger, ...place } = branch(undefined);
  ledger.wait(ledger.note(Buffer.from('id'), 0, 2, 1_763_629_200_000, 7), 'ack 1');
  await saved(directory, positionOf({ '': { ...place, ledger } }));
  assert.equal((await other.load())?.branches.size, 0);
});

test('a first run that failed for its destination keeps where it was to begin when that is corrected', async (t) => {
  const directory = scratch(t);
  const begin = { from: 1_763_629_200_000_000_000n, firstRun: 0n };
  await saved(directory, { ...positionOf({ '': { ...branch(undefined), begin } }), asked: 'audit' });
  for (const [change, kept] of [
    [{ sink: 'other' }, begin],
    [{ sink: 'other', asked: 'audit' }, begin],
    [{ sink: 'other', asked: 'logins' }, undefined],
    [{ source: 'other' }, undefined],
  ] as const) {
    const store = positionStore(directory, 'job', { ...scope, ...change });
    const position = await store.load();
    assert.deepEqual(position?.branches.get('')?.begin, kept, JSON.stringify(change));
    assert.deepEqual([position?.last, position?.failures], [undefined, 0]);
  }
  copyFileSync(join(directory, 'job.position'), join(directory, 'renamed.position'));
  const renamed = await positionStore(directory, 'renamed', scope).load();
  assert.deepEqual(renamed?.branches.get('')?.begin, begin, 'nor does another name change it');
});

test('a first run whose destination could not even be opened keeps where it was to begin when that is corrected', async (t) => {
  const directory = scratch(t);
  const begin = { from: 1_763_629_200_000_000_000n, firstRun: 0n };
  await saved(directory, { ...positionOf({}), begin });
  for (const [change, kept] of [
    [{ sink: 'other' }, begin],
    [{ source: 'other' }, undefined],
  ] as const) {
    const position = await positionStore(directory, 'job', { ...scope, ...change }).load();
    assert.deepEqual(position?.begin, kept, JSON.stringify(change));
  }
});

const others = {
  source: { ...scope, source: 'other' },
  sink: { ...scope, sink: 'other' },
  definition: { ...scope, asked: 'logins' },
};

for (const [what, other] of Object.entries(others)) {
  test(`a first run's position is refused to another ${what} once its journal says that something was delivered`, async (t) => {
    const directory = scratch(t);
    await saved(directory, { ...positionOf({ '': branch(undefined) }), asked: 'audit' });
    const killed = positionStore(directory, 'job', scope);
    await killed.load();
    await killed.journal('', branch(undefined, ['delivered']).ledger.lines(), undefined);
    await killed.close();
    await assert.rejects(
      positionStore(directory, 'job', other).load(),
      problem(78, new RegExp(`belongs to another ${what}`), /--job; if this one was changed, begin again: /),
    );
    assert.equal((await load(directory)).position?.branches.get('')?.ledger.size(), 1);
  });

  test(`what a first run's sink kept is not handed to another ${what}, which begins`, async (t) => {
    const directory = scratch(t);
    await saved(directory, {
      ...positionOf({ '': branch(undefined) }),
      asked: 'audit',
      saved: { size: 1 },
      refusals: 3,
    });
    const killed = positionStore(directory, 'job', scope);
    await killed.load();
    await killed.journal('', [], 'open');
    await killed.close();
    const store = positionStore(directory, 'job', other);
    const position = await store.load();
    assert.deepEqual(plain(position), plain(firstPosition(other)));
    assert.ok(position !== undefined);
    await store.save(position);
    await store.close();
    const kept = await positionStore(directory, 'job', other).load();
    assert.deepEqual([kept?.source, kept?.sink, kept?.saved], [other.source, other.sink, undefined]);
  });
}

test('a position that does not say what its definition asks for is taken over, and says it from then on', async (t) => {
  const directory = scratch(t);
  await saved(directory, positionOf({ '': branch(1n) }));
  const asking = async (asked?: string): Promise<Position> => {
    const store = positionStore(directory, 'job', { ...scope, ...(asked !== undefined && { asked }) });
    const position = await store.load();
    assert.ok(position);
    await store.save(position);
    await store.close();
    return position;
  };
  assert.equal((await asking('audit')).asked, 'audit');
  assert.equal((await asking()).asked, 'audit', 'a definition that comes with the program does not forget it');
  await assert.rejects(
    asking('logins'),
    problem(78, /another definition of the same name, which asks for something else: audit, not logins$/, /--job/),
  );
});

test('a position from before, with a mark of the whole address of its webhook, belongs to the job still', async (t) => {
  const directory = scratch(t);
  const sink = 'webhook https://hooks.example:8443';
  await saved(directory, { ...positionOf({ '': branch(1n) }), sink: `${sink} 0123456789ab` });
  const position = await positionStore(directory, 'job', { ...scope, sink }).load();
  assert.deepEqual([position?.sink, position?.branches.get('')?.watermark], [sink, 1n]);
  await assert.rejects(
    positionStore(directory, 'job', { ...scope, sink: 'webhook https://hooks.example' }).load(),
    problem(78, /belongs to another sink/, /--job/),
  );
});
