/** A slice that was too much for the vendor is read again in halves: jobs of real processes, whose destination fails beside. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exit } from '../src/core/problem.ts';
import { linesOf } from './support/lines.ts';
import { run, scratch } from './support/program.ts';
import { fakeServer } from './support/sinks/server.ts';
import { sendJson, serve } from './support/vendors/server.ts';

const hour = 3_600_000;

/** The time so many hours ago. */
function at(hours: number): string {
  return new Date(Date.now() - hours * hour).toISOString();
}

/** A vendor that refuses later pages of more than an hour and a half as too much. */
async function deepVendor(
  t: { after(clean: () => Promise<void>): void },
  rows: readonly { readonly id: string; readonly at: string }[],
  pageSize: number,
) {
  const vendor = await serve({}, ({ target }, response) => {
    const { searchParams } = new URL(target, 'http://vendor');
    const [from = 0, until = 0] = ['from', 'until'].map((name) => Date.parse(searchParams.get(name) ?? ''));
    const start = Number(searchParams.get('cursor') ?? '0');
    if (start > 0 && until - from > 1.5 * hour) return sendJson(response, 413, '{"error":"Too much"}');
    const found = rows.filter((row) => Date.parse(row.at) >= from && Date.parse(row.at) < until);
    const end = start + pageSize;
    const next = found.length > end ? { next: String(end) } : {};
    sendJson(response, 200, JSON.stringify({ rows: found.slice(start, end), ...next }));
  });
  t.after(() => vendor.close());
  return vendor;
}

function definition(window: string): string {
  return `{name: deep, summary: Deep., settings: {DEEP_URL: {summary: Address., kind: url}}, url: '{DEEP_URL}', auth: {type: none},
    request: {path: /rows, query: {from: '{from}', until: '{until}', cursor: '{cursor}'}}, paging: {type: cursor, path: next},
    window: {filter: event, overlap: 5m, ${window}, time: iso-ms},
    records: {path: rows, id: {paths: [id]}, time: {path: at, format: iso}}}`;
}

test('a slice whose later page is too large (413) is not read again in halves when the destination failed as well, though what was in doubt before has got its outcome meanwhile: no record is lost', async (t) => {
  const rows = [
    { id: 'doubtful', at: at(7.5) },
    { id: 'taken-1', at: at(5.8) },
    { id: 'taken-2', at: at(5.7) },
    { id: 'untaken-1', at: at(5.6) },
    { id: 'untaken-2', at: at(5.5) },
    { id: 'later', at: at(5.2) },
  ];
  const vendor = await deepVendor(t, rows, 4);
  let isLocked = true;
  const taken: string[] = [];
  const receiver = await fakeServer(({ body }) => {
    if (body.includes('doubtful')) return { status: 400, body: '{"error":"no"}' };
    if (isLocked && body.includes('untaken')) return { status: 401, body: '{"error":"who?"}' };
    taken.push(...linesOf(body).map((line) => (JSON.parse(line) as { id: string }).id));
    return { status: 200, body: '{}' };
  });
  t.after(() => receiver.close());
  const directory = scratch(t);
  writeFileSync(join(directory, 'deep.yaml'), definition('firstRun: 8h, slice: 2h'));
  const tick = () =>
    run(['--source', 'deep.yaml', '--sink', 'webhook', '--state-dir', 'state'], {
      directory,
      environment: { HOME: directory, DEEP_URL: vendor.origin, WEBHOOK_URL: receiver.url, WEBHOOK_BATCH: '2' },
    });
  const first = await tick();
  assert.equal(first.status, exit.noperm, first.stderr);
  isLocked = false;
  for (let again = 0; again < 3; again++) await tick();
  assert.deepEqual(taken.toSorted(), ['later', 'taken-1', 'taken-2', 'untaken-1', 'untaken-2']);
});

test('a record in doubt that a slice read again in halves shows once more is set aside once, and counted once', async (t) => {
  const rows = [
    { id: 'doubtful-1', at: at(3.8) },
    { id: 'doubtful-2', at: at(2.2) },
    { id: 'taken-1', at: at(1.5) },
    { id: 'taken-2', at: at(0.5) },
  ];
  const vendor = await deepVendor(t, rows, 2);
  const taken: string[] = [];
  const receiver = await fakeServer(({ body }) => {
    if (body.includes('doubtful')) return { status: 400, body: '{"error":"no"}' };
    taken.push(...linesOf(body).map((line) => (JSON.parse(line) as { id: string }).id));
    return { status: 200, body: '{}' };
  });
  t.after(() => receiver.close());
  const directory = scratch(t);
  writeFileSync(join(directory, 'deep.yaml'), definition('firstRun: 4h'));
  const argv = ['--source', 'deep.yaml', '--sink', 'webhook', '--state-dir', 'state', '--job', 'deep', '-v'];
  const environment = { HOME: directory, DEEP_URL: vendor.origin, WEBHOOK_URL: receiver.url };
  const { status, stderr } = await run([...argv, '--log-format', 'json'], { directory, environment });
  assert.equal(status, exit.partial, stderr);
  assert.deepEqual(taken, ['taken-1', 'taken-2']);
  const aside = linesOf(readFileSync(join(directory, 'state', 'deep.quarantine.jsonl'), 'utf8'));
  assert.deepEqual(
    aside.map((line) => (JSON.parse((JSON.parse(line) as { record: string }).record) as { id: string }).id),
    ['doubtful-1', 'doubtful-2'],
  );
  assert.match(stderr, /"fetched":6,"delivered":2,"seen":2,.*"quarantined":2,/);
});

test('a vendor whose connection breaks, before its reply or within, whenever a window is long is asked for shorter ones from the fourth run on', async (t) => {
  const rows = [
    { id: 'a', at: at(3.5) },
    { id: 'b', at: at(0.5) },
  ];
  let asked = 0;
  const vendor = await serve({}, ({ target }, response) => {
    const { searchParams } = new URL(target, 'http://vendor');
    const [from = 0, until = 0] = ['from', 'until'].map((name) => Date.parse(searchParams.get(name) ?? ''));
    if (until - from > 2.5 * hour) {
      if (asked++ % 2 === 0) return void response.destroy();
      response.writeHead(200, { 'content-type': 'application/json' });
      return void response.write('{"rows":[', () => response.destroy());
    }
    const found = rows.filter((row) => Date.parse(row.at) >= from && Date.parse(row.at) < until);
    return sendJson(response, 200, JSON.stringify({ rows: found }));
  });
  t.after(() => vendor.close());
  const directory = scratch(t);
  writeFileSync(join(directory, 'deep.yaml'), definition('firstRun: 4h, slice: 4h'));
  const ends = [];
  for (let runs = 0; runs < 4; runs++)
    ends.push(
      await run(['--source', 'deep.yaml', '--state-dir', 'state'], {
        directory,
        environment: { HOME: directory, DEEP_URL: vendor.origin },
      }),
    );
  const { unavailable } = exit;
  const statuses = ends.map(({ status }) => status);
  assert.deepEqual(statuses, [unavailable, unavailable, unavailable, 0], ends.at(-1)?.stderr);
  assert.ok(asked >= 6, `${asked} requests`);
  const given = linesOf(ends.map(({ stdout }) => stdout).join(''));
  assert.deepEqual(
    given.map((line) => (JSON.parse(line) as { id: string }).id),
    ['a', 'b'],
  );
});
