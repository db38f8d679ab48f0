/**
 * The environment matrix, row by row, as far as one machine can show it: what disks, clocks, other runs and other hosts do to
 * a job. What has a number in the fault catalogue is in test/faults (D01-D25); here is the rest of each row.
 *
 * Decided: any file system is taken for the state, network ones too. The lock on them is a courtesy; what protects the
 * position is the check before each save, and a host whose directory is a copy only repeats.
 */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  promises,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { positionStore } from '../../src/io/position-file.ts';
import { plain } from '../support/positions.ts';
import { ended, scratch } from '../support/program.ts';
import { answer } from '../faults/answers.ts';
import { elasticScene, onPost, recordIdOf, splunkScene } from '../faults/destinations.ts';
import { saidBy, scene, type SceneOptions } from '../faults/harness.ts';
import {
  heldPage,
  isRoot,
  linesOf,
  mounted,
  positionFile,
  resultOf,
  shell,
  toFile,
  until,
} from '../faults/processes.ts';
import { onPage } from '../faults/replies.ts';

const day = 86_400_000;
const onePage: Pick<SceneOptions, 'define'> = { define: (definition) => ({ ...definition, limits: { page: 500 } }) };

// ---------------------------------------------------------------------------------------------------- signals, kills

for (const [signal, status] of [
  ['SIGTERM', 143],
  ['SIGINT', 130],
  ['SIGHUP', 129],
] as const) {
  test(`${signal} between two batches: what was delivered is in the position, the rest comes with the next run`, async (context) => {
    const here = await elasticScene(context, { records: 6, define: (definition) => definition });
    const held = heldPage(here, 3);
    const child = here.start();
    const end = resultOf(child);
    await held.asked(end);
    child.kill(signal);
    assert.equal((await end).status, status);
    assert.equal(JSON.parse(documentOf(positionFile(here))).last.exit, status);
    here.vendor.fault = undefined;
    here.clock.now += 60_000;
    here.expectSuccess(await here.run());
  });
}

/** The JSON document inside a position file. */
function documentOf(path: string): string {
  const text = readFileSync(path, 'utf8');
  return text.slice(text.indexOf('{'), text.indexOf('\n}\n') + 2);
}

test('a run that stood still (Ctrl-Z, docker pause) for longer than --timeout takes the answer that came meanwhile, and sends nothing twice', async (context) => {
  const here = await splunkScene(context);
  const child = here.start(['--timeout', '1s']);
  const end = resultOf(child);
  here.sink.hook = onPost(() => {
    child.kill('SIGSTOP');
    setTimeout(() => child.kill('SIGCONT'), 1500);
    return undefined; // the honest answer, which waits in its socket
  });
  here.expectSuccess(await end);
  assert.equal(here.posts().length, 1);
});

test('a command that ended well while the run stood still has ended well', async (context) => {
  const here = await scene(context, { delivered: () => linesOf(join(here.directory, 'got')) });
  const child = here.start(['--timeout', '1s', '--', 'sh', '-c', 'echo > "$0"; sleep 0.3; cat > got', 'started']);
  const end = resultOf(child);
  await until(() => existsSync(join(here.directory, 'started')));
  child.kill('SIGSTOP');
  setTimeout(() => child.kill('SIGCONT'), 1500);
  here.expectSuccess(await end);
});

test('SIGKILL: temp files that it left are cleared by the next run, under the lock', async (context) => {
  const here = await scene(context);
  here.expectSuccess(await here.run());
  const left = ['faults.position.0123456789ab.temp', 'faults.position.previous.ba9876543210.temp'];
  for (const name of left) writeFileSync(join(here.stateDirectory, name), 'half');
  const held = heldPage(here, 1);
  const first = here.run();
  await held.asked(first);
  const living = join(here.stateDirectory, 'faults.position.aaaaaaaaaaaa.temp');
  writeFileSync(living, 'of the run that holds the lock');
  assert.equal((await here.run()).status, 75);
  assert.ok(existsSync(living));
  held.release();
  assert.equal((await first).status, 0);
  for (const name of left) assert.ok(!existsSync(join(here.stateDirectory, name)), name);
});

