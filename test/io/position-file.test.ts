import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  promises,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { createLedger, seen } from '../../src/core/dedupe.ts';
import { Problem } from '../../src/core/problem.ts';
import { firstPosition } from '../../src/core/run/position.ts';
import type { BranchPosition, Position, PositionStore } from '../../src/core/types.ts';
import { onReached } from '../../src/io/failpoint.ts';
import { positionStore } from '../../src/io/position-file.ts';
import { listPositions } from '../../src/io/position/position-list.ts';
import { problem } from '../support/problem.ts';

const scope = { source: 'vendor', sink: 'siem' };

function freshDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'position-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function branch(watermark: bigint | undefined, ids: readonly string[] = [], bookmark?: string): BranchPosition {
  const ledger = createLedger(5);
  for (const id of ids) {
    const key = Buffer.from(id);
    ledger.keep(ledger.note(key, 0, key.length, 1_763_629_200_000, 7));
  }
  return {
    watermark,
    begin: undefined,
    bookmark,
    slice: undefined,
    settled: undefined,
    listed: true,
    untold: [],
    ledger,
  };
}

function positionOf(branches: Record<string, BranchPosition>): Position {
  return {
    ...scope,
    branches: new Map(Object.entries(branches)),
    credentials: { SYSDIG_TOKEN: '9f2c' },
    saved: undefined,
    last: undefined,
    lastSuccess: undefined,
    failures: 0,
    refusals: 0,
  };
}

/** A position as plain values, to be compared. */
function plain(position: Position | undefined): unknown {
  if (position === undefined) return undefined;
  const branches = [...position.branches].map(([name, { ledger, ...rest }]) => ({
    name,
    ...rest,
    lines: Buffer.concat([...ledger.lines()]).toString(),
  }));
  return { ...position, branches };
}

async function saved(directory: string, ...positions: Position[]): Promise<PositionStore> {
  const store = positionStore(directory, 'job', scope);
  await store.lock();
  await store.load();
  for (const position of positions) await store.save(position);
  await store.close();
  return store;
}

async function load(directory: string): Promise<{ position: Position | undefined; warnings: readonly string[] }> {
  const store = positionStore(directory, 'job', scope);
  return { position: await store.load(), warnings: store.warnings };
}

