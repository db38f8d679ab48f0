import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { onReached } from '../../../src/io/failpoint.ts';
import { takeLock } from '../../../src/io/state/lock.ts';
import { holders } from '../../../src/io/state/lock-holder.ts';
import { builtProgram } from '../../support/built-program.ts';
import { moduleAt, scriptWords } from '../../support/own-process.ts';
import { ended } from '../../support/program.ts';
import { arm } from '../../sweep/failing.ts';
import { scratch } from '../../support/scratch.ts';
import { problem } from '../../support/problem.ts';

const lockModule = moduleAt('src/io/state/lock.ts');

/** The place of a lock in a directory of its own. */
function freshPlace(t: TestContext): string {
  return join(scratch(t), 'audit.lock');
}

const isHeld = problem(75, /^another run of job audit is still going/);

/**
 * A process that takes the lock for each line of its input and says `taken` or `held`; another line lets go. `under` is
 * what starts it.
 */
function contender(
  t: TestContext,
  path: string,
  under: readonly string[] = [],
): { child: ChildProcess; ask(): Promise<string> } {
  const script = `
    import { takeLock } from ${JSON.stringify(lockModule)};
    import { createInterface } from 'node:readline';
    let lock;
    for await (const line of createInterface({ input: process.stdin })) {
      if (lock !== undefined) { await lock.release(); lock = undefined; console.log('let go'); continue; }
      const taken = await takeLock(${JSON.stringify(path)}, 'audit')
        .catch((error) => error.status === 75 ? 'held' : String(error));
      if (typeof taken === 'string') console.log(taken);
      else { lock = taken; console.log('taken'); }
    }`;
  const [first = process.execPath, ...words] = [...under, process.execPath, ...scriptWords(script)];
  const child = spawn(first, words, { stdio: ['pipe', 'pipe', 'inherit'] });
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
  const path = freshPlace(t);
  const first = await takeLock(path, 'audit');
  await assert.rejects(takeLock(path, 'audit'), isHeld);
  await (await takeLock(join(path, '../other.lock'), 'other job')).release();
  await first.release();
  await (await takeLock(path, 'audit')).release();
  assert.deepEqual(readdirSync(join(path, '..')), []);
});

test('a run that finds the lock held says which process holds it, and since when', async (t) => {
  const path = freshPlace(t);
  const lock = await takeLock(path, 'audit');
  const who = new RegExp(`^another run of job audit is still going: process ${process.pid}, since 2\\d{3}-.*Z$`);
  await assert.rejects(takeLock(path, 'audit'), problem(75, who));
  const isWait = { hint: 'wait for it to end, or start the runs further apart' };
  if (isLinux) await assert.rejects(takeLock(path, 'audit', true), isWait, 'there is no doubt that it is a run');
  await lock.release();
});

/** Does something when the lock is made and has not taken its place yet. */
function onceMade(t: TestContext, act: () => void): void {
  t.after(() => onReached(undefined));
  onReached((point) => {
    if (point !== 'lock: made') return;
    onReached(undefined);
    act();
  });
}

test('a run that another one forestalls in the last moment says which, too, and leaves nothing of its own', async (t) => {
  const path = freshPlace(t);
  onceMade(t, () => mkdirSync(join(path, holders().self), { recursive: true }));
  const who = new RegExp(`^another run of job audit is still going: process ${process.pid}, since 2`);
  await assert.rejects(takeLock(path, 'audit'), problem(75, who));
  assert.deepEqual(readdirSync(join(path, '..')), ['audit.lock']);
});

test('a run whose lock was cleared away before it took its place has met another one', async (t) => {
  const path = freshPlace(t);
  onceMade(t, () => {
    for (const name of readdirSync(join(path, '..'))) rmSync(join(path, '..', name), { recursive: true });
  });
  await assert.rejects(takeLock(path, 'audit'), isHeld);
  await (await takeLock(path, 'audit')).release();
});

test('a lock in a directory that is gone is not taken for held', async (t) => {
  const path = join(freshPlace(t), 'gone', 'audit.lock');
  await assert.rejects(takeLock(path, 'audit'), { code: 'ENOENT' });
});

test('the same directory under another name is the same lock', async (t) => {
  const path = freshPlace(t);
  const directory = join(path, '..');
  symlinkSync(directory, `${directory}.link`);
  t.after(() => rmSync(`${directory}.link`));
  const first = await takeLock(path, 'audit');
  await assert.rejects(takeLock(join(`${directory}.link`, 'audit.lock'), 'audit'), isHeld);
  await first.release();
});

const isLinux = process.platform === 'linux';

/** How many sockets of this process have a name that others could have taken before it: they listen at one. */
function namedSockets(): number {
  const listening = new Set<string>();
  for (const table of ['unix', 'tcp', 'tcp6']) {
    const path = `/proc/self/net/${table}`; // that of IPv6 is not there where it is switched off
    for (const row of existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(1) : []) {
      const columns = row.trim().split(/\s+/);
      if (table === 'unix' ? columns[3] === '00010000' : columns[3] === '0A') {
        listening.add(`socket:[${columns[table === 'unix' ? 6 : 9]}]`);
      }
    }
  }
  const links = readdirSync('/proc/self/fd').map((name) => {
    try {
      return readlinkSync(join('/proc/self/fd', name));
    } catch {
      return ''; // that of the listing itself
    }
  });
  return links.filter((link) => listening.has(link)).length;
}

