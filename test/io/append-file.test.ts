import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import type { Problem } from '../../src/core/problem.ts';
import { ofSearch } from '../../src/commands/pull/no-next-run.ts';
import type { AppendFile, FilePlace } from '../../src/core/sink-tools.ts';
import { onReached } from '../../src/io/failpoint.ts';
import { appendFile } from '../../src/io/append-file.ts';
import { arrayBuffers } from '../support/garbage.ts';
import { endedLines } from '../support/lines.ts';
import { moduleAt, scriptWords } from '../support/own-process.ts';
import { problem } from '../support/problem.ts';
import { arm } from '../sweep/failing.ts';
import { scratch } from '../support/scratch.ts';

function freshPath(t: TestContext): string {
  return join(scratch(t), 'out.jsonl');
}

/** A batch of records in wire form. */
function batch(file: AppendFile, ...records: readonly string[]): Promise<void> {
  const ends: number[] = [];
  let end = 0;
  for (const record of records) ends.push((end += Buffer.byteLength(record)));
  return file.append(Buffer.from(records.join('')), ends);
}

/** A run that goes well, with one batch. */
async function append(path: string, saved: FilePlace | undefined, ...records: string[]): Promise<FilePlace> {
  const { place } = await appendAs({ settled: true }, path, saved, ...records);
  return place;
}

/** A run with one batch. `left`: the place it would save if it did not go well. */
async function appendAs(
  { settled, begins }: { readonly settled: boolean; readonly begins?: (line: Buffer) => boolean },
  path: string,
  saved: FilePlace | undefined,
  ...records: string[]
): Promise<{ readonly place: FilePlace }> {
  const file = appendFile(path);
  await file.open(saved, begins);
  if (records.length > 0) await batch(file, ...records);
  await file.sync();
  const place = file.saved(settled);
  await file.close();
  return { place };
}

test('lines are appended to a file that only its owner can read', async (t) => {
  const path = freshPath(t);
  const place = await append(path, undefined, 'a\n', 'b\n');
  assert.equal(readFileSync(path, 'utf8'), 'a\nb\n');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(place, { size: 4, inode: String(statSync(path).ino) });
  assert.equal((await append(path, place, 'c\n')).size, 6);
  assert.equal(readFileSync(path, 'utf8'), 'a\nb\nc\n');
});

test('what a killed run appended stays, and its records are not written again', async (t) => {
  const path = freshPath(t);
  const empty = await append(path, undefined);
  const place = await append(path, empty, 'a\n');
  appendFileSync(path, 'b\nc\ntor');
  const next = await append(path, place, 'b\n', 'new\n', 'c\n');
  assert.equal(readFileSync(path, 'utf8'), 'a\nb\nc\nnew\n');
  assert.deepEqual(next, { size: 10, inode: place.inode });
  await append(path, empty, 'c\n', 'x\n', 'a\n', 'new\n');
  assert.equal(readFileSync(path, 'utf8'), 'a\nb\nc\nnew\nx\n');
});

test('lines of others stay wherever they are, and nothing is asked of them', async (t) => {
  const path = freshPath(t);
  const place = await append(path, undefined, 'a\n');
  appendFileSync(path, 'b\nof another\nc\n\nof a third\nhalf a li');
  await append(path, place, 'b\n', 'c\n', 'd\n');
  assert.equal(readFileSync(path, 'utf8'), 'a\nb\nof another\nc\n\nof a third\nd\n');
});

test('a line that stands there once is one record, and twice it is two', async (t) => {
  const path = freshPath(t);
  const place = await append(path, undefined, 'a\n');
  appendFileSync(path, 'a\na\n');
  await append(path, place, 'a\n', 'a\n', 'a\n', 'b\n');
  assert.equal(readFileSync(path, 'utf8'), 'a\na\na\na\nb\n');
});

test('a line that somebody is writing just now is not cut off', async (t) => {
  const path = freshPath(t);
  const place = await append(path, undefined, 'a\n');
  appendFileSync(path, 'half ');
  t.after(() => onReached(undefined));
  onReached((point) => {
    if (point === 'append: tail read') appendFileSync(path, 'a line\n');
  });
  await append(path, place, 'b\n');
  assert.equal(readFileSync(path, 'utf8'), 'a\nhalf a line\nb\n');
});

