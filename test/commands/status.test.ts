import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { stateOf } from '../../src/commands/status.ts';
import { troubleOf } from '../../src/commands/status/trouble.ts';
import { exit, Problem, type ExitStatus } from '../../src/core/problem.ts';
import { firstPosition, placeOf, writeDown } from '../../src/core/position.ts';
import { emptySummary } from '../../src/core/summary.ts';
import type { LastRun, Position } from '../../src/core/types.ts';
import { positionStore } from '../../src/io/position-file.ts';
import { closedPort } from '../support/raw-server.ts';
import { fakeElastic } from '../support/sinks/elastic.ts';
import { run, scratch, shell, type Ended } from '../support/program.ts';
import { refusesOnce, serve } from '../support/vendors/server.ts';

const none = { delivered: 0, quarantined: 0 };
const now = Date.parse('2026-11-20T09:00:00Z');

function position(exit: number, failures: number, lastSuccess: string | undefined): Position {
  const when = '2026-11-20T08:59:00.000Z';
  const last: LastRun = { started: when, ended: when, exit, outcome: '', fetched: 0, delivered: 0, quarantined: 0 };
  const stored: Position = { ...firstPosition({ source: 's', sink: 'k' }), last, lastSuccess, failures };
  placeOf(stored, 'one', 1).watermark = BigInt(now) * 1_000_000n;
  placeOf(stored, 'other', 1);
  return stored;
}

const recently = '2026-11-20T08:59:00.000Z';
const cases: (readonly [what: string, position: Position, state: string])[] = [
  ['a good run just now', position(0, 0, recently), 'connected'],
  ['a good run, 23 hours ago', position(0, 0, '2026-11-19T10:00:00.000Z'), 'connected'],
  ['no run for 25 hours', position(0, 0, '2026-11-19T08:00:00.000Z'), 'warning'],
  ['a good run, by a clock that was a little ahead', position(0, 0, '2026-11-20T10:00:00.000Z'), 'connected'],
  [
    'a good run, by a clock that was years ahead, and none since',
    position(0, 0, '2030-01-01T00:00:00.000Z'),
    'warning',
  ],
  [
    'a good run just now, and a delivery repeated when the clock was a year ahead',
    { ...position(0, 0, recently), lastRepeat: '2027-11-20T08:00:00.000Z' },
    'connected',
  ],
  ['records set aside', position(3, 0, recently), 'warning'],
  ['one failure', position(69, 1, recently), 'warning'],
  ['two failures', position(69, 2, recently), 'warning'],
  ['three failures in a row', position(69, 3, recently), 'error'],
  ['never a success', position(77, 1, undefined), 'warning'],
];

for (const [lastRepeat, state] of [
  [recently, 'warning'],
  ['2026-11-19T08:00:00.000Z', 'connected'],
  ['2030-01-01T00:00:00.000Z', 'connected'], // by a clock that was years ahead
] as const) {
  cases.push([
    `a good run just now, and a delivery repeated ${lastRepeat}`,
    { ...position(0, 0, recently), lastRepeat },
    state,
  ]);
  cases.push([
    `a good run just now, and a gap ${lastRepeat}`,
    { ...position(0, 0, recently), lastGap: lastRepeat },
    state,
  ]);
}

for (const [what, stored, state] of cases) {
  test(`${what}: ${state}`, () => assert.equal(stateOf(stored, now), state));
}

for (const [what, place, state] of [
  ['no watermark and no bookmark', {}, 'warning'],
  ['a bookmark', { bookmark: 'c' }, 'connected'],
  ['a watermark', { watermark: 0n }, 'connected'],
  ['a watermark, but in a branch that is no longer listed', { watermark: 0n, listed: false }, 'warning'],
] as const) {
  test(`a good run that left ${what}: ${state}`, () => {
    const stored = { ...position(0, 0, recently), branches: new Map() };
    Object.assign(placeOf(stored, '', 1), place);
    assert.equal(stateOf(stored, now), state);
  });
}

