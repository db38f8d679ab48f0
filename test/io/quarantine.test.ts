import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { Problem } from '../../src/core/problem.ts';
import type { RefusedRecord } from '../../src/core/types.ts';
import { onReached } from '../../src/io/failpoint.ts';
import { openQuarantine } from '../../src/io/quarantine.ts';
import { problem } from '../support/problem.ts';
import { arm } from '../sweep/failing.ts';
import { scratch } from '../support/scratch.ts';

const now = (): number => Date.parse('2026-11-20T09:00:00.250Z');
const by = { source: 'sample', sink: 'elastic', branch: '' };

interface Line {
  readonly time: string;
  readonly source: string;
  readonly sink: string;
  readonly branch: string;
  readonly reason: string;
  readonly record?: string;
  readonly base64?: string;
}

function freshPath(t: TestContext): string {
  return join(scratch(t), 'job.quarantine');
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

function part(bytes: string | Uint8Array, more: boolean, continued = false): RefusedRecord {
  return { text: Buffer.from(bytes), more, ...(continued && { continued }), reason: 'too large' };
}

function textsIn(path: string): string[] {
  return linesOf(path).map((line) => bytesOf(line).toString());
}

for (const [how, away] of [
  ['removed', rmSync],
  ['moved', (path: string): void => renameSync(path, `${path}.again`)],
  [
    'replaced by a new file (sed -i, logrotate)',
    (path: string): void => {
      writeFileSync(`${path}.new`, '');
      renameSync(`${path}.new`, path);
    },
  ],
  [
    'replaced by one that is as long as it will be',
    (path: string): void => {
      const [first = ''] = readFileSync(path, 'utf8').split('\n');
      const second = first.replace('first', 'second');
      writeFileSync(`${path}.new`, `{"record":"${'x'.repeat(first.length + second.length - 12)}"}\n`);
      renameSync(`${path}.new`, path);
    },
  ],
] as const) {
  test(`a quarantine that is ${how} during a run is noticed before a record counts as set aside there`, async (t) => {
    const path = freshPath(t);
    const quarantine = openQuarantine(path, now);
    await quarantine.add(part('first', false), by);
    await quarantine.flush();
    away(path);
    await quarantine.flush(); // nothing new
    await quarantine.add(part('second', false), by);
    await assert.rejects(
      quarantine.flush(),
      problem(74, /quarantine .* was moved away, removed or replaced while it was written to/),
    );
    await quarantine.close();
    const next = openQuarantine(path, now);
    await next.add(part('second', false), by);
    await next.flush();
    await next.close();
    assert.deepEqual(
      textsIn(path).filter((text) => !text.startsWith('x')),
      ['second'],
    );
  });
}

test('nothing is created before the first record', async (t) => {
  const path = freshPath(t);
  const quarantine = openQuarantine(path, now);
  await quarantine.flush();
  await quarantine.close();
  assert.equal(existsSync(path), false);
  assert.equal(quarantine.path, path);
});

test('a record is a line with its text, the reason, and when and where it was refused', async (t) => {
  const path = freshPath(t);
  const quarantine = openQuarantine(path, now);
  await quarantine.add({ text: Buffer.from('{"a":"ä\u2028"}\n'), more: false, reason: 'HTTP 400: mapping' }, by);
  await quarantine.add({ text: Buffer.from([0x7b, 0xff, 0x7d]), more: false, reason: 'not UTF-8' }, by);
  await quarantine.flush();
  await quarantine.close();
  const [first, second] = linesOf(path);
  assert.deepEqual(Object.keys(first ?? {}), ['time', 'source', 'sink', 'branch', 'reason', 'record']);
  assert.equal(first?.record, '{"a":"ä\u2028"}\n');
  assert.equal(first.reason, 'HTTP 400: mapping');
  assert.equal(first.source, 'sample');
  assert.deepEqual([first.time, second?.time], ['2026-11-20T09:00:00.250Z', '2026-11-20T09:00:00.250Z']);
  assert.deepEqual(bytesOf(second), Buffer.from([0x7b, 0xff, 0x7d]));
  assert.equal(second?.record, undefined);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('a record cannot hide or reorder what cat shows of its line, and is the same text there', async (t) => {
  const path = freshPath(t);
  const quarantine = openQuarantine(path, now);
  const text = '{"user":"\u202egro.live\u2066","by":"\u009b2J\u007f\u2029"}';
  await quarantine.add(part(text, false), { ...by, branch: 'sales\u202e' });
  await quarantine.close();
  assert.doesNotMatch(readFileSync(path, 'utf8'), /(?!\n)[\p{Cc}\p{Bidi_Control}\p{Zp}]/u);
  const [line] = linesOf(path);
  assert.equal(line?.record, text);
  assert.equal(line.branch, 'sales\u202e');
});

test('parts of a record become one line, however they are cut', async (t) => {
  const directory = join(freshPath(t), '..');
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 10 }), { minLength: 2, maxLength: 6 }), async (parts) => {
      run += 1;
      const path = join(directory, `parts-${run}`);
      const quarantine = openQuarantine(path, now);
      await Promise.all(
        parts.map((bytes, index) => quarantine.add(part(bytes, index < parts.length - 1, index > 0), by)),
      );
      await quarantine.close();
      const lines = linesOf(path);
      assert.equal(lines.length, 1);
      assert.deepEqual(bytesOf(lines[0]), Buffer.concat(parts));
    }),
    { numRuns: 40 },
  );
});

