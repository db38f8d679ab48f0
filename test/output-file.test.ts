/**
 * One output file and several who write to it: jobs, searches by hand, people. Whole lines stay, and each record is there
 * once.
 */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ended, scratch, shell, start } from './support/program.ts';

interface Place {
  readonly path: string;
  /** A run that is given these records; `torn` makes it fail. Without a job, a search that keeps no position. */
  run(job: string | undefined, ids: readonly string[], ...argv: readonly string[]): Promise<void>;
  lines(): string[];
}

function place(t: { after(clean: () => void): void }): Place {
  const directory = scratch(t);
  const path = join(directory, 'out');
  return {
    path,
    async run(job, ids, ...argv) {
      const text = ids.map((id) => (id === 'torn' ? '{"id":' : `${record(id)}\n`)).join('');
      const given = `in-${job ?? 'search'}`;
      writeFileSync(join(directory, given), text);
      const position = job === undefined ? '--no-position' : `--state-dir state --job ${job}`;
      const line = `cat ${given} | $AUDIT_EXPORT --source - ${position} --sink file --output out ${argv.join(' ')}`;
      const { status, stderr } = await shell(line, { directory });
      assert.deepEqual([status, stderr], [0, '']);
    },
    lines: () => readFileSync(path, 'utf8').split('\n').slice(0, -1),
  };
}

function record(id: string): string {
  return `{"id":"${id}","@timestamp":"2026-11-20T09:00:00Z","n":1.10}`;
}

function records(...ids: readonly string[]): string[] {
  return ids.map(record);
}

test('two jobs write to one file by turns, three runs each: every record stands there once', async (t) => {
  const { run, lines } = place(t);
  const expected: string[] = [];
  for (const round of [1, 2, 3]) {
    for (const job of ['a', 'b']) {
      const fresh = [1, 2, 3].map((number) => `${job}${round}-${number}`);
      const overlap = round === 1 ? [] : [`${job}${round - 1}-3`];
      await run(job, [...overlap, ...fresh]);
      expected.push(...records(...fresh));
    }
  }
  assert.deepEqual(lines(), expected);
});

test('two jobs that write to one file at once: every record stands there once', async (t) => {
  const { run, lines } = place(t);
  const ids = (job: string, round: number): string[] =>
    Array.from({ length: 20_000 }, (_, number) => `${job}${round}-${number}`);
  for (const round of [1, 2]) await Promise.all(['a', 'b'].map((job) => run(job, ids(job, round))));
  const expected = [1, 2].flatMap((round) => ['a', 'b'].flatMap((job) => ids(job, round)));
  assert.deepEqual(lines().toSorted(), records(...expected).toSorted());
});

test("a search by hand into a job's file, and a line by somebody else, take nothing away and stay", async (t) => {
  const { path, run, lines } = place(t);
  await run('a', ['a1', 'a2']);
  await run(undefined, ['found', 'a2']);
  appendFileSync(path, 'a note\n');
  await run('a', ['a2', 'a3']);
  assert.deepEqual(lines(), [...records('a1', 'a2', 'found', 'a2'), 'a note', ...records('a3')]);
});

test('what a killed run wrote stays as it is, and is known even after a run that failed', async (t) => {
  const { path, run, lines } = place(t);
  await run('a', ['a1']);
  appendFileSync(path, records('a2', 'a3', 'a4').join('\n').slice(0, -4)); // all but the end of a4
  await run('b', ['b1']);
  await assert.rejects(run('a', ['a1', 'a2', 'torn']));
  await run('a', ['a1', 'a2', 'a3', 'a4', 'a5']);
  const half = record('a4').slice(0, -4);
  assert.deepEqual(lines(), [...records('a1', 'a2', 'a3'), half, ...records('b1', 'a4', 'a5')]);
});

test('of records with members that differ each time, a killed run leaves one batch at most to be written again', async (t) => {
  const directory = scratch(t);
  const path = join(directory, 'out');
  const argv = ['--source', '-', '--volatile-path', 'cursor', '--job', 'j', '--state-dir', 'state', '--output', 'out'];
  const shown = (id: string, cursor: number): string => `{"id":"${id}","cursor":${cursor}}\n`;
  const there = (): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

  const killed = start(argv, { directory, stdio: ['pipe', 'pipe', 'pipe'] });
  for (const id of ['a', 'b', 'c']) {
    killed.stdin?.write(shown(id, 1)); // a batch of its own: the one before has been written
    while (!there().includes(shown(id, 1))) await sleep(10);
  }
  killed.kill('SIGKILL');
  await ended(killed);

  const input = ['a', 'b', 'c', 'd'].map((id) => shown(id, 2)).join('');
  writeFileSync(join(directory, 'input'), input);
  const { status, stderr } = await shell(`$AUDIT_EXPORT ${argv.join(' ')} < input`, { directory });
  assert.deepEqual([status, stderr], [0, '']);
  assert.deepEqual(there(), [shown('a', 1), shown('b', 1), shown('c', 1), shown('c', 2), shown('d', 2)].join(''));
});