test('the saved place is after what others wrote during the run', async (t) => {
  const path = freshPath(t);
  const file = appendFile(path);
  await file.open(undefined);
  await batch(file, 'a\n');
  appendFileSync(path, 'of another\n');
  await batch(file, 'b\n');
  await file.sync();
  const place = file.saved(true);
  await file.close();
  assert.equal(place.size, statSync(path).size);
  await append(path, place, 'a\n', 'b\n');
  assert.equal(readFileSync(path, 'utf8'), 'a\nof another\nb\na\nb\n');
});

test('what stands there in part, or within a line, is not the record', async (t) => {
  const path = freshPath(t);
  const place = await append(path, undefined, 'first\n');
  appendFileSync(path, 'xa\na b\nhead\ntail 1\nhead\ntail');
  await append(path, place, 'a\n', 'head\ntail 2\n', 'b\n', 'head\ntail 1\n');
  assert.equal(readFileSync(path, 'utf8'), 'first\nxa\na b\nhead\ntail 1\nhead\na\nhead\ntail 2\nb\n');
});

test('a record of two lines is known by both, and a first line alone is cut off like half a line', async (t) => {
  const begins = (line: Buffer): boolean => line.toString().startsWith('create');
  for (const torn of ['create c\n', 'create c\n{"c"', 'create', '']) {
    const path = freshPath(t);
    const place = await append(path, undefined, 'create a\n{"a"}\n');
    appendFileSync(path, `create b\n{"b"}\n${torn}`);
    const records = ['create b\n{"b"}\n', 'create d\n{"d"}\n', 'create c\n{"c"}\n'];
    await appendAs({ settled: true, begins }, path, place, ...records);
    assert.equal(readFileSync(path, 'utf8'), 'create a\n{"a"}\ncreate b\n{"b"}\ncreate d\n{"d"}\ncreate c\n{"c"}\n');
  }
});

test('what a killed run wrote is still known after a run that failed, and what that one wrote is not compared', async (t) => {
  const path = freshPath(t);
  const first = await append(path, undefined, 'a\n');
  appendFileSync(path, 'b\nb\nof another\nc\n');
  const { place: failed } = await appendAs({ settled: false }, path, first, 'b\n', 'new\n');
  const begins = Buffer.byteLength('a\nb\n');
  assert.deepEqual(failed.unsettled, [[begins, begins + Buffer.byteLength('b\nof another\nc\n')]]);
  assert.equal(failed.size, statSync(path).size);
  const { place: again } = await appendAs({ settled: false }, path, failed);
  assert.deepEqual(again, failed);
  const well = await append(path, again, 'c\n', 'new\n', 'b\n', 'b\n');
  assert.equal(readFileSync(path, 'utf8'), 'a\nb\nb\nof another\nc\nnew\nnew\nb\n');
  assert.equal(well.unsettled, undefined);
});

test('long records, and lines around the size of what is read at once, are compared to their last byte', async (t) => {
  const path = freshPath(t);
  const place = await append(path, undefined, 'a\n');
  const sizes = [65_535, 65_536, 65_537, 131_072, 200_000];
  const lines = sizes.map((size, at) => `${String(at).repeat(size - 1)}\n`);
  appendFileSync(path, lines.join(''));
  await append(path, place, ...lines.toReversed());
  assert.equal(statSync(path).size, 2 + Buffer.byteLength(lines.join('')));
  const others = lines.map((line) => `${line.slice(0, -2)}x\n`);
  await append(path, place, ...others);
  assert.equal(readFileSync(path, 'utf8'), ['a\n', ...lines, ...others].join(''));
});

test('a million lines after the saved place need little memory, and each is found', async (t) => {
  const path = freshPath(t);
  const place = await append(path, undefined, 'a\n');
  const lines = (from: number): string[] =>
    Array.from({ length: 1000 }, (_, at) => `{"id":"${from + at}","text":"${'x'.repeat(80)}"}\n`);
  for (let from = 0; from < 1_000_000; from += 1000) appendFileSync(path, lines(from).join(''));
  const { size } = statSync(path);
  const before = arrayBuffers();
  const file = appendFile(path);
  await file.open(place);
  for (let from = 0; from < 1_000_000; from += 1000) await batch(file, ...lines(from));
  const needed = arrayBuffers() - before;
  await file.close();
  assert.equal(statSync(path).size, size);
  assert.ok(needed < 64 * 1024 * 1024, `${needed} bytes`);
});