test('out of memory (134) is like any other death: the next run delivers everything', async (context) => {
  const here = await scene(context, { records: 0, ...onePage });
  const time = new Date(here.clock.now - 60_000).toISOString();
  for (let at = 0; at < 300; at++)
    here.vendor.add(`r${at}`, 60, `{"id":"r${at}","time":"${time}","x":"${'x'.repeat(999)}"}`);
  const child = here.start([], { environment: { NODE_OPTIONS: '--max-old-space-size=3' } });
  const end = await ended(child);
  const isDead = end.status === 134 || end.signal === 'SIGABRT' || end.signal === 'SIGSEGV'; // Node 22 ends with the last
  assert.ok(isDead || end.status === 0, `${end.status} ${end.signal}`);
  if (end.status === 0) return context.skip('three megabytes were enough');
  here.clock.now += 60_000;
  here.expectSuccess(await here.run());
});

test(
  'address space that is limited (ulimit -v) is 74 with the way out, or enough, and no mistake of the program',
  { skip: process.platform !== 'linux' },
  async (context) => {
    const here = await scene(context);
    const limited = await shell(here, 'ulimit -v 8000000 && exec "$@"');
    if (limited.status === 0) return; // later versions of Node do with less
    assert.equal(limited.status, 74, limited.stderr);
    assert.match(limited.stderr, /^audit-export: this process may not have the address space that Node wants \(WebAss/);
    assert.match(limited.stderr, /\nhint: raise its limit \(ulimit -v, or LimitAS=\), or set NODE_OPTIONS=--disable-/);
    const eased = await shell(here, 'ulimit -v 8000000 && NODE_OPTIONS=--disable-wasm-trap-handler exec "$@"');
    assert.deepEqual([eased.status, eased.stderr], [0, '']);
  },
);

// ---------------------------------------------------------------------------------------------------- disks

test('a file that may not grow (ulimit -f) is 74, with whole lines only, and the next run completes it', async (context) => {
  const output = join(scratch(context), 'out.jsonl');
  const here = await scene(context, { records: 0, ...onePage, ...toFile(output) });
  const time = new Date(here.clock.now - 60_000).toISOString();
  for (let at = 0; at < 40; at++)
    here.vendor.add(`r${at}`, 60, `{"id":"r${at}","time":"${time}","x":"${'x'.repeat(999)}"}`);
  // dash counts blocks of 512 bytes: 16 KiB
  const { status, stderr } = await shell(here, `ulimit -f 32; exec "$@" --output ${output}`);
  assert.equal(status, 74, stderr);
  assert.match(
    stderr,
    /^audit-export: cannot write to .*out\.jsonl: the file may not grow \(EFBIG\)\nhint: raise the file size limit/,
  );
  assert.equal(readFileSync(output, 'utf8').replace(/[^\n]*\n/g, ''), '', 'no torn line');
  here.clock.now += 60_000;
  here.expectSuccess(await here.run());
});

test('an output on a full disk (64 KiB) is 74, with whole lines only, and the next run completes it', async (context) => {
  const place = join(scratch(context), 'mount');
  mkdirSync(place);
  await mounted(context, place, 'size=64k', async () => {
    const output = join(place, 'out.jsonl');
    const here = await scene(context, { records: 30, ...onePage, ...toFile(output) });
    const filler = join(place, 'filler');
    writeFileSync(filler, Buffer.alloc(60 * 1024));
    const time = new Date(here.clock.now - 60_000).toISOString();
    for (let at = 0; at < 20; at++)
      here.vendor.add(`x${at}`, 60, `{"id":"x${at}","time":"${time}","x":"${'x'.repeat(999)}"}`);
    await here.expectProblem(await here.run(), {
      exit: 74,
      message: /^cannot write to .*out\.jsonl: the disk is full \(ENOSPC\)$/,
      hint: /^free some space/,
      lift() {
        assert.equal(readFileSync(output, 'utf8').replace(/[^\n]*\n/g, ''), '', 'no torn line');
        rmSync(filler);
      },
    });
  });
});

test('an output in a directory that may be written and not read is told by that directory, since nothing is wrong with the file', async (context) => {
  if (!isRoot) return context.skip('only root can become another user');
  const here = await scene(context);
  chmodSync(here.directory, 0o755);
  const [user, place] = [65_534, join(here.directory, 'drop')];
  mkdirSync(here.stateDirectory, { mode: 0o700 });
  chownSync(here.stateDirectory, user, user);
  mkdirSync(place);
  chmodSync(place, 0o733);
  for (const words of ['check', '']) {
    const { status, stderr } = await shell(here, `exec "$@" ${words} --output ${place}/out.jsonl`, { user });
    if (status === 126) return context.skip(`another user may not run ${process.execPath}`);
    assert.equal(status, 73, stderr);
    assert.match(
      stderr,
      /^audit-export: cannot open the directory \S*drop: permission denied \(EACCES\)\nhint: let the user/,
    );
  }
});

test('a quarantine on a full disk: the record is not counted as set aside, and comes again', async (context) => {
  const here = await elasticScene(context);
  mkdirSync(here.stateDirectory, { mode: 0o700 });
  await mounted(context, here.stateDirectory, 'size=64k', async () => {
    here.expectSuccess(await here.run());
    const time = new Date(here.clock.now).toISOString();
    here.vendor.add('bad', 0, `{"id":"bad","time":"${time}","x":"${'x'.repeat(100_000)}"}`);
    here.clock.now += 60_000;
    here.sink.item = (id) => (recordIdOf(id) === 'bad' ? { status: 400, type: 'mapper', reason: 'no' } : undefined);
    await here.expectProblem(await here.run(), {
      exit: 74,
      message: /^cannot write the quarantine .*: the disk is full \(ENOSPC\)$/,
      hint: /^free some space/,
      lift: () => (here.sink.item = undefined),
    });
    assert.deepEqual(here.setAside(), []);
  });
});

test('a state directory that becomes read-only in the middle of a run: each failure is told once, and the worst one is the status', async (context) => {
  const here = await elasticScene(context, { records: 6, define: (definition) => definition });
  mkdirSync(here.stateDirectory, { mode: 0o700 });
  await mounted(context, here.stateDirectory, 'size=1m', async () => {
    here.vendor.fault = onPage(2, () => {
      execFileSync('mount', ['-o', 'remount,ro', here.stateDirectory]);
      return answer(here, 401, '');
    });
    const { status, stderr } = await here.spawn();
    execFileSync('mount', ['-o', 'remount,rw', here.stateDirectory]);
    assert.equal(status, 77, stderr);
    assert.equal(stderr.match(/cannot let go of the lock/g)?.length, 1, stderr);
    here.vendor.fault = undefined;
    here.clock.now += 60_000;
    here.expectSuccess(await here.run());
  });
});

test('state on a tmpfs works: it is lost at a reboot, and then the first run reaches back', async (context) => {
  const here = await elasticScene(context);
  mkdirSync(here.stateDirectory, { mode: 0o700 });
  await mounted(context, here.stateDirectory, 'size=1m', async () => {
    here.expectSuccess(await here.run());
    for (const name of readdirSync(here.stateDirectory)) rmSync(join(here.stateDirectory, name));
    here.clock.now += 60_000;
    here.vendor.add('new', 30);
    here.expectSuccess(await here.run());
  });
});

// ---------------------------------------------------------------------------------------------------- two runs, two hosts

test('two jobs of one directory run side by side; the same job under another spelling of it does not', async (context) => {
  const here = await scene(context);
  const held = heldPage(here, 1);
  const first = here.run();
  await held.asked(first);
  symlinkSync(here.stateDirectory, join(here.directory, 'link'));
  assert.equal((await here.run(['--state-dir', join(here.directory, 'link')])).status, 75);
  const other = here.run(['--job', 'other', '--dry-run']);
  held.release();
  assert.deepEqual([(await first).status, (await other).status], [0, 0]);
});

test('two hosts with a position each deliver everything, and elastic knows it by its ID', async (context) => {
  const here = await elasticScene(context);
  const other = join(here.directory, 'other-host');
  for (let round = 0; round < 3; round++) {
    assert.equal((await here.run(['--state-dir', other])).status, 0);
    here.expectSuccess(await here.run());
    here.clock.now += 60_000;
    here.vendor.add(`new${round}`, 30);
  }
});

test('a copy of the state on another host goes on from there: repeats, and no loss', async (context) => {
  const here = await elasticScene(context);
  here.expectSuccess(await here.run());
  const moved = join(here.directory, 'moved');
  cpSync(here.stateDirectory, moved, { recursive: true });
  for (const id of ['one', 'two']) {
    here.clock.now += 60_000;
    here.vendor.add(id, 30);
    here.expectSuccess(await here.run(id === 'one' ? [] : ['--state-dir', moved]));
  }
});

test('a position of another source or another destination is foreign: 78, and left as it is', async (context) => {
  const here = await scene(context);
  here.expectSuccess(await here.run());
  const before = readFileSync(positionFile(here));
  const output = join(here.directory, 'out.jsonl');
  for (const [argv, environment] of [
    [['--output', output], {}],
    [[], { ACME_URL: here.vendor.url.replace('127.0.0.1', 'localhost') }],
  ] as const) {
    const result = await here.run(argv, { environment });
    assert.equal(result.status, 78, result.stderr);
    assert.match(saidBy(result).problems.join(), /belongs to another (?:source|sink): /);
    assert.match(
      saidBy(result).hints.join(),
      /^if these are two jobs, give this one a name of its own with --job; if this one was changed, begin again: /,
    );
  }
  assert.deepEqual(readFileSync(positionFile(here)), before);
});

test('a file system without hard links, as network ones are, keeps the generation before by copying it', async (context) => {
  const here = await scene(context, toFile(join(scratch(context), 'out.jsonl')));
  const { link } = promises;
  context.after(() => {
    promises.link = link;
    syncBuiltinESMExports();
  });
  let refused = 0;
  promises.link = async () => {
    refused += 1;
    throw Object.assign(new Error('not supported'), { code: 'EOPNOTSUPP' });
  };
  syncBuiltinESMExports();
  for (const id of ['one', 'two', 'three']) {
    here.expectSuccess(await here.run());
    here.clock.now += 60_000;
    here.vendor.add(id, 30);
  }
  assert.ok(refused > 0);
  rmSync(positionFile(here));
  here.expectSuccess(await here.run(), { warnings: [/is missing: going on from the one before/] });
});

// ---------------------------------------------------------------------------------------------------- versions, clocks

test('a position of the first released format is saved in the present one without a loss', async (context) => {
  const fixture = fileURLToPath(new URL('../io/fixtures/position-1.position', import.meta.url));
  const directory = join(scratch(context), 'state');
  mkdirSync(directory, { mode: 0o700 });
  copyFileSync(fixture, join(directory, 'fixture.position'));
  chmodSync(join(directory, 'fixture.position'), 0o600);
  const { job, source, sink } = JSON.parse(documentOf(fixture)) as Record<'job' | 'source' | 'sink', string>;
  const store = positionStore(directory, job, { source, sink });
  await store.lock();
  const position = await store.load();
  assert.ok(position !== undefined);
  await store.save(position);
  await store.close();
  assert.deepEqual(plain(await positionStore(directory, job, { source, sink }).load()), plain(position));
});

test('a vendor whose clock is far behind the position is asked for nothing new, and nothing is reset', async (context) => {
  const here = await scene(context);
  here.expectSuccess(await here.run());
  here.vendor.fault = (_asked, honest) => {
    const date = new Date(here.clock.now - 3 * day).toUTCString();
    return Buffer.from(honest.toString('latin1').replace(/Date: [^\r]*/, `Date: ${date}`), 'latin1');
  };
  const { watermarks, ...back } = await here.run();
  assert.deepEqual([back.status, back.stdout, watermarks.after], [0, '', watermarks.before]);
  here.vendor.fault = undefined;
  here.clock.now += 60_000;
  here.vendor.add('new', 30);
  here.expectSuccess(await here.run());
});

test('where this machine is behind the position, too, its clock was set back: a warning says so, and nothing is reset', async (context) => {
  const here = await scene(context);
  here.expectSuccess(await here.run());
  here.clock.now -= 3 * day; // the vendor's Date is by it
  const { watermarks, ...back } = await here.run();
  assert.deepEqual([back.status, back.stdout, watermarks.after], [0, '', watermarks.before]);
  assert.match(
    back.stderr,
    / warning: .* is ahead of this machine's clock, and of \S+'s: records may be missed until then/m,
  );
  here.clock.now += 3 * day + 60_000;
  here.vendor.add('new', 30);
  here.expectSuccess(await here.run());
});

for (const since of ['2026-03-29T02:30', '2026-10-25T02:30:00', '2026-11-20', 'yesterday']) {
  test(`--since ${since} has no offset, and so no meaning on the nights when clocks change: 64`, async (context) => {
    const here = await scene(context);
    const result = await here.run(['--since', since]);
    assert.equal(result.status, 64);
    assert.equal(here.vendor.requests.length, 0);
  });
}

// ---------------------------------------------------------------------------------------------------- standard output

test('to a terminal, control characters are shown; to a pipe, nothing is changed', async (context) => {
  const here = await scene(context, { records: 0 });
  const time = new Date(here.clock.now - 30_000).toISOString();
  const text = `{"id":"x","time":"${time}","t":"\u009b31m\u202e\u007f"}`;
  here.vendor.add('x', 30, text);
  const words = `"$@" --since 1h`;
  const piped = await shell(here, words);
  assert.equal(piped.stdout, `${text}\n`);
  const shown = await shell(
    here,
    `command -v script > /dev/null || exit 9; export RUN="$*"; script -qec "$RUN --since 1h --no-progress" /dev/null`,
  );
  if (shown.status === 9) return context.skip('there is no script command');
  assert.doesNotMatch(shown.stdout, /[\u009b\u202e\u007f]/);
  assert.match(shown.stdout, /\\u009b31m\\u202e\\u007f/);
});

test('a terminal is asked for nothing when there is none: no progress, no colour, no line too many', async (context) => {
  const here = await scene(context);
  const result = await here.spawn();
  assert.deepEqual([result.status, result.stderr], [0, '']);
});

test('what is written has permissions for its owner alone, whatever the umask', async (context) => {
  const here = await elasticScene(context);
  here.sink.hook = onPost(() => undefined);
  here.sink.item = (id) => (recordIdOf(id) === 'r1' ? { status: 400, type: 'mapper', reason: 'no' } : undefined);
  const umask = process.umask(0);
  try {
    assert.equal((await here.run()).status, 3);
  } finally {
    process.umask(umask);
  }
  assert.equal(statSync(here.stateDirectory).mode & 0o777, 0o700);
  for (const name of readdirSync(here.stateDirectory)) {
    assert.equal(statSync(join(here.stateDirectory, name)).mode & 0o777, 0o600, name);
  }
  const output = join(here.directory, 'out.jsonl');
  process.umask(0);
  try {
    assert.equal((await here.run(['--sink', 'file', '--output', output, '--job', 'file'])).status, 0);
  } finally {
    process.umask(umask);
  }
  assert.deepEqual([statSync(output).mode & 0o777, linesOf(output).length], [0o600, 6]);
});