test('runs that a signal stopped are no failures, and make up for none', () => {
  const stored = position(69, 2, recently);
  const end = (status: ExitStatus): void => {
    const problems = [new Problem(status, 'ended')];
    writeDown(stored, { started: now, ended: now, problems, summary: emptySummary(), unread: none });
  };
  for (const status of [exit.hangup, exit.interrupt, exit.terminate]) end(status);
  assert.deepEqual([stored.failures, stored.last?.exit, stored.lastSuccess], [2, 143, recently]);
  assert.equal(stateOf(stored, now), 'warning');
  end(exit.unavailable);
  assert.equal(stored.failures, 3);
  assert.equal(stateOf(stored, now), 'error');
});

test('a gap that a run had to pass over is a warning for a day, however well the runs go since', async (t) => {
  const directory = scratch(t);
  const scope = { source: 's', sink: 'k' };
  const store = positionStore(directory, 'one', scope);
  await store.lock();
  await store.load();
  const stored = firstPosition(scope);
  placeOf(stored, '', 1).watermark = BigInt(now) * 1_000_000n;
  const ended = Date.now() - 3_600_000;
  writeDown(stored, {
    started: ended,
    ended,
    problems: [],
    summary: { ...emptySummary(), gaps: [{ from: 0n, until: 1n }] },
    unread: none,
  });
  writeDown(stored, { started: ended, ended: ended + 60_000, problems: [], summary: emptySummary(), unread: none });
  await store.save(stored);
  await store.close();
  const { status, stdout, stderr } = await run(['status', '--state-dir', directory]);
  assert.equal(status, 3);
  assert.match(stdout, /^warning {4}one: .* exit 0: ok, 0 delivered, a gap was passed over 20\S+Z$/m);
  assert.match(stderr, /^audit-export: one: a gap was passed over 20\S+Z\nhint: run it more often /);
});

test('a branch that never got a position is listed beside the lag of the others, unless it is no longer read', async (t) => {
  const directory = scratch(t);
  const scope = { source: 's', sink: 'k' };
  const store = positionStore(directory, 'two', scope);
  await store.lock();
  await store.load();
  const stored = firstPosition(scope);
  placeOf(stored, 'one', 1).watermark = BigInt(now) * 1_000_000n;
  placeOf(stored, 'other', 1);
  Object.assign(placeOf(stored, 'gone', 1), { watermark: 0n, listed: false });
  await store.save(stored);
  await store.close();
  const { status, stdout } = await run(['status', '--state-dir', directory]);
  assert.equal(status, 3);
  assert.match(stdout, /^warning {4}two: position 2026\S+, lag \S+, 1 of 2 branches without a position yet, /);
});

test('a run whose delivery had to be repeated is a warning for a day, though all was delivered', async (t) => {
  const directory = scratch(t);
  const receiver = await serve({}, (_, response) => void response.writeHead(200).end());
  t.after(receiver.close);
  const go = (id: number): Promise<Ended> =>
    shell(`echo '{"id":${id}}' | $AUDIT_EXPORT --source - -o webhook --job one --state-dir state`, {
      directory,
      environment: { WEBHOOK_URL: `${receiver.origin}/` },
    });
  const status = (): Promise<Ended> => run(['status', '--state-dir', join(directory, 'state')]);
  assert.equal((await go(1)).status, 0);
  assert.match((await status()).stdout, /^connected  one: /);
  receiver.fault = refusesOnce(503, '', {});
  assert.equal((await go(2)).status, 0);
  const { stdout, status: told } = await status();
  assert.match(stdout, /^warning    one: .* exit 0: ok, 1 delivered, a delivery was repeated 20\S+Z$/m);
  assert.equal(told, 3);
  assert.equal((await go(3)).status, 0);
  assert.match((await status()).stdout, /^warning    one: /);
});

