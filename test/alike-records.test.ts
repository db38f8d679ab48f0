/** Records without an ID that are equal to the last byte: which are delivered, and what is said of those that are not. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Definition } from './faults/definition.ts';
import { saidBy, scene, type Scene } from './faults/harness.ts';
import { once, unframed } from './faults/replies.ts';
import { scratch, shell } from './support/program.ts';
import { thenClose } from './support/raw-server.ts';

const minute = 60_000;

/** A vendor that filters by the moment, and whose records have no ID and tell their time to the minute. */
function byTheMinute(window: Partial<Definition['window']>) {
  return (definition: Definition): Definition => ({
    ...definition,
    window: { ...definition.window, ...window },
    records: {
      path: 'records',
      id: { content: true },
      time: { path: 'time', format: { pattern: 'YYYY-MM-DD HH:mm' } },
    },
  });
}

/** Adds a failed login of that moment; all those of one minute are equal. */
function login(here: Scene, at: number): void {
  const time = new Date(at).toISOString().slice(0, 16).replace('T', ' ');
  here.vendor.add('', (here.clock.now - at) / 1000, `{"time":"${time}","event":"login failed"}`);
}

test('a time to the minute: the one more of the same minute is delivered, though the overlap begins between them', async (t) => {
  const here = await scene(t, { records: 0, define: byTheMinute({ overlap: '3s' }) });
  here.clock.now = Math.floor(here.clock.now / minute) * minute;
  for (let at = 0; at < 4; at++) {
    here.clock.now += 6000;
    login(here, here.clock.now - 1000);
    here.expectSuccess(await here.run());
  }
  here.clock.now += 2 * minute;
  here.expectSuccess(await here.run());
});

for (const window of [{ longest: '10m' }, { slice: '10s' }]) {
  test(`no edge inside a backlog lies between two that are equal: ${JSON.stringify(window)}`, async (t) => {
    const here = await scene(t, { records: 0, define: byTheMinute(window) });
    here.clock.now = Math.floor(here.clock.now / minute) * minute + 37_000;
    for (const back of [10, 20, 30]) {
      login(here, here.clock.now - back * minute - 1000);
      login(here, here.clock.now - back * minute + 1000);
    }
    here.expectSuccess(await here.run());
  });
}

/** Adds a record with neither ID nor time, as all of them are here. */
function heartbeat({ vendor }: Scene, secondsAgo: number, more = ''): void {
  vendor.add('', secondsAgo, `{"event":"heartbeat"${more}}`);
}

const timeless = [/^none of \d+ records? has a time at time /];

test('with neither ID nor time, what the overlap shows again is no news; one more in the same window is delivered', async (t) => {
  const here = await scene(t, { records: 0, define: byTheMinute({}) });
  heartbeat(here, 13);
  for (let run = 1; run <= 3; run++) {
    here.expectSuccess(await here.run(), { warnings: timeless });
    here.clock.now += 15_000;
  }
  heartbeat(here, 1);
  here.expectSuccess(await here.run(), { warnings: timeless });
});

test('with neither ID nor time, one that comes when the one before is no longer shown, but remembered, is taken for it', async (t) => {
  const here = await scene(t, { records: 0, define: byTheMinute({ overlap: '10s' }) });
  here.clock.now = Math.floor(here.clock.now / minute) * minute + 12_000;
  heartbeat(here, 13);
  here.expectSuccess(await here.run(), { warnings: timeless });
  here.clock.now += 15_000; // the window begins at the minute: the first is no longer shown, and still remembered
  heartbeat(here, 1);
  const { status, stdout, stderr } = await here.run();
  assert.deepEqual([status, stdout, saidBy({ stderr }).problems], [0, '', []]);
});

test('with neither ID nor time, a page that breaks off and is read again leaves out nothing', async (t) => {
  const define = (definition: Definition): Definition => ({ ...byTheMinute({})(definition), limits: { page: 5000 } });
  const here = await scene(t, { records: 0, define });
  for (let at = 0; at < 5000; at++) heartbeat(here, 13, `,"n":${at % 2500}`);
  here.vendor.fault = once((_asked, honest) => thenClose(honest.subarray(0, -20)));
  here.expectSuccess(await here.run(), { warnings: timeless });
  assert.equal(here.vendor.requests.length, 2);
});

test('with neither ID nor time, JSON Lines without a length are read twice, and leave out nothing', async (t) => {
  const define = (definition: Definition): Definition => {
    const { path: _path, ...records } = byTheMinute({})(definition).records;
    return { ...definition, paging: { type: 'none' }, records: { ...records, format: 'lines' } };
  };
  const here = await scene(t, { records: 0, define });
  for (let at = 0; at < 6; at++) heartbeat(here, 13, `,"n":${at % 3}`);
  here.vendor.fault = () => unframed(here.vendor.records.map(({ text }) => `${text}\n`).join(''));
  here.expectSuccess(await here.run(), { warnings: timeless });
  assert.equal(here.vendor.requests.length, 2);
});

test('a pipe: a line with neither ID nor time that equals one of the run before is reported; with a time it is a known record', async (t) => {
  const directory = scratch(t);
  const line = '{"at":"2026-11-20T09:00:00Z","event":"login failed"}';
  writeFileSync(join(directory, 'in'), `${line}\n${line}\n`);
  const pull = (flags: string) => shell(`cat in | $AUDIT_EXPORT --source - --state-dir state ${flags}`, { directory });
  const first = await pull('--job bare');
  assert.deepEqual([first.status, first.stdout], [0, `${line}\n${line}\n`], 'twins in one run are two');
  const again = await pull('--job bare');
  assert.deepEqual([again.status, again.stdout], [3, '']);
  assert.match(
    again.stderr,
    /^audit-export: 2 records without an ID and a time equal ones delivered before, and were left out/,
  );
  assert.match(again.stderr, /^hint: .*--id-path or --time-path.*--dedupe content/m);
  for (const flags of ['--job dated --time-path at', '--job content --dedupe content']) {
    assert.equal((await pull(flags)).status, 0, flags);
    const { status, stdout, stderr } = await pull(flags);
    assert.deepEqual([status, stdout, stderr], [0, '', ''], flags);
  }
});
