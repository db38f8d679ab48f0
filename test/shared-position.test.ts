/** Jobs that share a position by mistake, in real processes: they are warned, or they share none. */
import assert from 'node:assert/strict';
import { openSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { scene } from './faults/harness.ts';
import { heldPage, linesOf, until } from './faults/processes.ts';
import { ended, run, scratch } from './support/program.ts';
import { sysdigRecords } from './support/sysdig.ts';
import { serve } from './support/vendors/server.ts';
import { startSysdig } from './support/vendors/sysdig.ts';

async function sysdigJob(t: { after(clean: () => void): void }) {
  const vendor = await startSysdig({ tokens: ['first-token', 'second-token'] });
  t.after(() => void vendor.close());
  vendor.add('audit', ...(await sysdigRecords('sysdig-audit', 3, Date.now() - 60_000)));
  const directory = scratch(t);
  const pull = (token: string, more: readonly string[] = []) =>
    run(['-s', 'sysdig-audit', '--state-dir', 'state', ...more], {
      directory,
      environment: { SYSDIG_URL: vendor.origin, SYSDIG_TOKEN: token },
    });
  const positions = (): string[] => readdirSync(join(directory, 'state')).filter((name) => name.endsWith('.position'));
  return { directory, pull, positions };
}

const told =
  /^audit-export: warning: SYSDIG_TOKEN is not the one that this job used last: .*give each a name with --job$/m;

test('a job whose token is another one than last time says so once: two accounts would leave out records of each other', async (t) => {
  const { pull } = await sysdigJob(t);
  assert.equal((await pull('first-token')).stderr, '');
  const other = await pull('second-token');
  assert.match(other.stderr, told);
  assert.equal((await pull('second-token')).stderr, '');
});

test('jobs that take turns at one position are warned every time, and so is a job that puts an earlier secret back', async (t) => {
  const { pull } = await sysdigJob(t);
  await pull('first-token');
  for (const token of ['second-token', 'first-token', 'second-token']) {
    const { status, stderr } = await pull(token);
    assert.equal(status, 0);
    assert.match(stderr, told);
  }
});

test('a secret that the vendor refused does not count as used: putting the right one back is no reason for a warning', async (t) => {
  const { pull } = await sysdigJob(t);
  await pull('first-token');
  const mistyped = await pull('frist-token');
  assert.equal(mistyped.status, 77, mistyped.stderr);
  const { status, stderr } = await pull('first-token');
  assert.deepEqual([status, stderr], [0, '']);
});

test('the position holds a mark of each secret, from which nobody can tell it', async (t) => {
  const { directory, pull, positions } = await sysdigJob(t);
  await pull('first-token');
  const [name = ''] = positions();
  const text = readFileSync(join(directory, 'state', name), 'utf8');
  assert.match(text, /"credentials": \{\n +"SYSDIG_TOKEN": "[0-9a-f]{4}"\n +\}/);
  assert.doesNotMatch(text, /-token/);
});

test('jobs with a name of their own may change their token in silence', async (t) => {
  const { directory, pull } = await sysdigJob(t);
  for (const token of ['first-token', 'second-token']) assert.equal((await pull(token, ['--job', 'one'])).stderr, '');
  assert.doesNotMatch(readFileSync(join(directory, 'state', 'one.position'), 'utf8'), /credentials/);
});

test('two wire forms into two pipes are two jobs: each pipe gets every record', async (t) => {
  const { pull, positions } = await sysdigJob(t);
  const forms = ['none', 'elastic', 'splunk', 'sekoia'];
  for (const form of forms) assert.notEqual((await pull('first-token', ['--bulk-format', form])).stdout, '', form);
  assert.equal(positions().length, forms.length);
  assert.equal((await pull('first-token')).stdout, '', 'without a form it is the job of the form none');
});

test('two definitions of one name and address that ask for something else do not share a position: 78', async (t) => {
  const here = await scene(t, { records: 3 });
  const other = join(here.directory, 'logins.json');
  const edited = (change: (text: string) => string): Promise<Awaited<ReturnType<typeof here.run>>> => {
    writeFileSync(other, change(readFileSync(here.source, 'utf8')));
    return here.run(['--source', other]);
  };
  here.expectSuccess(await here.run());
  const refused = await edited((text) => text.replaceAll('"/audit"', '"/audit?of=logins"'));
  assert.deepEqual([refused.status, refused.stdout], [78, '']);
  assert.match(refused.stderr, /belongs to another definition of the same name, which asks for something else/);
  assert.match(
    refused.stderr,
    /^hint: if these are two jobs, give this one a name of its own with --job; if this one was changed, begin again: /m,
  );
  for (const [from, to] of [
    ['The audit trail of Acme.', 'The trail.'],
    ['"page":2', '"page":3'],
    ['"overlap":"10m"', '"overlap":"20m"'],
  ] as const) {
    const { status, stderr } = await edited((text) => {
      assert.ok(text.includes(from), from);
      return text.replace(from, to);
    });
    assert.deepEqual([status, stderr], [0, ''], from);
  }
});

test('what a first run delivered before it was killed does not count at another destination: 78, until the job has another name', async (t) => {
  const here = await scene(t, { records: 3 });
  const large = 'x'.repeat(1024 * 1024); // two of them are more than one batch
  for (const id of ['s1', 's2', 's3']) {
    const time = new Date(here.clock.now - 30_000).toISOString();
    here.vendor.add(id, 30, JSON.stringify({ id, time, large }));
  }
  const journal = join(here.stateDirectory, 'faults.journal');
  const last = heldPage(here, 3);
  const killed = here.start([], { stdio: ['ignore', openSync(join(here.directory, 'first'), 'w'), 'ignore'] });
  await until(() => last.isAsked() && linesOf(journal).length > 2); // its first line, and an entry with an ID
  killed.kill('SIGKILL');
  await ended(killed);
  last.release();
  const out = join(here.directory, 'out');
  const toAnother = ['--sink', 'file', '--output', out];
  const refused = await here.run(toAnother);
  assert.equal(refused.status, 78, refused.stderr);
  assert.match(refused.stderr, /belongs to another sink: stdout, not file /);
  assert.match(
    refused.stderr,
    /^hint: if these are two jobs, give this one a name of its own with --job; if this one was changed, begin again: /m,
  );
  assert.deepEqual([linesOf(out), readdirSync(here.stateDirectory).filter((name) => name.includes('lock'))], [[], []]);
  const named = await here.run([...toAnother, '--job', 'other']);
  assert.deepEqual([named.status, linesOf(out).length], [0, 6], named.stderr);
});

test('a first run that was killed before its destination had answered leaves another one nothing to stumble over', async (t) => {
  const here = await scene(t, { records: 6 });
  const unanswering = await serve({}, () => undefined);
  t.after(() => unanswering.close());
  const elastic = {
    ELASTIC_URL: unanswering.origin,
    ELASTIC_INDEX: 'audit',
    ELASTIC_API_KEY: 'canary-elastic',
  };
  const killed = here.start(['--sink', 'elastic'], { environment: elastic });
  await until(() => unanswering.requests.length > 0);
  killed.kill('SIGKILL');
  await ended(killed);
  const out = join(here.directory, 'out');
  const { status, stderr } = await here.run(['--sink', 'file', '--output', out]);
  assert.deepEqual([status, linesOf(out).length], [0, 6], stderr);
});

test('what a command read before it failed is not delivered, and keeps no other command from the job', async (t) => {
  const here = await scene(t, { records: 6 });
  const failed = await here.run(['--', 'sh', '-c', 'cat > /dev/null; exit 1']);
  assert.equal(failed.status, 74, failed.stderr);
  const out = join(here.directory, 'out');
  const { status, stderr } = await here.run(['--', 'dd', `of=${out}`]);
  assert.deepEqual([status, linesOf(out).length], [0, 6], stderr);
});