test('a lock has no name outside its directory: nobody else can take it first', { skip: !isLinux }, async (t) => {
  const path = freshPlace(t);
  const before = namedSockets();
  const lock = await takeLock(path, 'audit');
  assert.equal(namedSockets(), before);
  assert.deepEqual(readdirSync(join(path, '..')), ['audit.lock']);
  await lock.release();
});

test('a held lock does not keep the program running', async (t) => {
  const script = `import { takeLock } from ${JSON.stringify(lockModule)};
    await takeLock(${JSON.stringify(freshPlace(t))}, 'audit');`;
  const child = spawn(process.execPath, scriptWords(script), {
    stdio: 'inherit',
  });
  t.after(() => child.kill('SIGKILL'));
  const [code] = (await once(child, 'exit')) as [number | null];
  assert.equal(code, 0);
});

test('of two processes that race for the lock, exactly one gets it, 50 times', async (t) => {
  const path = freshPlace(t);
  const [one, two] = [contender(t, path), contender(t, path)];
  for (let round = 0; round < 50; round += 1) {
    const answers = await Promise.all([one.ask(), two.ask()]);
    assert.deepEqual([...answers].sort(), ['held', 'taken'], `round ${round}`);
    assert.equal(await (answers[0] === 'taken' ? one : two).ask(), 'let go');
  }
  assert.deepEqual(readdirSync(join(path, '..')), []);
});

test('of three processes that race for the lock of a dead one, exactly one gets it, 50 times', async (t) => {
  const path = freshPlace(t);
  const all = [contender(t, path), contender(t, path), contender(t, path)];
  const dead = deadHolder();
  for (let round = 0; round < 50; round += 1) {
    mkdirSync(join(path, dead), { recursive: true });
    const answers = await Promise.all(all.map((each) => each.ask()));
    assert.deepEqual([...answers].sort(), ['held', 'held', 'taken'], `round ${round}`);
    assert.equal(await all[answers.indexOf('taken')]?.ask(), 'let go');
  }
  assert.deepEqual(readdirSync(join(path, '..')), []);
});

test('after kill -9 the next run starts at once', async (t) => {
  const path = freshPlace(t);
  for (let round = 0; round < 3; round += 1) {
    const killed = contender(t, path);
    const next = contender(t, path);
    assert.equal(await killed.ask(), 'taken');
    assert.equal(await next.ask(), 'held');
    killed.child.kill('SIGKILL');
    await once(killed.child, 'exit');
    assert.equal(await next.ask(), 'taken');
    assert.equal(await next.ask(), 'let go');
  }
  assert.deepEqual(readdirSync(join(path, '..')), []);
});

/** Another /proc than this process has, if that can be had; with `container`, the process has the number 1 there. */
function withProc(
  mount: string,
  container: readonly string[] = [],
): { under: readonly string[]; skip: string | false } {
  const under = ['unshare', '--mount', ...container, '/bin/sh', '-c', `mount ${mount} /proc && exec "$@"`, 'sh'];
  try {
    execFileSync('unshare', [...under.slice(1), 'true'], { stdio: 'ignore' });
    return { under, skip: false };
  } catch {
    return { under, skip: 'no right to mount another /proc' };
  }
}

const isolated = withProc('-t tmpfs none', ['--pid', '--fork', '--kill-child']);

test(
  'where there is no /proc, the first process of a container is not kept out by the killed one that had its number',
  { skip: isolated.skip },
  async (t) => {
    const path = freshPlace(t);
    const killed = contender(t, path, isolated.under);
    assert.equal(await killed.ask(), 'taken');
    killed.child.kill('SIGKILL');
    await once(killed.child, 'exit');
    const next = contender(t, path, isolated.under);
    assert.equal(await next.ask(), 'taken');
    assert.equal(await next.ask(), 'let go');
  },
);

const hidden = withProc('-t tmpfs none');

test(
  'where there is no /proc, a lock that another program seems to hold, by the number that it got, can be told from one that a run holds',
  { skip: hidden.skip },
  async (t) => {
    const path = freshPlace(t);
    const holder = `${process.pid},1,,${encodeURIComponent(hostname())}`;
    mkdirSync(join(path, holder), { recursive: true });
    const words = ['--source', 'sample', '--job', 'audit', '--state-dir', join(path, '..')];
    const [first = '', ...rest] = [...hidden.under, process.execPath, builtProgram(), ...words];
    const { status, stderr } = await ended(spawn(first, rest));
    assert.equal(status, 75, stderr);
    assert.ok(
      stderr.includes(`; if process ${process.pid} is none of audit-export (ps -p ${process.pid}), rm -r ${path}`),
    );
  },
);