test('a destination that was not there yet, or had too many requests, has no delivery repeated: it took nothing', async (t) => {
  const directory = scratch(t);
  const port = await closedPort();
  const log = join(directory, 'log');
  const server = createServer((_, response) => void response.end());
  t.after(() => server.close());
  const go = (id: number, url: string, more = ''): Promise<Ended> =>
    shell(`echo '{"id":${id}}' | $AUDIT_EXPORT --source - -o webhook --job one --state-dir state ${more}`, {
      directory,
      environment: { WEBHOOK_URL: url },
    });
  writeFileSync(log, '');
  const began = go(1, `http://127.0.0.1:${port}/`, `-vv 2> ${log}`);
  while (!readFileSync(log, 'utf8').includes('sending again')) await setTimeout(10);
  server.listen(port, '127.0.0.1');
  assert.equal((await began).status, 0);
  const status = (): Promise<Ended> => run(['status', '--state-dir', join(directory, 'state')]);
  assert.match((await status()).stdout, /^connected  one: /);

  server.removeAllListeners('request').on('request', answers([429, 200]));
  assert.equal((await go(2, `http://127.0.0.1:${port}/`)).status, 0);
  assert.match((await status()).stdout, /^connected  one: /);
});

test('a document that clashes with one beside it, or has to wait for memory, was not taken, and so is not repeated', async (t) => {
  const directory = scratch(t);
  const server = await fakeElastic();
  t.after(() => server.close());
  const passing = [
    {
      status: 400,
      type: 'illegal_argument_exception',
      reason: 'mapper [n] cannot be changed from type [long] to [float]',
    },
    { status: 429, type: 'es_rejected_execution_exception', reason: 'rejected execution of coordinating operation' },
  ];
  server.item = (_, source, attempt) => (attempt === 1 ? passing[Number(/"id":(\d)/.exec(source)?.[1])] : undefined);
  const result = await shell(
    `for id in 0 1 2; do echo "{\\"id\\":$id}"; done | $AUDIT_EXPORT --source - -o elastic --job one --state-dir state`,
    {
      directory,
      environment: { ELASTIC_URL: server.url, ELASTIC_INDEX: 'audit', ELASTIC_API_KEY: 'a2V5OnNlY3JldA==' },
    },
  );
  assert.equal(result.status, 0, result.stderr);
  assert.equal(server.documents.size, 3);
  assert.match((await run(['status', '--state-dir', join(directory, 'state')])).stdout, /^connected  one: /);
});

test('a destination that takes no gzip, and so nothing of the first request, has no delivery repeated', async (t) => {
  const directory = scratch(t);
  const receiver = await serve({}, ({ headers }, response) => {
    response.writeHead(headers['content-encoding'] === undefined ? 200 : 415).end();
  });
  t.after(receiver.close);
  const line = JSON.stringify({ id: 1, text: 'x'.repeat(2000) });
  const { status: ended } = await shell(
    `echo '${line}' | $AUDIT_EXPORT --source - -o webhook --job one --state-dir state`,
    {
      directory,
      environment: { WEBHOOK_URL: `${receiver.origin}/`, WEBHOOK_GZIP: 'true' },
    },
  );
  assert.deepEqual([ended, receiver.requests.length], [0, 2]);
  const { status, stdout } = await run(['status', '--state-dir', join(directory, 'state')]);
  assert.match(stdout, /^connected  one: /);
  assert.equal(status, 0);
});

test('a cluster that fails before it is sent a document has no delivery repeated', async (t) => {
  const directory = scratch(t);
  const server = await fakeElastic();
  t.after(() => server.close());
  let greetings = 0;
  server.hook = ({ path }) => (path === '/' && ++greetings === 1 ? { status: 503, body: '' } : undefined);
  const { status: ended } = await shell(
    `echo '{"id":1}' | $AUDIT_EXPORT --source - -o elastic --job one --state-dir state`,
    {
      directory,
      environment: { ELASTIC_URL: server.url, ELASTIC_INDEX: 'audit', ELASTIC_API_KEY: 'a2V5OnNlY3JldA==' },
    },
  );
  assert.deepEqual([ended, greetings, server.bulks().length], [0, 2, 1]);
  assert.match((await run(['status', '--state-dir', join(directory, 'state')])).stdout, /^connected  one: /);
});

