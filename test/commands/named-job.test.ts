/** A position with a name of its own (`--job`), as real processes: what it belongs to. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { lockJob } from '../../src/io/state/directory.ts';
import { run, scratch, shell, type Ended } from '../support/program.ts';

/** Pipes two records into the job `j`, whose positions live in `directory`. */
function pipe(directory: string, ...flags: readonly string[]): Promise<Ended> {
  const records = `printf '{"id":"a","category":"x"}\\n{"id":"b","category":"y"}\\n'`;
  return shell(`${records} | $AUDIT_EXPORT --source - --state-dir ${directory} --job j ${flags.join(' ')}`);
}

for (const [what, first, second] of [
  ['a query and then none', ['-c', '--query', 'id=a'], []],
  ['no query and then one', [], ['-c', '--query', 'id=a']],
  ['another query', ['-c', '--query', 'id=a'], ['-c', '--query', 'id=b']],
  ['other categories', ['--categories', 'x'], ['--categories', 'y']],
] as const) {
  test(`a named position is not for two searches: ${what}`, async (t) => {
    const directory = scratch(t);
    const delivered = await pipe(directory, ...first);
    assert.equal(delivered.status, 0, delivered.stderr);
    const refused = await pipe(directory, ...second);
    assert.deepEqual([refused.status, refused.stdout], [78, ''], refused.stderr);
    assert.match(refused.stderr, /belongs to another query: .+, not .+\n.*hint: .*--job/);
    const again = await pipe(directory, ...first);
    assert.deepEqual([again.status, again.stdout], [0, ''], again.stderr);
  });
}

test('the order of a search does not matter to its position', async (t) => {
  const directory = scratch(t);
  await pipe(directory, '--categories', 'x,y', '-c', '--query', 'id=a,category=x');
  const again = await pipe(directory, '--categories', 'y,x', '-c', '--query', 'category=x,id=a');
  assert.deepEqual([again.status, again.stdout], [0, ''], again.stderr);
});

test('the order of a search does not matter to a position without a name of its own either', async (t) => {
  const directory = scratch(t);
  const search = (...flags: readonly string[]): Promise<Ended> =>
    shell(`echo '{"id":"a","category":"x"}' | $AUDIT_EXPORT --source - --state-dir ${directory} -c ${flags.join(' ')}`);
  const first = await search('--categories', 'x,y', '--query', 'id=a,category=x');
  const again = await search('--categories', 'y,x', '--query', 'category=x', '--query', 'id=a');
  assert.deepEqual([first.stdout, again.stdout], ['{"id":"a","category":"x"}\n', ''], again.stderr);
});

test('a position without a search says its source alone', async (t) => {
  const directory = scratch(t);
  await pipe(directory);
  assert.match(readFileSync(join(directory, 'j.position'), 'utf8'), /"source": "stdin"/);
});

test('a search, or a dry run, of a job whose run is going on is not kept from it, and takes no lock', async (t) => {
  const directory = scratch(t);
  const lock = await lockJob(directory, 'j');
  const before = readdirSync(directory);
  for (const flags of [['--query', 'id=a'], ['--dry-run']]) {
    const { status, stderr } = await pipe(directory, ...flags);
    assert.equal(status, 0, stderr);
    assert.deepEqual(readdirSync(directory), before);
  }
  assert.equal((await pipe(directory)).status, 75);
  await lock.release();
});

for (const [job, name] of [
  ['with a name', ['--job', 'j']],
  ['without a name', []],
] as const) {
  test(`a run of a job ${job} that meets another one says how to keep them apart, with --max-runtime if it has none`, async (t) => {
    const directory = scratch(t);
    const meet = (...flags: readonly string[]): Promise<Ended> =>
      run(['--source', 'sample', '--sink', 'stdout', '--state-dir', directory, ...name, ...flags]);
    await meet();
    const [position = ''] = readdirSync(directory).filter((file) => file.endsWith('.position'));
    const lock = await lockJob(directory, decodeURIComponent(position.replace(/\.position$/, '')));
    for (const [flags, hint] of [
      [[], /^hint: wait for it to end, or .* apart; or have each end before the next begins: --max-runtime 50s, .*$/m],
      [['--max-runtime', '50s'], /^hint: wait for it to end, or start the runs further apart(?!; or have)/m],
    ] as const) {
      const { status, stderr } = await meet(...flags);
      assert.equal(status, 75, stderr);
      assert.match(stderr, hint);
    }
    await lock.release();
  });
}

test('a run whose settings are wrong leaves no lock of its job', async (t) => {
  const directory = scratch(t);
  const { status } = await run(['--source', 'syncropel', '--sink', 'webhook', '--state-dir', directory, '--job', 'j']);
  assert.deepEqual([status, readdirSync(directory)], [78, []]);
});
