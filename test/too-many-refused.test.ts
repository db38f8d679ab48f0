/** Too many records to be set aside (65): the hint says a way out, which is followed here word for word. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { elasticScene } from './faults/destinations.ts';
import { saidBy, scene, type Result } from './faults/harness.ts';
import { json } from './faults/replies.ts';
import { scratch, shell } from './support/program.ts';
import { reply } from './support/raw-server.ts';
import { fakeWebhook } from './support/sinks/webhook.ts';

/** The flags that the hint of a run names. */
function wayOut({ status, stderr }: Pick<Result, 'status' | 'stderr'>): string[] {
  assert.equal(status, 65, stderr);
  const flags = /have one run set them all aside, with (--[a-z-]+ \S+)(?:;|$)/m.exec(stderr)?.[1];
  assert.ok(flags !== undefined, stderr);
  return flags.split(' ');
}

function setAside(stateDirectory: string): number {
  const path = join(stateDirectory, 'faults.quarantine.jsonl');
  return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n').length : 0;
}

for (const [what, filter, bookmark] of [
  ['read by windows', 'event', false],
  ['with a bookmark', 'event', true],
  ['with a bookmark and no time filter', 'none', true],
] as const) {
  test(`unreadable records of a vendor ${what}: the hint gets the job past them, and later runs go on`, async (t) => {
    const query = filter === 'event' ? { from: '{from}' } : {};
    const here = await scene(t, {
      records: 0,
      define: ({ request: _request, window, ...rest }) => ({
        ...rest,
        request: { path: '/audit', query },
        paging: { type: 'cursor', path: 'next', bookmark, request: { path: '/audit', query: { cursor: '{cursor}' } } },
        window: filter === 'event' ? window : { filter, overlap: '10m' },
      }),
    });
    here.vendor.fault = ({ path }) => {
      const at = Number(new URL(path, 'http://vendor').searchParams.get('cursor') ?? 0);
      const found = here.vendor.records.slice(at, at + 50).map(({ text }) => text);
      const next = found.length < 50 && !bookmark ? null : String(at + found.length);
      const headers = { ...json, Date: new Date(here.clock.now).toUTCString() };
      return reply(200, headers, `{"records":[${found.join(',')}],"next":${found.length === 0 ? null : next}}`);
    };
    for (let at = 1; at <= 50; at++) here.vendor.add(`r${at}`, 60);
    for (let at = 1; at <= 40; at++) here.vendor.add('', 30, `{"id":"bad${at}" "time":0}`);
    here.vendor.add('last', 20);

    const refused = await here.run();
    for (let again = 1; again <= 5; again++) assert.equal((await here.run()).status, 65, 'the position stays');
    assert.ok(setAside(here.stateDirectory) <= 20);
    assert.equal((await here.run(wayOut(refused))).status, 3);
    assert.deepEqual([setAside(here.stateDirectory), here.delivered().length], [40, 51]);
    here.clock.now += 60_000;
    here.vendor.add('new', 10);
    const next = await here.run();
    assert.deepEqual([next.status, saidBy(next).problems, here.delivered().length], [0, [], 52]);
  });
}

test('a destination that refuses a fifth of all records, in small batches: what earlier runs set aside counts, and the position stays', async (t) => {
  const sink = await fakeWebhook();
  t.after(() => sink.close());
  const here = await scene(t, {
    records: 0,
    argv: ['--sink', 'webhook'],
    environment: { WEBHOOK_URL: `${sink.url}/hook`, WEBHOOK_BATCH: '10' },
  });
  for (let at = 1; at <= 200; at++) here.vendor.add(`r${at}-${at % 5}`, 60);
  sink.refuses = (text) => text.includes('-4"');

  const refused = await here.run();
  let last: Result | undefined;
  for (let again = 1; again <= 9; again++) {
    last = await here.run();
    assert.equal(last.status, 65, `the position stays in repetition ${again}: ${last.stderr}`);
  }
  assert.ok(setAside(here.stateDirectory) <= 21, 'a tenth, and what was set aside before counts once');
  assert.match(last?.stderr ?? '', /\d+ records were refused, \d+ of them by the runs before/);
  assert.equal((await here.run(wayOut(refused))).status, 3);
  assert.deepEqual([setAside(here.stateDirectory), sink.records.length], [40, 160]);

  for (let at = 1; at <= 20; at++) here.vendor.add(`n${at}-${at === 1 ? 4 : 0}`, 10);
  here.clock.now += 60_000;
  assert.equal((await here.run()).status, 3, 'the count begins anew');
  assert.deepEqual([setAside(here.stateDirectory), sink.records.length], [41, 179]);
});

test('a destination that refuses everything, a record a run: the hint sets aside what the position stays before', async (t) => {
  const here = await elasticScene(t, { records: 0 });
  here.sink.item = () => ({ status: 400, type: 'mapper_exception', reason: 'conflict' });
  let last: Result | undefined;
  for (let at = 1; at <= 11; at++) {
    here.clock.now += 60_000;
    here.vendor.add(`r${at}`, 30);
    last = await here.run();
    if (at <= 10) assert.equal(last.status, 3);
  }
  assert.ok(last !== undefined);
  assert.equal((await here.run(wayOut(last))).status, 3);
  assert.equal(here.setAside().length, 11);
  assert.equal((await here.run()).status, 0);
});

test('a pipe of which too much is not JSON: the hint lets it through', async (t) => {
  const directory = scratch(t);
  writeFileSync(join(directory, 'in'), `${'not JSON\n'.repeat(12)}{"id":1}\n`);
  const pull = (flags: readonly string[]): ReturnType<typeof shell> =>
    shell(`cat in | $AUDIT_EXPORT --source - --state-dir . --job faults ${flags.join(' ')}`, { directory });
  const refused = await pull([]);
  const { status, stdout } = await pull(wayOut(refused));
  assert.deepEqual([status, stdout], [3, '{"id":1}\n']);
});
