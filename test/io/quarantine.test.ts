import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { Problem } from '../../src/core/problem.ts';
import { openQuarantine } from '../../src/io/quarantine.ts';

const by = { source: 'sample', sink: 'elastic', branch: '' };

interface Line {
  readonly time: string;
  readonly source: string;
  readonly sink: string;
  readonly branch: string;
  readonly reason: string;
  readonly record?: string;
  readonly base64?: string;
  readonly more?: boolean;
}

function freshPath(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'quarantine-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'job.quarantine');
}

function linesOf(path: string): Line[] {
  const text = readFileSync(path, 'utf8');
  assert.ok(text.endsWith('\n'));
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

function bytesOf(line: Line | undefined): Buffer {
  return line?.record === undefined ? Buffer.from(line?.base64 ?? '', 'base64') : Buffer.from(line.record);
}

function problem(status: number, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof Problem, String(error));
    assert.match(error.message, message);
    assert.equal(error.status, status);
    return true;
  };
}

test('nothing is created before the first record', async (t) => {
  const path = freshPath(t);
  const quarantine = openQuarantine(path);
  await quarantine.flush();
  await quarantine.close();
  assert.equal(existsSync(path), false);
  assert.equal(quarantine.path, path);
});

test('a record is a line with its text, the reason and where it was refused', async (t) => {
  const path = freshPath(t);
  const quarantine = openQuarantine(path);
  await quarantine.add({ text: Buffer.from('{"a":"ä\u2028"}\n'), more: false, reason: 'HTTP 400: mapping' }, by);
  await quarantine.add({ text: Buffer.from([0x7b, 0xff, 0x7d]), more: false, reason: 'not UTF-8' }, by);
  await quarantine.flush();
  await quarantine.close();
  const [first, second] = linesOf(path);
  assert.deepEqual(Object.keys(first ?? {}), ['time', 'source', 'sink', 'branch', 'reason', 'record']);
  assert.equal(first?.record, '{"a":"ä\u2028"}\n');
  assert.equal(first.reason, 'HTTP 400: mapping');
  assert.equal(first.source, 'sample');
  assert.deepEqual(bytesOf(second), Buffer.from([0x7b, 0xff, 0x7d]));
  assert.equal(second?.record, undefined);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('parts of a record become one line, however they are cut', async (t) => {
  const directory = join(freshPath(t), '..');
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 10 }), { minLength: 2, maxLength: 6 }), async (parts) => {
      run += 1;
      const path = join(directory, `parts-${run}`);
      const quarantine = openQuarantine(path);
      await Promise.all(
        parts.map((part, index) =>
          quarantine.add({ text: Buffer.from(part), more: index < parts.length - 1, reason: 'too large' }, by),
        ),
      );
      await quarantine.close();
      const lines = linesOf(path);
      assert.equal(lines.length, 1);
      assert.deepEqual(bytesOf(lines[0]), Buffer.concat(parts));
    }),
    { numRuns: 40 },
  );
});

test('another record, or a flush, between two parts cuts the line in two, and nothing is lost', async (t) => {
  const path = freshPath(t);
  const quarantine = openQuarantine(path);
  const part = (text: string, more: boolean): Promise<void> =>
    quarantine.add({ text: Buffer.from(text), more, reason: 'too large' }, by);
  await part('{"large":', true);
  await quarantine.add({ text: Buffer.from('{}'), more: false, reason: 'HTTP 400' }, { ...by, branch: 'other' });
  await part('"begun', true);
  await quarantine.flush();
  await part(' and ended"}', false);
  await quarantine.close();
  const lines = linesOf(path);
  assert.deepEqual(
    lines.map((line) => [bytesOf(line).toString(), line.more ?? false]),
    [
      ['{"large":', true],
      ['{}', false],
      ['"begun', true],
      [' and ended"}', false],
    ],
  );
});

test('a line torn by a kill is cut off at the next start', async (t) => {
  const path = freshPath(t);
  const line = '{"record":"whole"}\n';
  for (const torn of ['{"rec', 'x'.repeat(200_000)]) {
    for (const before of ['', line]) {
      writeFileSync(path, before + torn);
      const quarantine = openQuarantine(path);
      await quarantine.add({ text: Buffer.from('{}'), more: false, reason: 'again' }, by);
      await quarantine.close();
      assert.equal(readFileSync(path, 'utf8').startsWith(before), true);
      assert.equal(linesOf(path).length, before === '' ? 1 : 2);
    }
  }
});

test('a planted link, a directory and a place without permission are refused', async (t) => {
  const path = freshPath(t);
  const add = async (at: string): Promise<void> => {
    const quarantine = openQuarantine(at);
    try {
      await quarantine.add({ text: Buffer.from('{}'), more: false, reason: 'x' }, by);
    } finally {
      await quarantine.close();
    }
  };
  writeFileSync(`${path}.victim`, 'precious');
  symlinkSync(`${path}.victim`, path);
  await assert.rejects(add(path), problem(78, /symbolic link/));
  assert.equal(readFileSync(`${path}.victim`, 'utf8'), 'precious');
  mkdirSync(`${path}.d`);
  await assert.rejects(add(`${path}.d`), problem(73, /it is a directory/));
  await assert.rejects(add(join(`${path}.victim`, 'below', 'q')), problem(73, /not a directory/));
  await add(join(`${path}.d`, 'made', 'q'));
  assert.equal(statSync(join(`${path}.d`, 'made')).mode & 0o777, 0o700);
  if (existsSync('/dev/full')) await assert.rejects(add('/dev/full'), problem(78, /not a regular file/));
});

test('on a full disk whole lines stay and the half one does not', async (t) => {
  const directory = join(freshPath(t), '..', 'small');
  mkdirSync(directory);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory], { stdio: 'ignore' });
  } catch {
    return t.skip('no right to mount a small file system');
  }
  const path = join(directory, 'q');
  const quarantine = openQuarantine(path);
  const add = (size: number, more = false): Promise<void> =>
    quarantine.add({ text: Buffer.alloc(size, 'x'), more, reason: 'r' }, by);
  try {
    await add(10);
    await assert.rejects(add(100_000), problem(74, /the disk is full \(ENOSPC\)/));
    assert.equal(linesOf(path).length, 1);
    await add(10, true);
    await assert.rejects(add(100_000, true), problem(74, /the disk is full/));
    assert.equal(linesOf(path).length, 1);
    await add(20);
    assert.equal(bytesOf(linesOf(path)[1]).length, 20);
  } finally {
    await quarantine.close();
    execFileSync('umount', [directory]);
  }
});
