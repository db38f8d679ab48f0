import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { Problem } from '../../../src/core/problem.ts';
import { takeLock } from '../../../src/io/position/lock.ts';
import { arm } from '../../sweep/failing.ts';
import { type Holder, isDead, lockFile, self } from '../../../src/io/position/lock-file.ts';

function freshDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'lock-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function isHeld(error: unknown): boolean {
  return error instanceof Problem && error.status === 75 && error.message.includes('another run of job audit is still');
}

/** A process that takes the lock for each line of its input and says `taken` or `held`; another line lets go. */
function contender(
  t: TestContext,
  directory: string,
  kind: 'socket' | 'file',
): { child: ChildProcess; ask(): Promise<string> } {
  const script = `
    import { takeLock } from ${JSON.stringify(new URL('../../../src/io/position/lock.ts', import.meta.url).href)};
    import { lockFile } from ${JSON.stringify(new URL('../../../src/io/position/lock-file.ts', import.meta.url).href)};
    import { createInterface } from 'node:readline';
    let lock;
    for await (const line of createInterface({ input: process.stdin })) {
      if (lock !== undefined) { await lock.release(); lock = undefined; console.log('let go'); continue; }
      const directory = ${JSON.stringify(directory)};
      const taken = ${
        kind === 'socket'
          ? `await takeLock(directory, 'audit', 'audit.lock').catch((error) => error.status === 75 ? 'held' : String(error))`
          : `await lockFile(directory + '/audit.lock')`
      };
      if (typeof taken === 'string') console.log(taken);
      else { lock = taken; console.log('taken'); }
    }`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    async ask() {
      child.stdin.write('\n');
      return String((await lines.next()).value);
    },
  };
}

test('a job is run once at a time, and again as soon as it has ended', async (t) => {
  const directory = freshDirectory(t);
  const first = await takeLock(directory, 'audit', 'audit.lock');
  await assert.rejects(takeLock(directory, 'audit', 'audit.lock'), isHeld);
  await (await takeLock(directory, 'other job', 'other.lock')).release();
  await first.release();
  await (await takeLock(directory, 'audit', 'audit.lock')).release();
  assert.deepEqual(readdirSync(directory), []);
});

test('the same directory under another name is the same lock', async (t) => {
  const directory = freshDirectory(t);
  symlinkSync(directory, `${directory}.link`);
  t.after(() => rmSync(`${directory}.link`));
  const first = await takeLock(directory, 'audit', 'audit.lock');
  await assert.rejects(takeLock(`${directory}.link`, 'audit', 'audit.lock'), isHeld);
  await first.release();
});

test('a held lock does not keep the program running', async (t) => {
  const script = `import { takeLock } from ${JSON.stringify(new URL('../../../src/io/position/lock.ts', import.meta.url).href)};
    await takeLock(${JSON.stringify(freshDirectory(t))}, 'audit', 'audit.lock');`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
    stdio: 'inherit',
  });
  t.after(() => child.kill('SIGKILL'));
  const [code] = (await once(child, 'exit')) as [number | null];
  assert.equal(code, 0);
});

for (const kind of ['socket', 'file'] as const) {
  test(`of two processes that race for the lock, exactly one gets it, 50 times (${kind})`, async (t) => {
    const directory = freshDirectory(t);
    const [one, two] = [contender(t, directory, kind), contender(t, directory, kind)];
    for (let round = 0; round < 50; round += 1) {
      const answers = await Promise.all([one.ask(), two.ask()]);
      assert.deepEqual([...answers].sort(), ['held', 'taken'], `round ${round}`);
      assert.equal(await (answers[0] === 'taken' ? one : two).ask(), 'let go');
    }
  });

  test(`after kill -9 the next run starts at once (${kind})`, async (t) => {
    const directory = freshDirectory(t);
    for (let round = 0; round < 3; round += 1) {
      const killed = contender(t, directory, kind);
      const next = contender(t, directory, kind);
      assert.equal(await killed.ask(), 'taken');
      assert.equal(await next.ask(), 'held');
      killed.child.kill('SIGKILL');
      await once(killed.child, 'exit');
      assert.equal(await next.ask(), 'taken');
      assert.equal(await next.ask(), 'let go');
    }
    assert.deepEqual(readdirSync(directory), []);
  });
}

test('a lock file is taken from its holder only when that one is certainly dead', async () => {
  const me = await self();
  assert.equal(await isDead(me), false);
  const gone: Holder = { ...me, pid: 2 ** 22 + 1 }; // above the largest process number of Linux
  const cases: [Holder, boolean][] = [
    [gone, true],
    [{ ...me, started: `${me.started}1` }, true],
    [{ ...gone, host: 'elsewhere' }, false],
    [{ ...gone, namespace: 'pid:[1]' }, false],
    [{ ...me, boot: 'an earlier one' }, true],
    [{ ...me, started: '' }, false],
  ];
  for (const [holder, dead] of cases) assert.equal(await isDead(holder), dead, JSON.stringify(holder));
});

test('a lock file that cannot be judged is left to a person', async (t) => {
  const path = join(freshDirectory(t), 'audit.lock');
  for (const text of ['', 'junk', '{}', '{"pid":1}']) {
    writeFileSync(path, text);
    assert.equal(await lockFile(path), 'held');
    assert.equal(readFileSync(path, 'utf8'), text);
  }
  assert.equal(existsSync(path), true);
});

test('a lock file in a place that cannot be written is a Problem', async (t) => {
  const directory = freshDirectory(t);
  await assert.rejects(
    lockFile(join(directory, 'missing', 'audit.lock')),
    (error: unknown) => error instanceof Problem && error.status === 73,
  );
});

test('a lock file that cannot be removed at the end is a Problem, and no bug', async (t) => {
  const lock = await lockFile(join(freshDirectory(t), 'audit.lock'));
  assert.ok(lock !== 'held');
  const { disarm } = await arm({ kind: 'file', nth: 2, mode: 'once', code: 'EROFS' }); // it is read before
  try {
    await assert.rejects(lock.release(), (error) => error instanceof Problem && error.status === 73);
  } finally {
    disarm();
  }
});