test('another record, or a flush, between two parts leaves them one line', async (t) => {
  const path = freshPath(t);
  const quarantine = openQuarantine(path, now);
  await quarantine.add(part('{"large":', true), by);
  await quarantine.add({ text: Buffer.from('{}'), more: false, reason: 'HTTP 400' }, { ...by, branch: 'other' });
  await quarantine.add(part('"begun', true, true), by);
  await quarantine.flush();
  assert.deepEqual(readdirSync(dirname(path)), [basename(path)], 'the parts have no name');
  assert.deepEqual(textsIn(path), ['{}'], 'nothing is claimed before the last part');
  await quarantine.add(part(' and ended"}', false, true), by);
  await quarantine.close();
  assert.deepEqual(textsIn(path), ['{}', '{"large":"begun and ended"}']);
});

test('a record that breaks off and begins again is there once, without what came before', async (t) => {
  const path = freshPath(t);
  const quarantine = openQuarantine(path, now);
  await quarantine.add(part('{"large":"long and broken of', true), by);
  await quarantine.add(part('f', true, true), by);
  await quarantine.add(part('{"large"', true), by);
  await quarantine.add(part(':1}', false, true), by);
  await quarantine.add(part('{"next"', true), by);
  await quarantine.add(part(':2}', false, true), by);
  await quarantine.add(part('{"never":', true), by);
  await quarantine.flush();
  await quarantine.close();
  assert.deepEqual(textsIn(path), ['{"large":1}', '{"next":2}']);
  assert.deepEqual(readdirSync(dirname(path)), [basename(path)]);
});

test('a record that does not end is given up at the limit, and leaves nothing', async (t) => {
  const path = freshPath(t);
  const quarantine = openQuarantine(path, now, 1000);
  const piece = 'x'.repeat(100);
  await quarantine.add(part(piece, true), by);
  for (let at = 1; at < 9; at++) await quarantine.add(part(piece, true, true), by);
  await quarantine.add(part(piece, false, true), by);
  await quarantine.add(part(piece, true), by);
  for (let at = 1; at < 10; at++) await quarantine.add(part(piece, true, true), by);
  await assert.rejects(
    quarantine.add(part('x', true, true), by),
    problem(65, /^sample sent a record of more than 1000 bytes, too large to set aside$/),
  );
  await quarantine.flush();
  await quarantine.close();
  assert.deepEqual(textsIn(path), [piece.repeat(10)]);
});

test('a write that fails takes back nothing that another run has set aside meanwhile, such as a search', async (t) => {
  const path = freshPath(t);
  const search = openQuarantine(path, now, 1000);
  await search.add(part('{"of":"the search"}', false), by);
  const job = openQuarantine(path, now);
  await job.add(part('{"of":"the job"}', false), by);
  await job.flush();
  await assert.rejects(search.add(part('x'.repeat(1001), true), by), Problem);
  await Promise.all([search.close(), job.close()]);
  assert.deepEqual(
    linesOf(path).map(({ record }) => record),
    ['{"of":"the search"}', '{"of":"the job"}'],
  );
});