test('a job that runs no more is told of with the way to be told of it no longer', () => {
  const trouble = troubleOf(position(0, 0, '2026-11-19T08:00:00.000Z'), now);
  assert.equal(trouble?.message, 'no run has succeeded since 2026-11-19T08:00:00.000Z');
  assert.match(trouble.hint, /still starts it; if it is not to run any more, move its files away$/);
});

test('records that were set aside are a warning until their file is moved away, however well later runs go', async (t) => {
  const directory = scratch(t);
  const go = (lines: string): Promise<Ended> =>
    shell(`printf '${lines}' | $AUDIT_EXPORT --source - --job one --state-dir state`, { directory });
  const status = (): Promise<Ended> => run(['status', '--state-dir', join(directory, 'state')]);
  const path = join(directory, 'state', 'one.quarantine.jsonl');
  assert.equal((await go('no\\nnope\\n{"id":1}\\n')).status, 3);
  assert.equal((await go('{"id":2}\\n')).status, 0);
  const { stdout, stderr, status: told } = await status();
  assert.equal(told, 3);
  assert.match(
    stderr,
    /^audit-export: one: 2 records set aside in \S+ since \S+\nhint: each line there says why, .*; when that is fixed, move the file away and deliver what it holds again, as the README says\n$/,
  );
  const { time } = JSON.parse(readFileSync(path, 'utf8').split('\n')[0] ?? '') as { time: string };
  assert.match(stdout, /^warning    one: .* exit 0: ok, 1 delivered, 2 records set aside in \S+ since \S+\n$/);
  assert.ok(stdout.endsWith(`2 records set aside in ${path} since ${time}\n`), stdout);
  const check = `$AUDIT_EXPORT check --source - --job one --state-dir state < /dev/null`;
  const checked = await shell(check, { directory });
  assert.equal(checked.status, 0, checked.stderr);
  assert.match(checked.stdout, /^warning position: \S+one\.position, 2 records set aside in \S+ since \S+$/m);
  renameSync(path, join(directory, 'again.jsonl'));
  assert.match((await status()).stdout, /^connected  one: /);
  assert.match((await shell(check, { directory })).stdout, /^ok      position: \S+one\.position$/m);
});

test('records that were set aside without a position are a warning as well, of a job that can be chosen', async (t) => {
  const directory = scratch(t);
  const state = join(directory, 'state');
  const go = (job: string, more = ''): Promise<Ended> =>
    shell(`printf 'no\\n{"id":1}\\n' | $AUDIT_EXPORT --source - --job ${job} --state-dir state ${more}`, { directory });
  const status = (...flags: string[]): Promise<Ended> => run(['status', '--state-dir', state, ...flags]);
  assert.equal((await go('again.okta', '--no-position')).status, 3);
  const line = /^warning {4}again\.okta: no position, 1 record set aside in \S+\.quarantine\.jsonl since \S+\n$/;
  const why =
    /^audit-export: again\.okta: 1 record set aside in \S+ since \S+\nhint: each line there says why, .*, as the README says\n/;
  const alone = await status();
  assert.equal(alone.status, 3);
  assert.match(alone.stdout, line);
  assert.match(alone.stderr, why);
  assert.match(alone.stderr, /^audit-export: no job has a position in /m, 'a monitor must know that as before');
  const chosen = await status('--job', 'again.okta');
  assert.deepEqual([chosen.status, line.test(chosen.stdout), why.test(chosen.stderr)], [3, true, true]);

  await shell(`echo '{"id":1}' | $AUDIT_EXPORT --source - --job one --state-dir state`, { directory });
  const beside = await status();
  assert.equal(beside.status, 3);
  assert.match(beside.stdout, /^connected {2}one: .*\nwarning {4}again\.okta: no position, 1 record .*\n$/);
  assert.match(beside.stderr, why);
  assert.equal((await status('--job', 'one')).status, 0);
  assert.match((await status('--job', 'two')).stderr, /^hint: choose one of one$/m);
  writeFileSync(join(state, 'again.okta.quarantine.jsonl'), '');
  const emptied = await status();
  assert.deepEqual([emptied.status, emptied.stdout.split('\n').length, emptied.stderr], [0, 2, '']);
  assert.equal((await status('--job', 'again.okta')).status, 78);
});