test('whatever runs, kills and others do to a file, no whole line is lost, and every record is there once', async (t) => {
  const path = freshPath(t);
  const records = fc.array(fc.constantFrom('a\n', 'b\n', 'ab\n', 'head a\nbody\n', 'head b\nbody\n', '\n'), {
    maxLength: 6,
  });
  const history = fc.array(
    fc.record({
      others: fc.constantFrom('', 'a\n', 'other\n', 'body\n', '\n'),
      /** How many bytes of its last batch a killed run wrote; undefined for one that was not killed. */
      killedAt: fc.option(fc.nat({ max: 30 }), { nil: undefined }),
      fresh: records,
      settled: fc.boolean(),
    }),
    { maxLength: 8 },
  );
  const begins = (line: Buffer): boolean => line.toString().startsWith('head');
  await fc.assert(
    fc.asyncProperty(history, async (steps) => {
      rmSync(path, { force: true });
      let { place } = await appendAs({ settled: true, begins }, path, undefined);
      let due: string[] = []; // what the vendor shows until it was delivered
      const delivered: string[] = [];
      const foreign: string[] = [];
      for (const { others, killedAt, fresh, settled } of steps) {
        due.push(...fresh);
        if (others !== '') {
          const text = readFileSync(path, 'utf8');
          const half = text.slice(wholeOf(text).length); // whose line break, by another, makes lines of it
          const lines = half === '' || half.endsWith('\n') ? others : `\n${others}`;
          appendFileSync(path, lines);
          foreign.push(half + lines);
        }
        const before = readFileSync(path, 'utf8');
        if (killedAt !== undefined) {
          // A killed run leaves the beginning of what was missing, and saves nothing.
          const file = appendFile(path);
          await file.open(place, begins);
          const { size } = statSync(path);
          if (due.length > 0) await batch(file, ...due);
          await file.close();
          truncateSync(path, Math.min(statSync(path).size, size + killedAt));
        } else {
          // One that fails has delivered the first half.
          const now = settled ? due.length : due.length >> 1;
          ({ place } = await appendAs({ settled, begins }, path, place, ...due.slice(0, now)));
          delivered.push(...due.slice(0, now));
          due = due.slice(now);
        }
        assert.ok(readFileSync(path, 'utf8').startsWith(wholeOf(before)), 'no whole line goes');
      }
      await appendAs({ settled: true, begins }, path, place, ...due);
      delivered.push(...due);
      const there = endedLines(readFileSync(path, 'utf8'));
      const most = endedLines([...delivered, ...foreign].join(''));
      for (const line of new Set([...there, ...most])) {
        const count = there.filter((other) => other === line).length;
        const own = endedLines(delivered.join('')).filter((other) => other === line).length;
        const all = most.filter((other) => other === line).length;
        assert.ok(own <= count && count <= all, `${JSON.stringify(line)}: ${count}, not ${own} to ${all}`);
      }
    }),
    { numRuns: 300 },
  );
});

/** Up to the end of the last record; a first line of two is none. */
function wholeOf(text: string): string {
  return text.slice(0, text.lastIndexOf('\n') + 1).replace(/head .\n$/, '');
}

test('a file that was rotated is begun again, and one that was emptied is appended to', async (t) => {
  const path = freshPath(t);
  const place = await append(path, undefined, 'a\n', 'b\n');
  renameSync(path, `${path}.1`);
  writeFileSync(path, 'of somebody else, and longer\n');
  await append(path, place, 'c\n');
  assert.equal(readFileSync(path, 'utf8'), 'of somebody else, and longer\nc\n');
  assert.equal(readFileSync(`${path}.1`, 'utf8'), 'a\nb\n');

  const emptied = freshPath(t);
  const before = await append(emptied, undefined, 'a\n', 'b\n');
  truncateSync(emptied, 0);
  await append(emptied, before, 'c\n');
  assert.equal(readFileSync(emptied, 'utf8'), 'c\n');
});

test('a file that was emptied and filled again is not cut within a line', async (t) => {
  const path = freshPath(t);
  const place = await append(path, undefined, 'a\n', 'b\n');
  truncateSync(path, 0);
  appendFileSync(path, 'much longer\n');
  await append(path, place, 'c\n');
  assert.equal(readFileSync(path, 'utf8'), 'much longer\nc\n');
});