const hardened = withProc('-t proc -o subset=pid proc');

test(
  'a service that sees no more of /proc than processes (ProcSubset=pid) and a run by hand keep each other out',
  { skip: hardened.skip },
  async (t) => {
    const path = freshPlace(t);
    const [service, hand] = [contender(t, path, hardened.under), contender(t, path)];
    for (const [one, other] of [
      [service, hand],
      [hand, service],
    ] as const) {
      assert.equal(await one.ask(), 'taken');
      assert.equal(await other.ask(), 'held');
      assert.equal(await one.ask(), 'let go');
    }
  },
);

/** Of this place, with a number above the largest of Linux. */
function deadHolder(): string {
  return holders().self.replace(/^\d+/, String(2 ** 22 + 1));
}

test('a lock is held by a process that is seen to live, and by nothing else', { skip: !isLinux }, async () => {
  const { self, isAlive } = holders();
  const [pid = '', start = '', namespace = '', boot = ''] = self.split(',');
  assert.match(self, /^\d+,\d+,\d+,[0-9a-f-]{36}$/);
  const cases: [string, boolean][] = [
    [self, true],
    [`${process.ppid},,${namespace},${boot}`, true], // as where the system does not tell
    [`${pid},,${namespace},${boot}`, false], // somebody before us had our number
    [`1,,${namespace},${boot}`, true], // root's: another user is not let near it, and sees by that that it lives
    [deadHolder(), false],
    [`${2 ** 22 + 1},,${namespace},${boot}`, false],
    [`${pid},${start}1,${namespace},${boot}`, false],
    [`${pid},${start},1,${boot}`, false],
    [`${process.ppid},,1,${boot}`, false], // of another container
    [`${process.ppid},${start},${namespace},${boot}`, false], // another program, with the number of a killed run
    [`${pid},${start},${namespace},an earlier one`, false],
    [`${process.ppid},,${namespace},${boot.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))}`, false],
    [`../${pid},${start},${namespace},${boot}`, false],
    ['junk', false],
  ];
  for (const [name, alive] of cases) assert.equal(isAlive(name), alive, name);
});

test('a killed process that its parent has not waited for holds nothing', { skip: !isLinux }, async (t) => {
  const { self, isAlive } = holders();
  // The shell starts a process, and becomes one that never asks what came of it.
  const child = spawn('sh', ['-c', 'sleep 120 & echo $!; exec sleep 120'], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const pid = line.toString().trim();
  const stat = (): string[] => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ');
  const name = self.replace(/^\d+,\d+/, `${pid},${stat()[21]}`);
  assert.equal(isAlive(name), true);
  process.kill(Number(pid), 'SIGKILL');
  while (stat()[2] !== 'Z') await sleep(20);
  assert.equal(isAlive(name), false);
});

test('what somebody else has put into a lock is reported, and does not count as a run that is still going', async (t) => {
  const path = freshPlace(t);
  for (const put of [
    () => writeFileSync(join(path, '.DS_Store'), ''),
    () => mkdirSync(join(path, '@eaDir', 'thumbnails'), { recursive: true }),
  ]) {
    const lock = await takeLock(path, 'audit');
    put();
    await assert.rejects(takeLock(path, 'audit'), isHeld);
    await lock.release();
    await assert.rejects(
      takeLock(path, 'audit'),
      problem(
        73,
        /audit\.lock holds (?:\.DS_Store|@eaDir), which is no lock: another program put it there$/,
        `make sure that no run of the job is going on, then rm -r ${path}`,
      ),
    );
    rmSync(path, { recursive: true });
  }
});

test('a lock in a place that cannot be written is an error, and leaves nothing', async (t) => {
  const path = freshPlace(t);
  const { disarm } = await arm({ kind: 'file', nth: 2, mode: 'once', code: 'EROFS' }); // after who is there
  try {
    await assert.rejects(takeLock(path, 'audit'), { code: 'EROFS' });
  } finally {
    disarm();
  }
  assert.deepEqual(readdirSync(join(path, '..')), []);
});

test('the lock of a dead run that cannot be removed is that error, and not a thing that another program put there', async (t) => {
  const path = freshPlace(t);
  mkdirSync(join(path, deadHolder()), { recursive: true });
  const { disarm } = await arm({ kind: 'file', nth: 2, mode: 'once', code: 'EROFS' }); // after who is there
  try {
    await assert.rejects(takeLock(path, 'audit'), { code: 'EROFS' });
  } finally {
    disarm();
  }
  await (await takeLock(path, 'audit')).release();
});

test('a lock that cannot be removed at the end is a Problem, not a bug', async (t) => {
  const path = freshPlace(t);
  const lock = await takeLock(path, 'audit');
  const { disarm } = await arm({ kind: 'file', nth: 1, mode: 'once', code: 'EROFS' });
  try {
    await assert.rejects(lock.release(), problem(73));
  } finally {
    disarm();
  }
  await lock.release(); // who ends the run and who took the lock both let go: it is told once
  assert.equal(existsSync(path), true);
});