test('a quarantine file without a position that cannot be read is reported, beside the jobs that can be', async (t) => {
  const directory = scratch(t);
  const state = join(directory, 'state');
  await shell(`echo '{"id":1}' | $AUDIT_EXPORT --source - --job one --state-dir state`, { directory });
  mkdirSync(join(state, 'two.quarantine.jsonl'));
  const { status, stdout, stderr } = await run(['status', '--state-dir', state]);
  assert.equal(status, 78);
  assert.match(stdout, /^connected {2}one: .*\nwarning {4}two: no position\n$/);
  assert.match(stderr, /^audit-export: quarantine \S+ is not a file\nhint: /);
});

test('the line of a job whose last run set records aside names their file once', async (t) => {
  const directory = scratch(t);
  const lines = '{"id":1}\\nnot JSON\\n{"id":2}\\n';
  await shell(`printf '${lines}' | $AUDIT_EXPORT --source - --job one --state-dir state`, { directory });
  const { stdout } = await run(['status', '--state-dir', 'state'], { directory });
  const path = join(directory, 'state', 'one.quarantine.jsonl');
  assert.equal(stdout.split(path).length, 2, stdout);
  assert.match(
    stdout,
    /exit 3: 1 record was not delivered but set aside in \S+, 1 record set aside there since \S+\n$/,
  );
});

test('a quarantine file without a whole line holds no record, and one that cannot be read is reported', async (t) => {
  const directory = scratch(t);
  const state = join(directory, 'state');
  const path = join(state, 'one.quarantine.jsonl');
  await shell(`echo '{"id":1}' | $AUDIT_EXPORT --source - --job one --state-dir state`, { directory });
  writeFileSync(path, '');
  assert.match((await run(['status', '--state-dir', state])).stdout, /^connected  one: /);
  writeFileSync(path, '{"time":"2026-11-20T09:00:00Z","sou');
  assert.match((await run(['status', '--state-dir', state])).stdout, /^connected  one: /);
  writeFileSync(path, `${'x'.repeat(300_000)}\n`.repeat(3)); // more than is read at a time, and not written by us
  assert.match(
    (await run(['status', '--state-dir', state])).stdout,
    /^warning    one: .*, 3 records set aside in \S+\n$/,
  );
  rmSync(path);
  mkdirSync(path);
  const { status, stdout, stderr } = await run(['status', '--state-dir', state]);
  assert.equal(status, 78);
  assert.match(stdout, /^warning    one: /);
  assert.match(stderr, /^audit-export: quarantine \S+ is not a file\nhint: /);
});

test('a position that cannot be read is an error with its own status, beside those that can', async (t) => {
  const directory = scratch(t);
  const state = join(directory, 'state');
  await shell(`echo '{"id":1}' | $AUDIT_EXPORT --source - --job one --state-dir state`, { directory });
  writeFileSync(join(state, 'two.position'), 'damaged');
  const { status, stdout, stderr } = await run(['status', '--state-dir', state]);
  assert.equal(status, 78, stderr);
  assert.match(stdout, /^connected  one: [^\n]*\nerror      two: the position cannot be read\n$/);
  assert.match(stderr, /^audit-export: position file \S+two\.position cannot be used: .*\nhint: restore it/);
});