test("somebody's torn last line does not swallow the first record", async (t) => {
  const path = freshPath(t);
  writeFileSync(path, '{"torn":');
  const place = await append(path, undefined, 'a\n');
  assert.equal(readFileSync(path, 'utf8'), '{"torn":\na\n');
  assert.equal(place.size, statSync(path).size);
});

test('what cannot be appended to is a Problem that names the path', async (t) => {
  const path = freshPath(t);
  const open = (at: string): Promise<void> => appendFile(at).open(undefined);
  await assert.rejects(open(join(path, 'out')), problem(73, /no such directory/));
  writeFileSync(`${path}.file`, '');
  await assert.rejects(open(join(`${path}.file`, 'out')), problem(73, /not a directory/));
  mkdirSync(`${path}.d`);
  await assert.rejects(open(`${path}.d`), problem(73, /it is a directory/));
  symlinkSync(`${path}.file`, path);
  await assert.rejects(open(path), problem(78, /symbolic link/));
  if (existsSync('/dev/full')) await assert.rejects(open('/dev/full'), problem(73, /not a regular file/));
});

test('a file that is removed meanwhile is noticed before anything counts as delivered', async (t) => {
  const path = freshPath(t);
  const file = appendFile(path);
  await file.open(undefined);
  await batch(file, 'a\n');
  rmSync(path);
  await assert.rejects(file.sync(), problem(74, /was removed while it was written to/));
  await file.close();
});

test('a hard link is not written to where everybody may put one: it would lead into another file of this user', async (t) => {
  const path = freshPath(t);
  const precious = join(dirname(path), 'precious');
  writeFileSync(precious, 'precious\n');
  linkSync(precious, path);
  chmodSync(dirname(path), 0o1777);
  await assert.rejects(append(path, undefined, 'a\n'), problem(73, / is a hard link: .* others can put files$/, /rm /));
  await assert.rejects(appendFile(path).look(undefined), problem(73, / is a hard link/));
  assert.equal(readFileSync(precious, 'utf8'), 'precious\n');
  chmodSync(dirname(path), 0o700);
  await append(path, undefined, 'a\n');
  assert.equal(readFileSync(precious, 'utf8'), 'precious\na\n');
});

test('a file that a run has written to before may have got another name since', async (t) => {
  const path = freshPath(t);
  const place = await append(path, undefined, 'a\n');
  linkSync(path, join(dirname(path), 'kept'));
  chmodSync(dirname(path), 0o1777);
  await append(path, place, 'b\n');
  assert.equal(readFileSync(path, 'utf8'), 'a\nb\n');
});

for (const [where, owner, mode] of [
  ['everybody may', 0, 0o1777],
  ['a group may', 0, 0o770],
  ['another user may', 65_534, 0o700],
] as const) {
  test(`a file of another user is not written to where ${where} put one: who did would read the records`, async (t) => {
    if (process.getuid?.() !== 0) return t.skip('only root can give a file away');
    const path = freshPath(t);
    writeFileSync(path, '', { mode: 0o666 });
    chownSync(path, 65_534, 65_534);
    chownSync(dirname(path), owner, 0);
    chmodSync(dirname(path), mode);
    await assert.rejects(
      append(path, undefined, 'a\n'),
      problem(73, / belongs to user 65534, who can read .*\/audit-export-\w+ others can put files$/),
    );
    assert.equal(readFileSync(path, 'utf8'), '');
  });
}

test('a file of another user is written to where only root and the user of the run could have put it: log rotation does', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('only root can give a file away');
  const path = freshPath(t);
  chmodSync(dirname(path), 0o755);
  const place = await append(path, undefined, 'a\n');
  renameSync(path, `${path}.1`);
  writeFileSync(path, '', { mode: 0o640 });
  chownSync(path, 65_534, 65_534); // as with `create 640 syslog adm`
  await append(path, place, 'b\n');
  assert.equal(readFileSync(path, 'utf8'), 'b\n');
});

test('where everybody may put files, a file of root and one that is known are written to', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('only root can give a file away');
  const path = freshPath(t);
  chmodSync(dirname(path), 0o1777);
  writeFileSync(path, '');
  chownSync(path, 0, 65_534); // made for the group of who reads it
  const place = await append(path, undefined, 'a\n');
  chownSync(path, 65_534, 65_534); // a file system that gives away what root makes
  await append(path, place, 'b\n');
  assert.equal(readFileSync(path, 'utf8'), 'a\nb\n');
});