test('the first run finds no position, in a directory that is made for its owner alone', async (t) => {
  const directory = join(freshDirectory(t), 'a', 'b');
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
  const directory = freshDirectory(t);
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

test('a person can read it, and the checksum is that of sha256sum', async (t) => {
  const directory = freshDirectory(t);
  const { path } = await saved(directory, positionOf({ '': branch(1606322948648718268n, ['first', 'second one']) }));
  const file = readFileSync(path, 'utf8');
  const [first, ...rest] = file.split('\n');
  assert.equal(first, `audit-export position 1 sha256:${createHash('sha256').update(rest.join('\n')).digest('hex')}`);
  assert.match(file, /"watermark": "2020-11-25T16:49:08.648718268Z"/);
  assert.match(file, /\n1763629200000 00000007 \+ second one\n/);
});

test('a time is loaded to the nanosecond, however many digits it is written with', async (t) => {
  const directory = freshDirectory(t);
  const second = 1_763_629_200_000_000_000n;
  for (const time of [second, second + 500_000_000n, second + 25_000_000n, second + 1_000n, second + 7n]) {
    await saved(directory, positionOf({ '': branch(time) }));
    assert.equal((await load(directory)).position?.branches.get('')?.watermark, time);
  }
});

test('records refused in a row are there only when there are some, and none are in a file from before they were counted', async (t) => {
  const directory = freshDirectory(t);
  const { path } = await saved(directory, { ...positionOf({ '': branch(1n) }), refusals: 3 });
  assert.match(readFileSync(path, 'utf8'), /"refusals": 3/);
  await saved(directory, positionOf({ '': branch(1n) }));
  assert.doesNotMatch(readFileSync(path, 'utf8'), /refusals/);
  assert.equal((await load(directory)).position?.refusals, 0);
});

test('many IDs, over several blocks and chunks, come back in place', async (t) => {
  const directory = freshDirectory(t);
  const ids = Array.from({ length: 70_000 }, (_, index) => `record ${index}`);
  const position = positionOf({ one: branch(1n, ids), two: branch(2n), three: branch(3n, ids.slice(0, 3)) });
  await saved(directory, position);
  assert.deepEqual(plain((await load(directory)).position), plain(position));
});

test('the generation before stays beside it, and a missing or damaged file falls back to it with a warning', async (t) => {
  const directory = freshDirectory(t);
  const [older, newer] = [positionOf({ '': branch(1n, ['a']) }), positionOf({ '': branch(2n, ['a', 'b']) })];
  const { path } = await saved(directory, older, newer);
  rmSync(path);
  const { position, warnings } = await load(directory);
  assert.deepEqual(plain(position), plain(older));
  assert.match(warnings.join('\n'), /job\.position is missing: going on from the one before/);
});

for (const [what, harm] of [
  ['gone', rmSync],
  ['cut off where it lies', (path: string) => truncateSync(path, 100)],
] as const) {
  test(`a position whose first progress is ${what} is gone on from all the same: the one before knows it`, async (t) => {
    for (const begun of [branch(2n, ['a']), branch(undefined, [], 'cursor')]) {
      const directory = freshDirectory(t);
      const { path } = await saved(directory, positionOf({ '': branch(undefined) }), positionOf({ '': begun }));
      harm(path);
      const { position, warnings } = await load(directory);
      assert.deepEqual(plain(position), plain(positionOf({ '': begun })));
      assert.match(warnings.join('\n'), /: going on from the one before, /);
    }
  });
}

test('what each branch got to first is in the one before as well, whichever save it came with', async (t) => {
  const directory = freshDirectory(t);
  const steps: Record<string, BranchPosition>[] = [
    { one: branch(undefined), two: branch(undefined) },
    { one: branch(1n), two: branch(undefined) },
    { one: branch(2n), two: branch(undefined) },
    { one: branch(2n), two: branch(3n) },
    { one: branch(2n), two: branch(3n, [], 'cursor') },
    { one: branch(2n), two: branch(3n, [], 'cursor'), three: branch(4n) },
  ];
  for (const [at, step] of steps.entries()) {
    const { path } = await saved(directory, positionOf(step));
    if (at === 0) continue;
    copyFileSync(path, `${path}.kept`);
    rmSync(path);
    const { position } = await load(directory);
    for (const [name, { watermark, bookmark }] of Object.entries(step)) {
      const place = position?.branches.get(name);
      assert.equal(place?.watermark === undefined, watermark === undefined, `${name} after save ${at}`);
      assert.equal(place?.bookmark, bookmark, `${name} after save ${at}`);
    }
    renameSync(`${path}.kept`, path);
  }
});

test('from one that knows no progress no run goes on: that would be a first run', async (t) => {
  const directory = freshDirectory(t);
  const blank = positionOf({ '': branch(undefined, ['delivered by a run that failed']) });
  const { path } = await saved(directory, blank, blank);
  for (const harm of [() => writeFileSync(path, 'damaged'), () => rmSync(path)]) {
    harm();
    await assert.rejects(
      load(directory),
      problem(78, /cannot be used: .+, and the one before \(it is from before/, /rm -f/),
    );
    const [listed] = await listPositions(directory);
    assert.ok(listed?.position instanceof Problem, 'and the list says so');
  }
});

test('a save after a fallback never puts the damaged file in the place of the good one', async (t) => {
  const directory = freshDirectory(t);
  const older = positionOf({ '': branch(1n) });
  const { path } = await saved(directory, older, positionOf({ '': branch(2n) }));
  writeFileSync(path, 'damaged');
  const store = positionStore(directory, 'job', scope);
  await store.load();
  t.after(() => onReached(undefined));
  onReached((point) => {
    if (point === 'position: renamed')
      assert.match(readFileSync(`${path}.previous`, 'utf8'), /^audit-export position 1/);
  });
  const third = positionOf({ '': branch(3n) });
  await store.save(third);
  await store.save(third);
  assert.deepEqual(plain((await load(directory)).position), plain(third));
});

test('after a fallback, each further save keeps the one before it again, and counts on', async (t) => {
  const directory = freshDirectory(t);
  const { path } = await saved(directory, positionOf({ '': branch(1n) }), positionOf({ '': branch(2n) }));
  writeFileSync(path, 'damaged');
  await saved(
    directory,
    positionOf({ '': branch(3n) }),
    positionOf({ '': branch(4n) }),
    positionOf({ '': branch(5n) }),
  );
  const generationOf = (file: string): unknown => /"generation": (\d+)/.exec(readFileSync(file, 'utf8'))?.[1];
  assert.deepEqual([generationOf(`${path}.previous`), generationOf(path)], ['3', '4']);
  writeFileSync(path, 'damaged');
  assert.equal((await load(directory)).position?.branches.get('')?.watermark, 4n);
});

test('cut off at any byte it is never taken for a position: the one before, or a refusal', async (t) => {
  const directory = freshDirectory(t);
  const older = positionOf({ '': branch(1n, ['x']) });
  const { path } = await saved(directory, older, positionOf({ '': branch(3n, ['y', 'z']) }));
  const whole = readFileSync(path);
  for (let size = 0; size < whole.length; size += 1) {
    writeFileSync(path, whole.subarray(0, size));
    const { position, warnings } = await load(directory);
    assert.deepEqual(plain(position), plain(older), `cut to ${size} bytes`);
    assert.equal(warnings.length, 1);
  }
  rmSync(`${path}.previous`);
  for (let size = 0; size < whole.length; size += 7) {
    writeFileSync(path, whole.subarray(0, size));
    await assert.rejects(load(directory), problem(78, /cannot be used: .+, and there is none before it/, /rm -f/));
  }
});

test('with any bit flipped, zeroes, or other content it is never taken for a position', async (t) => {
  const directory = freshDirectory(t);
  const older = positionOf({ '': branch(1n, ['x']) });
  const { path } = await saved(directory, older, positionOf({ '': branch(3n, ['x', 'y']) }));
  const whole = readFileSync(path);
  const damaged: Buffer[] = [
    Buffer.alloc(whole.length),
    Buffer.from('{}'),
    Buffer.from('[]\n'),
    Buffer.concat([whole, whole]),
  ];
  for (let at = 0; at < whole.length; at += 1) {
    const copy = Buffer.from(whole);
    copy[at]! ^= 1 << (at % 8);
    damaged.push(copy);
    if (at % 16 === 0) damaged.push(Buffer.concat([whole.subarray(0, at), Buffer.alloc(whole.length - at)]));
  }
  for (const bytes of damaged) {
    writeFileSync(path, bytes);
    try {
      assert.deepEqual(plain((await load(directory)).position), plain(older), bytes.toString());
    } catch (error) {
      problem(78, /newer/)(error); // the flip made another version number of it
    }
    if (bytes.length % 3 === 0) continue;
    copyFileSync(path, `${path}.kept`);
    renameSync(`${path}.previous`, `${path}.aside`);
    await assert.rejects(load(directory), problem(78, /position file/));
    renameSync(`${path}.aside`, `${path}.previous`);
  }
});

test('many remembered IDs come back as they were saved, wherever the reads cut their lines', async (t) => {
  const directory = freshDirectory(t);
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

test('a forged file with a right checksum and wrong content is refused', async (t) => {
  const directory = freshDirectory(t);
  const path = join(directory, 'job.position');
  const document = { job: 'job', ...scope, generation: 1, failures: 0 };
  const line = '1763629200000 00000007 + x\n';
  for (const [body, message] of [
    [`${JSON.stringify({ ...document, branches: [] }, undefined, 2)}\nmore`, /something follows/],
    [
      `${JSON.stringify({ ...document, branches: [{ name: '', remembered: 2 }] }, undefined, 2)}\n${line}\n`,
      /remembers 1, not 2/,
    ],
    [
      `${JSON.stringify({ ...document, branches: [{ name: '', remembered: 1 }] }, undefined, 2)}\n${line}`,
      /it ends within/,
    ],
    [
      `${JSON.stringify({ ...document, branches: [{ name: '', remembered: 1 }] }, undefined, 2)}\nx\n\n`,
      /malformed line/,
    ],
    [
      `${JSON.stringify({ ...document, branches: [{ name: '', watermark: 'x', remembered: 0 }] }, undefined, 2)}\n\n`,
      /not that of a position/,
    ],
    [`${JSON.stringify(document, undefined, 2)}\n`, /not that of a position/],
    ['{\n  "a": \n}\n', /not JSON/],
    ['x\n', /does not end/],
  ] as const) {
    writeFileSync(path, `audit-export position 1 sha256:${createHash('sha256').update(body).digest('hex')}\n${body}`, {
      mode: 0o600,
    });
    await assert.rejects(load(directory), problem(78, message));
  }
});

test('the command of a hint removes the right files where the directory has blanks and quotes in its name', async (t) => {
  const directory = join(freshDirectory(t), "st ate; 'x' $HOME");
  mkdirSync(directory, { mode: 0o700 });
  writeFileSync(join(directory, 'job.position'), 'garbage', { mode: 0o600 });
  await beginAgain(directory, await load(directory).catch((error: unknown) => error));
});

/** Runs the command of a hint that says how to begin again; there must be a position before it, and none after. */
async function beginAgain(directory: string, error: unknown): Promise<void> {
  assert.ok(error instanceof Problem, String(error));
  assert.equal(error.status, 78);
  const words = /begin again: (rm -f .*), then run once with -c --since/.exec(error.hint ?? '')?.[1];
  assert.ok(words, error.hint);
  assert.ok(readdirSync(directory).some((file) => file.includes('.position')));
  execFileSync('/bin/sh', ['-c', words]);
  assert.deepEqual(await load(directory), { position: undefined, warnings: [] });
}

/** A position file of one branch with one malformed line, which says that it remembers so many. */
function forge(path: string, remembered: number): void {
  const document = {
    job: 'job',
    ...scope,
    generation: 1,
    failures: 0,
    branches: [{ name: '', watermark: '2026-11-20T09:00:00Z', remembered }],
  };
  writeDocument(path, `${JSON.stringify(document, undefined, 2)}\nx\n\n`);
}

/** A position file with a right checksum. */
function writeDocument(path: string, body: string): void {
  const digest = createHash('sha256').update(body).digest('hex');
  writeFileSync(path, `audit-export position 1 sha256:${digest}\n${body}`, { mode: 0o600 });
}

test('what an earlier build wrote in a position and this one has no use for is passed over, and goes with the next save', async (t) => {
  const directory = freshDirectory(t);
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

for (const name of ['job.position', 'job.position.previous']) {
  test(`what is wrong with the many remembered IDs of ${name} is told when they are read, with the way to begin again`, async (t) => {
    const directory = freshDirectory(t);
    await saved(directory, positionOf({ '': branch(1n) }), positionOf({ '': branch(2n) }));
    rmSync(join(directory, 'job.position'));
    forge(join(directory, name), 10_000);
    const { position } = await load(directory);
    let failure: unknown;
    assert.throws(
      () => position?.branches.get('')?.ledger.marked()(Buffer.from('x'), 0, 1),
      (error) => {
        failure = error;
        return problem(78, /^position file \S+\/job\.position cannot be used: .*: malformed line "x"$/)(error);
      },
    );
    await beginAgain(directory, failure);
  });
}

test('a journal with a malformed line is told with the way to begin again', async (t) => {
  const directory = freshDirectory(t);
  const store = await saved(directory, positionOf({ '': branch(1n) }), positionOf({ '': branch(2n) }));
  await store.lock();
  await store.load();
  await store.journal('', [Buffer.from('not a line of a ledger\n')], undefined);
  await store.close();
  const failure: unknown = await load(directory).catch((error: unknown) => error);
  problem(78, /job\.position cannot be used: its journal: remembered IDs: malformed line/)(failure);
  await beginAgain(directory, failure);
});

test('a newer format is refused and the file left as it is', async (t) => {
  const directory = freshDirectory(t);
  const { path } = await saved(directory, positionOf({ '': branch(1n) }), positionOf({ '': branch(2n) }));
  writeFileSync(path, readFileSync(path, 'utf8').replace('position 1 ', 'position 99 '));
  const before = [readFileSync(path, 'utf8'), statSync(path).mtimeMs];
  await assert.rejects(load(directory), problem(78, /has format 99, written by a newer/));
  assert.deepEqual([readFileSync(path, 'utf8'), statSync(path).mtimeMs], before);
});

test('a position that does not say what its definition asks for is taken over, and says so from then on', async (t) => {
  const directory = freshDirectory(t);
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

test('a position of another sink that nothing was ever delivered to is taken over', async (t) => {
  const directory = freshDirectory(t);
  const empty = {
    watermark: undefined,
    begin: undefined,
    bookmark: undefined,
    slice: undefined,
    settled: undefined,
    listed: true,
    untold: [],
    ledger: createLedger(),
  };
  await saved(directory, positionOf({ '': empty }));
  const other = { ...scope, sink: 'other' };
  const store = positionStore(directory, 'job', other);
  await store.lock();
  const position = await store.load();
  assert.ok(position !== undefined);
  await store.save(position);
  await store.close();
  assert.equal((await positionStore(directory, 'job', other).load())?.sink, 'other');
});

test('a first run that failed for its destination keeps where it was to begin when that is corrected', async (t) => {
  const directory = freshDirectory(t);
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
});

test('a first run whose destination could not even be opened keeps where it was to begin when that is corrected', async (t) => {
  const directory = freshDirectory(t);
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
    const directory = freshDirectory(t);
    await saved(directory, { ...positionOf({ '': branch(undefined) }), asked: 'audit' });
    const killed = positionStore(directory, 'job', scope);
    await killed.load();
    await killed.journal('', branch(undefined, ['delivered']).ledger.lines(), undefined);
    await killed.close();
    await assert.rejects(
      positionStore(directory, 'job', other).load(),
      problem(78, new RegExp(`belongs to another ${what}`), /--job; or begin again: /),
    );
    assert.equal((await load(directory)).position?.branches.get('')?.ledger.size(), 1);
  });

  test(`what a first run's sink kept is not handed to another ${what}, which begins`, async (t) => {
    const directory = freshDirectory(t);
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

test('a position of before, with a mark of the whole address of its webhook, is this one’s', async (t) => {
  const directory = freshDirectory(t);
  const sink = 'webhook https://hooks.example:8443';
  await saved(directory, { ...positionOf({ '': branch(1n) }), sink: `${sink} 0123456789ab` });
  const position = await positionStore(directory, 'job', { ...scope, sink }).load();
  assert.deepEqual([position?.sink, position?.branches.get('')?.watermark], [sink, 1n]);
  await assert.rejects(
    positionStore(directory, 'job', { ...scope, sink: 'webhook https://hooks.example' }).load(),
    problem(78, /belongs to another sink/, /--job/),
  );
});

test('a position of another source, sink or job is refused', async (t) => {
  const directory = freshDirectory(t);
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

test('a file that others could have written is refused', async (t) => {
  const directory = freshDirectory(t);
  const { path } = await saved(directory, positionOf({ '': branch(1n) }));
  chmodSync(path, 0o620);
  await assert.rejects(load(directory), problem(78, /can be written by others/, /chmod 600/));
  chmodSync(path, 0o600);
  if (process.getuid?.() === 0) {
    chownSync(path, 12345, 12345);
    await assert.rejects(load(directory), problem(78, /belongs to user 12345/));
    assert.equal((await listPositions(directory)).length, 1);
    chownSync(path, 0, 0);
  }
  renameSync(path, `${path}.real`);
  symlinkSync(`${path}.real`, path);
  await assert.rejects(load(directory), problem(78, /symbolic link/));
  rmSync(path);
  mkdirSync(path);
  await assert.rejects(
    load(directory),
    problem(78, /is not a file/, /^move it out of the way: mv \S+\.position \S+\.away$/),
  );
});

test('what is no file is moved out of the way of the position, and the job goes on from the one before', async (t) => {
  const directory = freshDirectory(t);
  const time = 1_763_629_200_000_000_000n;
  const position = positionOf({ '': branch(time) });
  const { path } = await saved(directory, position, position);
  rmSync(path);
  mkdirSync(path);
  await assert.rejects(load(directory), (error: Problem) => {
    assert.match(error.hint ?? '', /: mv \S+ \S+$/);
    execFileSync('/bin/sh', ['-c', (error.hint ?? '').replace(/^.*: /, '')]);
    return true;
  });
  assert.equal((await load(directory)).position?.branches.get('')?.watermark, time);
});

test('a planted link at the journal is refused', async (t) => {
  const directory = freshDirectory(t);
  const { path } = await saved(directory, positionOf({ '': branch(1n) }));
  writeFileSync(join(directory, 'victim'), 'precious');
  symlinkSync(join(directory, 'victim'), path.replace('.position', '.journal'));
  await assert.rejects(load(directory), problem(78, /symbolic link/));
  assert.equal(readFileSync(join(directory, 'victim'), 'utf8'), 'precious');
});

test('a journal that others could have written is refused, and so is what is no file', async (t) => {
  const directory = freshDirectory(t);
  const { path } = await saved(directory, positionOf({ '': branch(1n) }));
  const journal = path.replace('.position', '.journal');
  writeFileSync(journal, '');
  chmodSync(journal, 0o606);
  await assert.rejects(load(directory), problem(78, /journal .* can be written by others/, /chmod 600/));
  if (process.getuid?.() === 0) {
    chownSync(journal, 12345, 12345);
    await assert.rejects(load(directory), problem(78, /journal .* belongs to user 12345/));
  }
  rmSync(journal);
  execFileSync('mkfifo', ['-m', '600', journal]); // nobody would ever write to it
  await assert.rejects(load(directory), problem(78, /journal .* is not a file/, /^move it out of the way: mv /));
});

test('a state directory that cannot be used is a Problem before anything is read', async (t) => {
  const directory = freshDirectory(t);
  const lock = (path: string): Promise<void> => positionStore(path, 'job', scope).lock();
  writeFileSync(join(directory, 'file'), '');
  await assert.rejects(lock(join(directory, 'file')), problem(73, /not a directory/));
  await assert.rejects(lock(join(directory, 'file', 'below')), problem(73, /not a directory/));
  mkdirSync(join(directory, 'shared'));
  chmodSync(join(directory, 'shared'), 0o777);
  const own = /chmod -R go-w .*\/shared; else choose a directory of its own inside it/;
  await assert.rejects(lock(join(directory, 'shared')), problem(78, /others can replace/, own));
  for (const mode of [0o720, 0o702]) {
    chmodSync(join(directory, 'shared'), mode);
    await assert.rejects(lock(join(directory, 'shared')), problem(78, /others can replace/, own));
  }
  if (process.getuid?.() === 0) {
    chownSync(join(directory, 'shared'), 12345, 12345);
    for (const mode of [0o777, 0o700]) {
      chmodSync(join(directory, 'shared'), mode);
      await assert.rejects(
        lock(join(directory, 'shared')),
        problem(78, /shared belongs to user 12345, who can replace/, /^run the job as user 12345, or choose another/),
      );
    }
  }
});

test(
  'without permission the state directory is refused',
  { skip: process.getuid?.() === 0 && 'root may write anywhere' },
  async (t) => {
    const directory = freshDirectory(t);
    chmodSync(directory, 0o500);
    await assert.rejects(positionStore(directory, 'job', scope).lock(), problem(73, /permission denied/));
  },
);

test('leftovers of killed runs are removed with the lock, and those of other jobs are left', async (t) => {
  const directory = freshDirectory(t);
  const temps = ['position', 'position.previous', 'quarantine.jsonl'].map((kind) => `${kind}.0123456789ab.temp`);
  const mine = temps.map((name) => `job.${name}`);
  const others = [
    'job.position.txt',
    'job.quarantine.jsonl',
    ...temps.flatMap((name) => [`other.${name}`, `job.2.${name}`]),
  ];
  for (const name of [...mine, ...others]) writeFileSync(join(directory, name), '');
  const lock = 'lock.0123456789ab.temp';
  for (const job of ['job', 'other']) mkdirSync(join(directory, `${job}.${lock}`, 'holder'), { recursive: true });
  others.push(`other.${lock}`);
  const store = positionStore(directory, 'job', scope);
  await store.lock();
  assert.deepEqual(readdirSync(directory).sort(), [...others, 'job.lock'].sort());
  await store.close();
  assert.deepEqual(readdirSync(directory).sort(), others.sort());
});

test('what another program has put into the leftover of a killed run (.DS_Store, @eaDir) keeps no run from its lock', async (t) => {
  const directory = freshDirectory(t);
  const left = join(directory, 'job.lock.0123456789ab.temp');
  mkdirSync(join(left, '@eaDir', 'thumbnails'), { recursive: true });
  mkdirSync(join(left, 'holder'));
  writeFileSync(join(left, '.DS_Store'), '');
  const store = positionStore(directory, 'job', scope);
  await store.lock();
  await store.close();
  assert.deepEqual(readdirSync(left).sort(), ['.DS_Store', '@eaDir']);
});

for (const name of ['job.lock', 'job.lock.0123456789ab.temp']) {
  test(`the lock of another version, ${name}, is told with what to do about it, and left`, async (t) => {
    const directory = freshDirectory(t);
    const path = join(directory, name);
    writeFileSync(path, '123\n');
    const store = positionStore(directory, 'job', scope);
    const hint = new RegExp(`^make sure that no run of the job is going on, then rm ${path}$`);
    await assert.rejects(store.lock(), problem(73, new RegExp(`^${path} is a file, and `), hint));
    await store.close();
    assert.deepEqual(readdirSync(directory), [name]);
    rmSync(path);
    await store.lock();
    await store.close();
    assert.deepEqual(readdirSync(directory), []);
  });
}

test('a run whose position was replaced by another run meanwhile saves nothing', async (t) => {
  const directory = freshDirectory(t);
  await saved(directory, positionOf({ '': branch(1n) }));
  const [slow, fast] = [positionStore(directory, 'job', scope), positionStore(directory, 'job', scope)];
  await slow.load();
  await fast.load();
  const newest = positionOf({ '': branch(5n) });
  await fast.save(newest);
  await assert.rejects(slow.save(positionOf({ '': branch(2n) })), problem(75, /changed by another run/));
  assert.deepEqual(plain((await load(directory)).position), plain(newest));
  assert.deepEqual(readdirSync(directory).sort(), ['job.position', 'job.position.previous']);
  const late = positionStore(directory, 'first', scope);
  const early = positionStore(directory, 'first', scope);
  await Promise.all([late.load(), early.load()]);
  await early.save(newest);
  await assert.rejects(late.save(newest), problem(75, /changed by another run/));
});

test('a position that is in place and not known to be durable is known again: by the journal and by the next save', async (t) => {
  const directory = freshDirectory(t);
  const store = positionStore(directory, 'job', scope);
  await store.lock();
  await store.load();
  await store.save(positionOf({ '': branch(1n) }));
  t.after(() => onReached(undefined));
  onReached((point) => {
    // As when the directory cannot be synced.
    if (point === 'position: renamed') throw Object.assign(new Error('EIO'), { code: 'EIO' });
  });
  await assert.rejects(store.save(positionOf({ '': branch(2n) })), problem(74, /the disk failed/));
  onReached(undefined);
  await store.journal('', branch(2n, ['x']).ledger.lines(), undefined);
  assert.equal((await load(directory)).position?.branches.get('')?.ledger.size(), 1);
  await store.save(positionOf({ '': branch(3n) }));
  await store.close();
  assert.equal((await load(directory)).position?.branches.get('')?.watermark, 3n);
});

test('the journal is added to the position that it was written for, and to no other', async (t) => {
  const directory = freshDirectory(t);
  const store = await saved(directory, positionOf({ a: branch(1n, ['x']) }));
  const next = positionStore(directory, 'job', scope);
  await next.load();
  const awaiting = branch(undefined, ['y']).ledger;
  const key = Buffer.from('z');
  awaiting.wait(awaiting.note(key, 0, 1, 1_763_629_200_000, 0), 'ack:1');
  await next.journal('a', branch(undefined, ['y']).ledger.lines(), { size: 1 });
  await Promise.all([
    next.journal('new', awaiting.lines(), { size: 2 }),
    next.journal('a', branch(undefined, ['v']).ledger.lines(), { size: 3 }),
  ]);
  await next.close();
  const { position } = await load(directory);
  assert.deepEqual(position?.saved, { size: 3 });
  assert.equal(position?.branches.get('a')?.watermark, 1n);
  assert.equal(position?.branches.get('a')?.ledger.size(), 3);
  assert.deepEqual(position?.branches.get('new')?.ledger.pending(), ['ack:1']);

  const third = positionStore(directory, 'job', scope); // goes on in the same journal
  await third.load();
  await third.journal('a', branch(undefined, ['w']).ledger.lines(), undefined);
  await third.close();
  const again = (await load(directory)).position;
  assert.equal(again?.branches.get('a')?.ledger.size(), 4);

  const journal = store.path.replace('.position', '.journal');
  copyFileSync(journal, `${journal}.kept`);
  const fourth = positionStore(directory, 'job', scope);
  await fourth.load();
  await fourth.save(positionOf({ a: branch(9n) }));
  await fourth.close();
  assert.equal(existsSync(journal), false, 'it is in the position now');
  copyFileSync(`${journal}.kept`, journal);
  assert.equal((await load(directory)).position?.branches.get('a')?.ledger.size(), 0, 'one of an earlier position');
});

test('after a fallback, the journal of the damaged position is left out and a new one counts', async (t) => {
  const directory = freshDirectory(t);
  const { path } = await saved(directory, positionOf({ '': branch(1n, ['a']) }), positionOf({ '': branch(2n, ['a']) }));
  const sizes: (number | undefined)[] = [];
  for (const id of ['b', 'c', 'd']) {
    const store = positionStore(directory, 'job', scope);
    sizes.push((await store.load())?.branches.get('')?.ledger.size());
    await store.journal('', branch(undefined, [id]).ledger.lines(), undefined);
    await store.close();
    if (id === 'b') writeFileSync(path, 'damaged');
  }
  assert.deepEqual(sizes, [1, 1, 2]);
});

test('a journal of the first run counts, and a journal without its position is no first run', async (t) => {
  const directory = freshDirectory(t);
  const first = positionStore(directory, 'job', scope);
  await first.load();
  await first.journal('', branch(undefined, ['x']).ledger.lines(), 'kept');
  await first.close();
  const { position } = await load(directory);
  assert.equal(position?.branches.get('')?.ledger.size(), 1);
  assert.equal(position?.branches.get('')?.watermark, undefined);
  assert.equal(position?.saved, 'kept');
  const second = positionStore(directory, 'job', scope);
  const loaded = await second.load();
  assert.ok(loaded);
  await second.save(loaded);
  await second.journal('', branch(undefined, ['y']).ledger.lines(), 'kept');
  await second.close();
  rmSync(second.path);
  await assert.rejects(load(directory), problem(78, /missing, though a run kept a journal/));
});

test('a journal larger than a buffer may be is read to the end of what is whole, and gone on with from there', async (t) => {
  const directory = freshDirectory(t);
  const store = await saved(directory, positionOf({ '': branch(1n) }));
  const journal = store.path.replace('.position', '.journal');
  const large = 3_000_000; // of the IDs of an entry, in bytes: more than one read
  const add = async (id: string): Promise<number> => {
    const next = positionStore(directory, 'job', scope);
    await next.load();
    await next.journal('', branch(undefined, [id]).ledger.lines(), id.slice(0, 1));
    await next.close();
    return statSync(journal).size;
  };
  await add('a');
  const whole = await add('b'.repeat(large));
  truncateSync(journal, 5 * 1024 ** 3); // a hole: it takes no place on the disk
  assert.equal((await load(directory)).position?.saved, 'b');
  const again = await add('c');
  assert.ok(again > whole && again < whole + 1000, `${again} bytes`);
  const { position } = await load(directory);
  assert.deepEqual([position?.saved, position?.branches.get('')?.ledger.size()], ['c', 3]);
});

test('whatever the journal is cut to, whole entries count and the torn one does not', async (t) => {
  const directory = freshDirectory(t);
  const store = await saved(directory, positionOf({ '': branch(1n) }));
  const next = positionStore(directory, 'job', scope);
  await next.load();
  const journal = store.path.replace('.position', '.journal');
  const ends: number[] = [];
  for (const id of ['a', 'b']) {
    await next.journal('', branch(undefined, [id]).ledger.lines(), id);
    ends.push(statSync(journal).size);
  }
  await next.close();
  const whole = readFileSync(journal);
  for (let size = 0; size <= whole.length; size += 1) {
    writeFileSync(journal, whole.subarray(0, size));
    const expected = ends.filter((end) => end <= size).length;
    const { position } = await load(directory);
    assert.equal(position?.branches.get('')?.ledger.size(), expected, `cut to ${size}`);
    assert.equal(position.saved, [undefined, 'a', 'b'][expected]);
    if (size % 50 === 0) {
      const after = positionStore(directory, 'job', scope); // writes over the torn end
      await after.load();
      await after.journal('', branch(undefined, ['d']).ledger.lines(), 'd');
      await after.close();
      assert.equal((await load(directory)).position?.branches.get('')?.ledger.size(), expected + 1);
    }
  }
});

test('jobs are listed with the positions that the next run would go on from, broken ones as broken', async (t) => {
  const directory = freshDirectory(t);
  assert.deepEqual(await listPositions(join(directory, 'none')), []);
  for (const job of ['good', 'a/b', 'broken', 'lost', 'hopeless', '.hidden', 'x'.repeat(300)]) {
    const store = positionStore(directory, job, scope);
    await store.lock();
    await store.load();
    await store.save(positionOf({ '': branch(4n, ['x']) }));
    await store.save(positionOf({ '': branch(5n, ['x']) }));
    await store.close();
    if (job === 'broken' || job === 'hopeless') {
      writeFileSync(store.path, readFileSync(store.path).subarray(0, -1));
    }
    if (job === 'lost') rmSync(store.path);
    if (job === 'hopeless') rmSync(`${store.path}.previous`);
  }
  const listed = await listPositions(directory);
  const found = listed.map(({ job, position, warning }) => [
    job,
    position instanceof Problem ? position.status : position.branches.get('')?.watermark,
    /is (damaged|missing)\b.*: going on from the one before/.exec(warning ?? '')?.[1],
  ]);
  assert.deepEqual(
    found.toSorted((one, other) => (String(one[0]) < String(other[0]) ? -1 : 1)),
    [
      ['.hidden', 5n, undefined],
      ['a/b', 5n, undefined],
      ['broken', 4n, 'damaged'],
      ['good', 5n, undefined],
      ['hopeless', 78, undefined],
      ['lost', 4n, 'missing'],
      ['x'.repeat(300), 5n, undefined],
    ],
  );
});

test('on a full disk a save fails, the position stays, and no temp file is left', async (t) => {
  const directory = join(freshDirectory(t), 'small');
  mkdirSync(directory);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory], { stdio: 'ignore' });
  } catch {
    return t.skip('no right to mount a small file system');
  }
  try {
    await fillUp(directory);
  } finally {
    execFileSync('umount', [directory]);
  }
});

async function fillUp(directory: string): Promise<void> {
  chmodSync(directory, 0o700);
  const store = positionStore(directory, 'job', scope);
  await store.lock();
  await store.load();
  const small = positionOf({ '': branch(1n, ['x']) });
  await store.save(small);
  const large = positionOf({
    '': branch(
      2n,
      Array.from({ length: 3000 }, (_, index) => `record ${index}`),
    ),
  });
  await assert.rejects(store.save(large), problem(74, /disk is full \(ENOSPC\)/, /free some space/));
  await assert.rejects(
    store.journal('', large.branches.get('')!.ledger.lines(), undefined),
    problem(74, /disk is full/),
  );
  await store.journal('', branch(2n, ['y']).ledger.lines(), undefined);
  await store.close();
  assert.deepEqual(readdirSync(directory).sort(), ['job.journal', 'job.position']);
  assert.equal((await load(directory)).position?.branches.get('')?.ledger.size(), 2);
}

test('a position of the first released format is read', async (t) => {
  const directory = freshDirectory(t);
  copyFileSync(new URL('fixtures/position-1.position', import.meta.url), join(directory, 'fixture.position'));
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

for (const links of [true, false]) {
  const where = links ? 'with' : 'without';
  test(`on a file system ${where} hard links a save that fails at its last step leaves the file as it was, and the next one goes on`, async (t) => {
    const directory = freshDirectory(t);
    const { link } = promises;
    t.after(() => {
      onReached(undefined);
      promises.link = link;
      syncBuiltinESMExports();
    });
    const refuse = (): Promise<never> => Promise.reject(Object.assign(new Error('no'), { code: 'EOPNOTSUPP' }));
    if (!links) promises.link = refuse;
    syncBuiltinESMExports();
    const [first, second] = [positionOf({ '': branch(1n, ['a']) }), positionOf({ '': branch(2n, ['b']) })];
    const store = positionStore(directory, 'job', scope);
    await store.lock();
    await store.load();
    await store.save(first);
    const before = readFileSync(store.path);
    onReached((point) => {
      if (point === 'position: previous linked') throw Object.assign(new Error('broken'), { code: 'EIO' });
    });
    await assert.rejects(store.save(second), problem(74, /cannot save the position in/));
    assert.deepEqual(readFileSync(store.path), before);
    onReached(undefined);
    await store.save(second);
    await store.close();
    assert.deepEqual(readdirSync(directory).toSorted(), ['job.position', 'job.position.previous']);
    assert.deepEqual(readFileSync(`${store.path}.previous`), before);
    assert.equal(statSync(`${store.path}.previous`).mode & 0o777, 0o600);
    assert.deepEqual(plain((await load(directory)).position), plain(second));
  });
}