for (const form of ['elastic', 'splunk']) {
  test(`in the form for ${form}, too, what stands there is not written again`, async (t) => {
    const { path, run } = place(t);
    await run('a', ['a1'], '--bulk-format', form);
    const elsewhere = place(t);
    await elsewhere.run('a', ['b2'], '--bulk-format', form);
    appendFileSync(path, readFileSync(elsewhere.path)); // a killed run did
    await run('b', ['b2'], '--bulk-format', form); // another record: another job's
    const before = readFileSync(path, 'utf8');
    appendFileSync(path, '{"create":{"_id":"');
    await run('a', ['a1', 'b2', 'a2'], '--bulk-format', form);
    const added = readFileSync(path, 'utf8').slice(before.length);
    assert.ok(readFileSync(path, 'utf8').startsWith(before));
    assert.deepEqual([added.includes('a2'), added.includes('b2')], [true, false]);
    assert.equal(added.split('\n').length - 1, form === 'elastic' ? 2 : 1);
  });
}

for (const job of ['', '--job j']) {
  test(`one relative path is another file in another folder, and each gets every record (${job || 'no --job'})`, async (t) => {
    const [directory, other] = [scratch(t), scratch(t)];
    const line = `echo '{"id":1}' | $AUDIT_EXPORT --source - --state-dir ${directory}/state ${job} --output out`;
    assert.equal((await shell(line, { directory })).status, 0);
    const second = await shell(line, { directory: other });
    if (job === '') {
      assert.deepEqual([second.status, second.stderr], [0, '']);
      assert.equal(readFileSync(join(other, 'out'), 'utf8'), '{"id":1}\n');
    } else {
      assert.equal(second.status, 78);
      assert.match(second.stderr, /belongs to another sink: file .*\/out, not file .*\/out\n/);
    }
    const absolute = line.replace('--output out', `--output ${directory}/out`);
    assert.equal((await shell(absolute, { directory: other })).status, 0);
    assert.equal(
      readFileSync(join(directory, 'out'), 'utf8'),
      '{"id":1}\n',
      'the same job as that of the relative path',
    );
  });
}

for (const job of ['', '--job j']) {
  test(`a run that cannot write to its file, or keep its position, leaves no lock (${job || 'no --job'})`, async (t) => {
    const directory = scratch(t);
    const line = `echo '{"id":1}' | $AUDIT_EXPORT --source - --state-dir state ${job} --output`;
    const ends = async (output: string, status: number): Promise<void> => {
      const ended = await shell(`${line} ${output}`, { directory });
      assert.equal(ended.status, status, ended.stderr);
      assert.deepEqual(
        readdirSync(join(directory, 'state')).filter((name) => name.includes('lock')),
        [],
      );
    };
    await ends('missing/out', 73);
    await ends('state', 73);
    await ends('out', 0);
    if (job !== '') await ends('other', 78); // the position is that of another sink
    if (process.getuid?.() !== 0) return; // nobody else can give a file away
    chmodSync(directory, 0o1777);
    writeFileSync(join(directory, 'new'), ''); // while the other one is there, which it must not be taken for
    chownSync(join(directory, 'new'), 65_534, 65_534);
    renameSync(join(directory, 'new'), join(directory, 'out'));
    await ends('out', 73);
  });
}

test('--output - is taken neither for a file of that name nor for standard output', async (t) => {
  const directory = scratch(t);
  const { status, stdout, stderr } = await shell('$AUDIT_EXPORT --source sample --state-dir state --output -', {
    directory,
  });
  assert.deepEqual([status, stdout, existsSync(join(directory, '-'))], [78, '', false]);
  assert.equal(
    stderr,
    'audit-export: OUTPUT must be a path (./- is a file of that name; standard output is the sink stdout), not "-"\n' +
      'hint: correct it in the flag --output\n',
  );
});

test('--output /dev/stdout is told as the device that it is: nobody is to remove that link', async (t) => {
  const { status, stdout, stderr } = await shell(
    `echo '{"id":1}' | $AUDIT_EXPORT --source - --no-position --output /dev/stdout`,
    { directory: scratch(t) },
  );
  assert.deepEqual([status, stdout], [73, '']);
  assert.equal(
    stderr,
    'audit-export: /dev/stdout is not a regular file\n' +
      'hint: name a file; for a pipe or a device use the stdout sink with a redirection\n',
  );
});