test('a line torn by a kill is cut off at the next start', async (t) => {
  const path = freshPath(t);
  const line = '{"record":"whole"}\n';
  for (const torn of ['{"rec', 'x'.repeat(200_000)]) {
    for (const before of ['', line]) {
      writeFileSync(path, before + torn);
      const quarantine = openQuarantine(path, now);
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
    const quarantine = openQuarantine(at, now);
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
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=700,size=64k', 'tmpfs', directory], { stdio: 'ignore' });
  } catch {
    return t.skip('no right to mount a small file system');
  }
  const path = join(directory, 'q');
  const quarantine = openQuarantine(path, now);
  const add = (size: number): Promise<void> =>
    quarantine.add({ text: Buffer.alloc(size, 'x'), more: false, reason: 'r' }, by);
  try {
    await add(10);
    await assert.rejects(add(100_000), problem(74, /the disk is full \(ENOSPC\)/));
    assert.equal(linesOf(path).length, 1);
    await quarantine.add(part('begun', true), by);
    await assert.rejects(quarantine.add(part('x'.repeat(100_000), true, true), by), problem(74, /the disk is full/));
    assert.equal(linesOf(path).length, 1);
    await add(20);
    assert.equal(bytesOf(linesOf(path)[1]).length, 20);
  } finally {
    await quarantine.close();
    execFileSync('umount', [directory]);
  }
});

test(
  'a disk that gives back less of a record in parts than it took is told with a next step',
  { skip: !existsSync('/proc/self/fd') && 'there is no /proc here' },
  async (t) => {
    const path = freshPath(t);
    const quarantine = openQuarantine(path, now);
    await quarantine.add(part('begun', true), by);
    const [[descriptor] = assert.fail('it is nowhere')] = openFiles().filter(([, name]) => name.startsWith(path));
    onReached((point) => point === 'quarantine: written' && truncateSync(`/proc/self/fd/${descriptor}`, 1));
    t.after(() => onReached(undefined));
    await assert.rejects(
      quarantine.add(part('ended', false, true), by),
      problem(
        74,
        'the disk gave back 1 of 10 bytes',
        'see whether it is failing (dmesg); the next run goes on where this one stopped',
      ),
    );
    await quarantine.close();
    assert.equal(statSync(path).size, 0);
  },
);

test('an fsync that failed counts for the rest of the run: the record is not taken for set aside', async (t) => {
  const quarantine = openQuarantine(freshPath(t), now);
  await quarantine.add({ text: Buffer.from('poison'), more: false, reason: 'refused' }, by);
  const { disarm } = await arm({ kind: 'file', nth: 1, mode: 'once', code: 'EIO' });
  try {
    await assert.rejects(quarantine.flush(), problem(74));
  } finally {
    disarm();
  }
  await assert.rejects(quarantine.flush(), problem(74));
  await quarantine.close();
});

test('records are set aside where nobody else can put a file in their way, without a position as well', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('only root can give a file away');
  const path = freshPath(t);
  const refused = { text: Buffer.from('poison'), more: false, reason: 'refused' };
  for (const [owner, mode] of [
    [65_534, 0o755],
    [0, 0o777],
  ] as const) {
    chownSync(dirname(path), owner, 0);
    chmodSync(dirname(path), mode);
    await assert.rejects(openQuarantine(path, now).add(refused, by), problem(78));
    await assert.rejects(openQuarantine(path, now).add({ ...refused, more: true }, by), problem(78));
  }
  assert.deepEqual(readdirSync(dirname(path)), []);
});

test(
  'what has come of a record in parts is for nobody else, and no name leads to it',
  { skip: !existsSync('/proc/self/fd') && 'there is no /proc here' },
  async (t) => {
    const path = freshPath(t);
    const quarantine = openQuarantine(path, now);
    const before = process.umask(0);
    try {
      await quarantine.add(part('half of it', true), by);
    } finally {
      process.umask(before);
    }
    const [found = assert.fail('it is nowhere')] = openFiles().filter(([, name]) => name.startsWith(dirname(path)));
    assert.equal(statSync(`/proc/self/fd/${found[0]}`).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(dirname(path)), []);
    await quarantine.close();
    assert.deepEqual(
      openFiles().filter(([, name]) => name.startsWith(dirname(path))),
      [],
    );
  },
);

/** The descriptors of this process, and what they are open to. */
function openFiles(): (readonly [descriptor: string, name: string])[] {
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      return [[descriptor, readlinkSync(`/proc/self/fd/${descriptor}`)] as const];
    } catch {
      return []; // that of this very look
    }
  });
}
