/** What is saved as a position is loaded again, by this version and from files of earlier ones. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, lstatSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { seen } from '../../../src/core/dedupe.ts';
import type { Position } from '../../../src/core/types.ts';
import { positionStore } from '../../../src/io/position-file.ts';
import { branch, load, plain, positionOf, saved, scope, writeDocument } from '../../support/positions.ts';
import { problem } from '../../support/problem.ts';
import { scratch } from '../../support/program.ts';

test('the first run finds no position, in a directory that is made for its owner alone', async (t) => {
  const directory = join(scratch(t), 'a', 'b');
  const store = positionStore(directory, 'job', scope);
  assert.equal(await store.load(), undefined, 'nothing has to be there to look');
  await store.lock();
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  assert.equal(await store.load(), undefined);
  await store.save(positionOf({ '': branch(1n) }));
  assert.equal(statSync(store.path).mode & 0o777, 0o600);
  await store.close();
  assert.deepEqual(readdirSync(directory), ['job.position']);
});

test('what was saved is loaded again, whatever it is', async (t) => {
  const directory = scratch(t);
  const id = fc.string({ unit: 'binary', maxLength: 30 }).map((text) => text.replaceAll(/[\n\r]/g, ' '));
  const text = fc.option(fc.string({ unit: 'binary' }), { nil: undefined });
  const instant = fc.bigInt(0n, 10n ** 19n);
  const branches = fc.array(
    fc.record({
      name: fc.string({ unit: 'binary' }),
      watermark: fc.option(fc.bigInt(-(10n ** 18n), 10n ** 19n), { nil: undefined }),
      begin: fc.option(
        fc.record(
          { from: instant, firstRun: fc.nat().map((ms) => BigInt(ms) * 1_000_000n) },
          { noNullPrototype: true },
        ),
        { nil: undefined },
      ),
      bookmark: text,
      slice: fc.option(fc.nat(), { nil: undefined }),
      settled: fc.option(
        fc.record(
          { until: instant, overlap: fc.nat().map((ms) => BigInt(ms) * 1_000_000n) },
          { noNullPrototype: true },
        ),
        { nil: undefined },
      ),
      listed: fc.boolean(),
      untold: fc.array(
        fc.record(
          { from: instant, until: instant, since: instant, parts: fc.nat() },
          { noNullPrototype: true, requiredKeys: ['from', 'until'] },
        ),
        { maxLength: 2 },
      ),
      ids: fc.uniqueArray(id, { maxLength: 5 }),
    }),
    { maxLength: 4 },
  );
  await fc.assert(
    fc.asyncProperty(
      branches,
      fc.option(fc.jsonValue(), { nil: undefined }),
      text,
      async (list, value, lastSuccess) => {
        const position: Position = {
          ...positionOf({}),
          branches: new Map(
            list.map(({ name, ids, ...rest }) => [name, { ...rest, ledger: branch(0n, ids).ledger }] as const),
          ),
          saved: JSON.parse(JSON.stringify(value ?? null)) as Position['saved'],
          lastSuccess,
          ...(lastSuccess !== undefined && { lastRepeat: `${lastSuccess}r`, lastGap: `${lastSuccess}g` }),
          ...(list.length > 1 && { next: list[1]?.name, begin: { from: 1n, firstRun: 7_000_000n } }),
          failures: list.length,
          refusals: 2 * list.length,
          ...(list.length > 1 && { stuck: { delivered: 3, quarantined: list.length } }),
          last: {
            started: 'a',
            ended: 'b',
            exit: 0,
            outcome: 'ok',
            fetched: 1,
            delivered: 1,
            quarantined: 0,
          },
        };
        await saved(directory, position);
        assert.deepEqual(plain((await load(directory)).position), plain(position));
      },
    ),
    { numRuns: 60 },
  );
});

test('a person can read the position file, and its checksum is that of sha256sum', async (t) => {
  const directory = scratch(t);
  const { path } = await saved(directory, positionOf({ '': branch(1606322948648718268n, ['first', 'second one']) }));
  const file = readFileSync(path, 'utf8');
  const [first, ...rest] = file.split('\n');
  assert.equal(first, `audit-export position 1 sha256:${createHash('sha256').update(rest.join('\n')).digest('hex')}`);
  assert.match(file, /"watermark": "2020-11-25T16:49:08.648718268Z"/);
  assert.match(file, /\n1763629200000 00000007 \+ second one\n/);
});

test('what a vendor calls its branches, and a bookmark, cannot hide or reorder what cat shows of a position, and is loaded as it was', async (t) => {
  const directory = scratch(t);
  const name = 'sales\u202e\u2066\u009b2J\u007f\u2028 "north"\\';
  const position = { ...positionOf({ [name]: branch(1n, [], '\u200f\u0085') }), next: name };
  const { path } = await saved(directory, position);
  const file = readFileSync(path, 'utf8');
  assert.ok(file.includes(String.raw`"next": "sales\u202e\u2066\u009b2J\u007f\u2028 \"north\"\\"`), file);
  assert.ok(file.includes(String.raw`"bookmark": "\u200f\u0085"`), file);
  assert.doesNotMatch(file, /(?!\n)[\p{Cc}\p{Bidi_Control}\p{Zl}]/u);
  assert.deepEqual(plain((await load(directory)).position), plain(position));
});

test('a time is loaded to the nanosecond, however many digits it is written with', async (t) => {
  const directory = scratch(t);
  const second = 1_763_629_200_000_000_000n;
  for (const time of [second, second + 500_000_000n, second + 25_000_000n, second + 1_000n, second + 7n]) {
    await saved(directory, positionOf({ '': branch(time) }));
    assert.equal((await load(directory)).position?.branches.get('')?.watermark, time);
  }
});

test('records refused in a row are there only when there are some, and none are in a file from before they were counted', async (t) => {
  const directory = scratch(t);
  const { path } = await saved(directory, { ...positionOf({ '': branch(1n) }), refusals: 3 });
  assert.match(readFileSync(path, 'utf8'), /"refusals": 3/);
  await saved(directory, positionOf({ '': branch(1n) }));
  assert.doesNotMatch(readFileSync(path, 'utf8'), /refusals/);
  assert.equal((await load(directory)).position?.refusals, 0);
});

test('many IDs, over several blocks and chunks, come back in place', async (t) => {
  const directory = scratch(t);
  const ids = Array.from({ length: 70_000 }, (_, index) => `record ${index}`);
  const position = positionOf({ one: branch(1n, ids), two: branch(2n), three: branch(3n, ids.slice(0, 3)) });
  await saved(directory, position);
  assert.deepEqual(plain((await load(directory)).position), plain(position));
});

test('many remembered IDs come back as they were saved, wherever the reads cut their lines', async (t) => {
  const directory = scratch(t);
  const idsOf = (count: number): string[] => Array.from({ length: count }, (_, at) => `${at}${'x'.repeat(at % 97)}`);
  const counts = [9_999, 10_000, 45_000, 0];
  const position = positionOf(Object.fromEntries(counts.map((count) => [`of ${count}`, branch(1n, idsOf(count))])));
  await saved(directory, position);
  const { position: once } = await load(directory);
  assert.deepEqual(plain(once), plain(position));
  assert.ok(once);
  await saved(directory, once); // passed on without having been read
  const { position: again } = await load(directory);
  assert.deepEqual(plain(again), plain(position));
  const ledger = again?.branches.get('of 45000')?.ledger;
  assert.ok(ledger);
  for (const [id, known] of [
    [idsOf(45_000).at(-1) ?? '', true],
    ['44999', false],
  ] as const) {
    assert.equal(ledger.note(Buffer.from(id), 0, id.length, 0, 0) === seen, known);
  }
});

test('a position of the first released format is read', async (t) => {
  const directory = scratch(t);
  copyFileSync(new URL('../fixtures/position-1.position', import.meta.url), join(directory, 'fixture.position'));
  chmodSync(join(directory, 'fixture.position'), 0o600);
  const position = await positionStore(directory, 'fixture', { source: 'sample', sink: 'stdout' }).load();
  assert.equal(position?.branches.get('')?.watermark, 1606322948648718268n);
  assert.equal(position.branches.get('second branch')?.bookmark, 'cursor=äöü');
  assert.equal(position.branches.get('second branch')?.slice, 60_000);
  assert.equal(position.branches.get('')?.ledger.size(), 3);
  assert.deepEqual(position.branches.get('')?.ledger.pending(), ['channel:1']);
  assert.deepEqual(position.saved, { size: 4096, inode: '77' });
  assert.equal(position.last?.outcome, 'ok');
  assert.equal(position.failures, 2);
  assert.equal(lstatSync(join(directory, 'fixture.position')).isFile(), true);
});

test('what an earlier build wrote in a position and this one has no use for is passed over, and goes with the next save', async (t) => {
  const directory = scratch(t);
  const { path } = await saved(directory, positionOf({ '': branch(1n) }));
  const former = { marks: { SYSDIG_TOKEN: '1a2b' }, until: '2026-11-20T09:00:00Z' };
  const [, ...rest] = readFileSync(path, 'utf8').split('\n');
  const member = `  "formerCredentials": ${JSON.stringify(former)},\n`;
  writeDocument(path, rest.join('\n').replace('  "branches"', `${member}  "branches"`));
  const { position, warnings } = await load(directory);
  assert.deepEqual([position?.branches.get('')?.watermark, warnings], [1n, []]);
  assert.ok(position !== undefined);
  await saved(directory, position);
  assert.doesNotMatch(readFileSync(path, 'utf8'), /formerCredentials/);
});

test('a newer format is refused and the file left as it is', async (t) => {
  const directory = scratch(t);
  const { path } = await saved(directory, positionOf({ '': branch(1n) }), positionOf({ '': branch(2n) }));
  writeFileSync(path, readFileSync(path, 'utf8').replace('position 1 ', 'position 99 '));
  const before = [readFileSync(path, 'utf8'), statSync(path).mtimeMs];
  await assert.rejects(load(directory), problem(78, /has format 99, written by a newer/));
  assert.deepEqual([readFileSync(path, 'utf8'), statSync(path).mtimeMs], before);
});