test("a file that took the place of the known one is not cut, nor is what stands in it taken for a killed run's", async (t) => {
  const path = freshPath(t);
  const place = await append(path, undefined, 'a\n');
  renameSync(path, `${path}.1`);
  writeFileSync(path, 'x\nb\n{"of somebody"');
  await append(path, place, 'b\n');
  assert.equal(readFileSync(path, 'utf8'), 'x\nb\n{"of somebody"\nb\n');
});

/** Calls `body` while the system lets the file only be appended to; skips the test where it does not know that. */
async function appendOnly(t: TestContext, path: string, body: () => Promise<void>): Promise<void> {
  try {
    execFileSync('chattr', ['+a', path], { stdio: 'ignore' });
  } catch {
    return t.skip('the file system, or this user, cannot make a file append-only');
  }
  try {
    await body();
  } finally {
    execFileSync('chattr', ['-a', path]);
  }
}

test('where a file may only be appended to, what a killed run wrote is known, and its half record ends with the line', async (t) => {
  const path = freshPath(t);
  const place = await append(path, undefined, 'a\n');
  appendFileSync(path, 'b\n{"c"');
  await appendOnly(t, path, async () => {
    const next = await append(path, place, 'b\n', '{"c":1}\n');
    assert.equal(readFileSync(path, 'utf8'), 'a\nb\n{"c"\n{"c":1}\n');
    await append(path, next, 'd\n');
    assert.equal(readFileSync(path, 'utf8'), 'a\nb\n{"c"\n{"c":1}\nd\n');
  });
});

test('where a file may only be appended to, half a record of several lines is not followed by another', async (t) => {
  const path = freshPath(t);
  const begins = (line: Buffer): boolean => line[0] === 0x3e;
  const { place } = await appendAs({ settled: true, begins }, path, undefined, '>a\na\n');
  appendFileSync(path, '>b\n');
  await appendOnly(t, path, async () => {
    const next = appendAs({ settled: true, begins }, path, place, '>b\nb\n');
    await assert.rejects(next, (error: Problem) => {
      problem(73, / ends in half a record, and may only be appended to$/)(error);
      assert.equal(error.hint, `let the next run cut it off: chattr -a ${path}`);
      assert.equal(ofSearch(error).hint, `let a run cut it off: chattr -a ${path}`, 'a search is told how, too');
      return true;
    });
    assert.equal(readFileSync(path, 'utf8'), '>a\na\n>b\n');
  });
});

test("where a file may only be appended to, two-line records that are whole are in nobody's way", async (t) => {
  const path = freshPath(t);
  const begins = (line: Buffer): boolean => line.toString().startsWith('>');
  const { place } = await appendAs({ settled: true, begins }, path, undefined, '>a\na\n');
  appendFileSync(path, '>b\nb\n');
  await appendOnly(t, path, async () => {
    await appendAs({ settled: true, begins }, path, place, '>b\nb\n', '>c\nc\n');
    assert.equal(readFileSync(path, 'utf8'), '>a\na\n>b\nb\n>c\nc\n');
  });
});

/** The next fsync fails, as the system tells of what it could not write: once. */
async function syncFails(work: () => Promise<unknown>): Promise<void> {
  const { disarm } = await arm({ kind: 'file', nth: 1, mode: 'once', code: 'EIO' });
  try {
    await assert.rejects(work(), problem(74, /: the disk failed \(EIO\)$/));
  } finally {
    disarm();
  }
}

test('an fsync that failed counts for the rest of the run', async (t) => {
  const file = appendFile(freshPath(t));
  await file.open(undefined);
  await batch(file, 'a\n');
  await syncFails(() => file.sync());
  await batch(file, 'b\n');
  await assert.rejects(file.sync(), problem(74, /: the disk failed \(EIO\)$/));
  await file.close();
});

