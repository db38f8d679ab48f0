/** A slice that was too much for the vendor is read again in halves: jobs of real processes, whose destination fails beside. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exit } from '../src/core/problem.ts';
import { linesOf } from './support/lines.ts';
import { run, scratch } from './support/program.ts';
import { fakeServer } from './support/sinks/server.ts';
import { sendJson, serve } from './support/vendors/server.ts';

const hour = 3_600_000;

test('a slice whose later page is too large (413) is not read again in halves when the destination failed as well, though what was in doubt before has got its outcome meanwhile: no record is lost', async (t) => {
  const now = Date.now();
  const at = (hours: number) => new Date(now - hours * hour).toISOString();
  const rows = [
    { id: 'doubtful', at: at(7.5) },
    { id: 'taken-1', at: at(5.8) },
    { id: 'taken-2', at: at(5.7) },
    { id: 'untaken-1', at: at(5.6) },
    { id: 'untaken-2', at: at(5.5) },
    { id: 'later', at: at(5.2) },
  ];
  const vendor = await serve({}, ({ target }, response) => {
    const { searchParams } = new URL(target, 'http://vendor');
    const [from = 0, until = 0] = ['from', 'until'].map((name) => Date.parse(searchParams.get(name) ?? ''));
    const start = Number(searchParams.get('cursor') ?? '0');
    if (start > 0 && until - from > 1.5 * hour) return sendJson(response, 413, '{"error":"Too much"}');
    const found = rows.filter((row) => Date.parse(row.at) >= from && Date.parse(row.at) < until);
    const next = found.length > start + 4 ? { next: String(start + 4) } : {};
    sendJson(response, 200, JSON.stringify({ rows: found.slice(start, start + 4), ...next }));
  });
  t.after(() => vendor.close());
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
  writeFileSync(
    join(directory, 'deep.yaml'),
    `{name: deep, summary: Deep., settings: {DEEP_URL: {summary: Address., kind: url}}, url: '{DEEP_URL}', auth: {type: none},
      request: {path: /rows, query: {from: '{from}', until: '{until}', cursor: '{cursor}'}}, paging: {type: cursor, path: next},
      window: {filter: event, overlap: 5m, firstRun: 8h, slice: 2h, time: iso-ms},
      records: {path: rows, id: {paths: [id]}, time: {path: at, format: iso}}}`,
  );
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
