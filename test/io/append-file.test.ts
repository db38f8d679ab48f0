import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Problem } from '../../src/core/problem.ts';
import { appendFile } from '../../src/io/append-file.ts';

type Place = { readonly size: number; readonly inode: string };

function freshPath(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'append-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'out.jsonl');
}

async function append(path: string, saved: Place | undefined, ...lines: string[]): Promise<Place> {
  const file = appendFile(path);
  await file.open(saved);
  for (const line of lines) await file.append(Buffer.from(line));
  await file.sync();
  const place = file.saved();
  await file.close();
  return place;
}

function problem(status: number, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof Problem, String(error));
    assert.match(error.message, message);
    assert.equal(error.status, status);
    return true;
  };
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

test('what a killed run appended after the last commit is cut off', async (t) => {
  const path = freshPath(t);
  const empty = await append(path, undefined);
  const place = await append(path, empty, 'a\n');
  appendFileSync(path, 'b\nc\ntor');
  await append(path, place, 'b\n');
  assert.equal(readFileSync(path, 'utf8'), 'a\nb\n');
  await append(path, empty, 'x\n');
  assert.equal(readFileSync(path, 'utf8'), 'x\n');
});

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
  await file.append(Buffer.from('a\n'));
  rmSync(path);
  await assert.rejects(file.sync(), problem(74, /was removed while it was written to/));
  await file.close();
});

test('on a full disk no half record stays', async (t) => {
  const directory = join(freshPath(t), '..', 'small');
  mkdirSync(directory);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory], { stdio: 'ignore' });
  } catch {
    return t.skip('no right to mount a small file system');
  }
  const file = appendFile(join(directory, 'out.jsonl'));
  try {
    await file.open(undefined);
    await file.append(Buffer.from('first\n'));
    await assert.rejects(file.append(Buffer.alloc(100_000, 'x')), problem(74, /the disk is full \(ENOSPC\)/));
    assert.equal(readFileSync(join(directory, 'out.jsonl'), 'utf8'), 'first\n');
    await file.append(Buffer.from('second\n'));
    assert.equal(file.saved().size, 13);
  } finally {
    await file.close();
    execFileSync('umount', [directory]);
  }
});

test('a file size limit is a Problem, too', (t) => {
  const path = freshPath(t);
  const script = `import { appendFile } from ${JSON.stringify(new URL('../../src/io/append-file.ts', import.meta.url).href)};
    const file = appendFile(${JSON.stringify(path)});
    await file.open(undefined);
    await file.append(Buffer.from('first\\n'));
    try { await file.append(Buffer.alloc(300_000, 'x')); } catch (error) { console.log(error.status, error.message); }`;
  const output = execFileSync(
    '/bin/sh',
    [
      '-c',
      'ulimit -f 16; exec "$0" "$@"',
      process.execPath,
      '--import',
      'tsx',
      '--input-type=module',
      '--eval',
      script,
    ],
    { encoding: 'utf8' },
  );
  assert.match(output, /^74 cannot write to .*out\.jsonl: the file may not grow \(EFBIG\)\n$/);
  assert.equal(readFileSync(path, 'utf8'), 'first\n');
});