test('what a run whose fsync failed wrote is written over itself, for the next fsync to reach the disk', async (t) => {
  const path = freshPath(t);
  const place = await append(path, undefined, 'a\n');
  appendFileSync(path, 'b\nof another\nc\nd\n');
  const tail = readFileSync(path);
  const [whenever, long] = [new Date(0), `${'x'.repeat(200_000)}\n`];
  appendFileSync(path, long);
  utimesSync(path, whenever, whenever);
  await append(path, place, 'c\n', 'd\n', 'b\n', long);
  assert.equal(readFileSync(path, 'utf8'), tail.toString() + long);
  assert.ok(statSync(path).mtimeMs > 0);
});

/** A directory on a file system of 64 KiB; undefined without the right to mount one. */
function smallDisk(t: TestContext): string | undefined {
  const directory = join(freshPath(t), '..', 'small');
  mkdirSync(directory);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  return directory;
}

test('on a full disk, too, what others wrote meanwhile stays, and the next run cuts off the half record', async (t) => {
  const directory = smallDisk(t);
  if (directory === undefined) return t.skip('no right to mount a small file system');
  const path = join(directory, 'out.jsonl');
  const file = appendFile(path);
  try {
    await file.open(undefined);
    await batch(file, 'first\n');
    appendFileSync(path, 'of another\n');
    await assert.rejects(batch(file, 'second\n', `${'x'.repeat(100_000)}\n`), problem(74, /the disk is full/));
    await file.sync();
    const place = file.saved(false);
    assert.ok(readFileSync(path, 'utf8').startsWith('first\nof another\nsecond\nxxx'));
    await append(path, place, 'second\n', 'third\n');
    assert.equal(readFileSync(path, 'utf8'), 'first\nof another\nsecond\nthird\n');
  } finally {
    await file.close();
    execFileSync('umount', [directory]);
  }
});

test('what stands there is still known to the next run when the rest of the batch could not be written', async (t) => {
  const directory = smallDisk(t);
  if (directory === undefined) return t.skip('no right to mount a small file system');
  const path = join(directory, 'out.jsonl');
  try {
    const place = await append(path, undefined, 'a\n');
    appendFileSync(path, 'b\nc\n');
    const file = appendFile(path);
    await file.open(place);
    await batch(file, 'b\n');
    await assert.rejects(batch(file, 'c\n', 'x'.repeat(100_000)), problem(74, /the disk is full/));
    const failed = file.saved(false);
    await file.close();
    assert.deepEqual(failed, { size: 6, inode: place.inode, unsettled: [[4, 6]] });
    await append(path, failed, 'c\n', 'd\n');
    assert.equal(readFileSync(path, 'utf8'), 'a\nb\nc\nd\n');
  } finally {
    execFileSync('umount', [directory]);
  }
});

test('on a full disk no half record stays', async (t) => {
  const directory = smallDisk(t);
  if (directory === undefined) return t.skip('no right to mount a small file system');
  const file = appendFile(join(directory, 'out.jsonl'));
  try {
    await file.open(undefined);
    await batch(file, 'first\n');
    await assert.rejects(batch(file, 'x'.repeat(100_000)), problem(74, /the disk is full \(ENOSPC\)/));
    assert.equal(readFileSync(join(directory, 'out.jsonl'), 'utf8'), 'first\n');
    await batch(file, 'second\n');
    assert.equal(file.saved().size, 13);
  } finally {
    await file.close();
    execFileSync('umount', [directory]);
  }
});

test('a file size limit is a Problem, too', (t) => {
  const path = freshPath(t);
  const script = `import { appendFile } from ${JSON.stringify(moduleAt('src/io/append-file.ts'))};
    const file = appendFile(${JSON.stringify(path)});
    await file.open(undefined);
    await file.append(Buffer.from('first\\n'), [6]);
    try { await file.append(Buffer.alloc(300_000, 'x'), [300_000]); } catch (error) { console.log(error.status, error.message); }`;
  const output = execFileSync(
    '/bin/sh',
    ['-c', 'ulimit -f 16; exec "$0" "$@"', process.execPath, ...scriptWords(script)],
    { encoding: 'utf8' },
  );
  assert.match(output, /^74 cannot write to .*out\.jsonl: the file may not grow \(EFBIG\)\n$/);
  assert.equal(readFileSync(path, 'utf8'), 'first\n');
});

test('to look whether a file could be made leaves nothing behind', async (t) => {
  const path = freshPath(t);
  await appendFile(path).look(undefined);
  assert.deepEqual(readdirSync(dirname(path)), []);
});