test('a run that failed is told on standard error with why, and the next step that it told, without the secrets of its settings', async (t) => {
  const directory = scratch(t);
  const vendor = await serve({}, (_, response) => void response.writeHead(401).end());
  t.after(vendor.close);
  writeFileSync(join(directory, 'job.env'), `AUDIT_EXPORT_SOURCE=sysdig-audit\nSYSDIG_URL=${vendor.origin}\n`);
  writeFileSync(join(directory, 'job.env'), 'SYSDIG_TOKEN=not-the-token\n', { flag: 'a' });
  const argv = ['-e', 'job.env', '--job', 'one', '--state-dir', 'state'];
  const failed = await run(argv, { directory });
  const hint = /^hint: (check SYSDIG_TOKEN in job\.env.*)$/m.exec(failed.stderr)?.[1] ?? '';
  const why = /^audit-export: (.*)$/m.exec(failed.stderr)?.[1] ?? '';
  assert.ok(hint !== '' && why !== '', failed.stderr);
  for (const status of [3, 3, 77]) {
    const told = await run(['status', '--state-dir', 'state'], { directory });
    assert.equal(told.status, status);
    // Standard error alone says why: a monitor may keep nothing else, and the hint speaks of it.
    assert.equal(told.stderr, `audit-export: one: the last run ended with 77: ${why}\nhint: ${hint}\n`);
    await run(argv, { directory });
  }
  assert.doesNotMatch(readFileSync(join(directory, 'state', 'one.position'), 'utf8'), /not-the-token/);
});

for (const [what, change, hint] of [
  ['that kept no hint', { exit: 77 }, /^run the job once by hand/],
  ['that the next run may cure', { exit: 69 }, /^the next run tries again; /],
  ['that was stopped', { exit: 143 }, /^the next run continues/],
  ['that kept its hint', { exit: 3, hint: 'look there' }, /^look there$/],
] as const) {
  test(`a run ${what} has a next step`, () => {
    const stored = position(change.exit, 1, recently);
    const trouble = troubleOf({ ...stored, last: { ...stored.last!, outcome: 'out', ...change } }, now);
    assert.equal(trouble?.message, `the last run ended with ${change.exit}: out`);
    assert.match(trouble?.hint ?? '', hint);
  });
}

test('a hint that is kept is short', () => {
  const stored = firstPosition({ source: 's', sink: 'k' });
  writeDown(stored, {
    started: now,
    ended: now,
    problems: [new Problem(77, 'no', { hint: 'x'.repeat(5000) })],
    summary: emptySummary(),
    unread: none,
  });
  assert.equal(stored.last?.hint?.length, 300);
});

test('a state directory that is a file, or in one, is reported as such, and not as one without jobs', async (t) => {
  const path = join(scratch(t), 'state');
  writeFileSync(path, '');
  for (const directory of [path, join(path, 'below')]) {
    const { status, stdout, stderr } = await run(['status', '--state-dir', directory]);
    assert.deepEqual([status, stdout], [73, '']);
    assert.match(stderr, /^audit-export: cannot read the state directory \S+: a part of the path is not a directory/);
  }
});

test('a state directory without a job is a warning, as of a job without a position: whoever watches another one would see 0 for ever', async (t) => {
  const directory = scratch(t);
  for (const [flags, environment, place] of [
    [['--state-dir', directory], {}, directory],
    [[], { HOME: directory, XDG_STATE_HOME: '' }, join(directory, '.local/state/audit-export')],
  ] as const) {
    const { status, stdout, stderr } = await run(['status', ...flags], { environment });
    assert.deepEqual([status, stdout], [3, '']);
    assert.equal(
      stderr,
      `audit-export: no job has a position in ${place}\n` +
        'hint: name the directory that the jobs use with --state-dir, or run one as their user\n',
    );
  }
});

/** Answers with these statuses, one after the other. */
function answers(statuses: readonly number[]): RequestListener {
  const left = [...statuses];
  return (_, response) => void response.writeHead(left.shift() ?? 500).end();
}
