/** Files that are no whole position, and the way to begin again that their hints tell. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { beginAgain, branch, load, plain, positionOf, saved, scope, writeDocument } from '../../support/positions.ts';
import { problem } from '../../support/problem.ts';
import { scratch } from '../../support/program.ts';

test('a file that is cut off at any byte is never taken for a position: the one before is, or it is refused', async (t) => {
  const directory = scratch(t);
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

test('a position that is damaged, or gone, with a damaged one before it is refused, with the damage of both', async (t) => {
  const directory = scratch(t);
  const { path } = await saved(directory, positionOf({ '': branch(1n) }), positionOf({ '': branch(2n) }));
  writeFileSync(`${path}.previous`, '[]\n');
  writeFileSync(path, '{}\n');
  const before = 'the first line is not that of a position file';
  await assert.rejects(load(directory), problem(78, new RegExp(`: ${before}, and the one before \\(${before}\\)$`)));
  rmSync(path);
  const failure: unknown = await load(directory).catch((error: unknown) => error);
  problem(78, new RegExp(`: it is missing, and the one before \\(${before}\\)$`))(failure);
  await beginAgain(directory, failure);
});

test('a file with any bit flipped, of zeroes, or of other content is never taken for a position', async (t) => {
  const directory = scratch(t);
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

test('a forged file with a right checksum and wrong content is refused', async (t) => {
  const directory = scratch(t);
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
    writeDocument(path, body);
    await assert.rejects(load(directory), problem(78, message));
  }
});

test('the command of a hint removes the right files where the directory has blanks and quotes in its name', async (t) => {
  const directory = join(scratch(t), "st ate; 'x' $HOME");
  mkdirSync(directory, { mode: 0o700 });
  writeFileSync(join(directory, 'job.position'), 'garbage', { mode: 0o600 });
  await beginAgain(directory, await load(directory).catch((error: unknown) => error));
});

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

for (const name of ['job.position', 'job.position.previous']) {
  test(`what is wrong with the many remembered IDs of ${name} is reported when they are read, with the way to begin again`, async (t) => {
    const directory = scratch(t);
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

test('a journal with a malformed line is reported with the way to begin again', async (t) => {
  const directory = scratch(t);
  const store = await saved(directory, positionOf({ '': branch(1n) }), positionOf({ '': branch(2n) }));
  await store.lock();
  await store.load();
  await store.journal('', [Buffer.from('not a line of a ledger\n')], undefined);
  await store.close();
  const failure: unknown = await load(directory).catch((error: unknown) => error);
  problem(78, /job\.position cannot be used: its journal: remembered IDs: malformed line/)(failure);
  await beginAgain(directory, failure);
});
