/**
 * Vendors that show only the first rows of one query and refuse those after them: jobs of real processes against them.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { exit } from '../src/core/problem.ts';
import { linesOf } from './support/lines.ts';
import { run, scratch } from './support/program.ts';
import { sendJson, serve } from './support/vendors/server.ts';

const hour = 3_600_000;
const most = 30;

interface Deep {
  readonly paging: string;
  readonly query: string;
  readonly status?: number;
  readonly filter?: string;
}

/** A job for records of the last days, four times as many as the vendor shows for one question. */
async function deepJob(t: TestContext, { paging, query, status = 400, filter = 'event' }: Deep) {
  const now = Date.now();
  const records = Array.from({ length: 4 * most }, (_, at) => ({
    id: at,
    at: new Date(now - at * hour - 60_000).toISOString(),
  })).toReversed();
  const vendor = await serve({}, ({ target }, response) => {
    const { searchParams } = new URL(target, 'http://deep');
    const from = Date.parse(searchParams.get('from') ?? records[0]?.at ?? '');
    const until = Date.parse(searchParams.get('until') ?? new Date(now).toISOString());
    const page = Number(searchParams.get('page') ?? 1);
    const offset = Number(searchParams.get('offset') ?? (page - 1) * 10);
    if (offset + 10 > most) return sendJson(response, status, '{"error":"Result window is too large"}');
    const found = records.filter(({ at }) => Date.parse(at) >= from && Date.parse(at) < until);
    const rows = found.slice(offset, offset + 10);
    sendJson(response, 200, JSON.stringify({ rows, pages: Math.ceil(found.length / 10), next: offset + 10 }));
  });
  t.after(() => vendor.close());
  const directory = scratch(t);
  const time = filter === 'none' ? '' : ', time: iso-ms';
  writeFileSync(
    join(directory, 'deep.yaml'),
    `{name: deep, summary: Deep., settings: {DEEP_URL: {summary: Address., kind: url}}, url: '{DEEP_URL}', auth: {type: none},
      request: {path: /rows, query: {${query}}}, paging: ${paging}, window: {filter: ${filter}, overlap: 5m${time}},
      records: {path: rows, id: {paths: [id]}, time: {path: at, format: iso}}, limits: {page: 10, most: 10}}`,
  );
  const flags = ['--source', 'deep.yaml', '--state-dir', 'state'];
  return {
    records: records.map((record) => JSON.stringify(record)),
    run: (...more: readonly string[]) =>
      run([...flags, ...more], { directory, environment: { HOME: directory, DEEP_URL: vendor.origin } }),
  };
}

for (const [what, deep] of [
  ['rows', { paging: '{type: offset}', query: "from: '{from}', until: '{until}', offset: '{offset}'" }],
  [
    'pages',
    { paging: '{type: page, pages: pages}', query: "from: '{from}', until: '{until}', page: '{page}'", status: 422 },
  ],
] as const) {
  test(`a job whose vendor counts ${what}, and shows only so many of a window, gets through in shorter parts`, async (t) => {
    const job = await deepJob(t, deep);
    const first = await job.run();
    assert.equal(first.status, exit.protocol, first.stderr);
    assert.match(
      first.stderr,
      /^hint: it had the pages before this one, .*; the next run of a job reads shorter parts of the window; a search needs a shorter one .*$/m,
    );
    const delivered = first.stdout.split('\n');
    const ends: (number | null)[] = [];
    while (ends.at(-1) !== exit.ok && ends.length < 14) {
      const next = await job.run();
      ends.push(next.status);
      delivered.push(...next.stdout.split('\n'));
    }
    assert.equal(ends.at(-1), exit.ok, `${ends.length} runs`);
    assert.deepEqual(delivered.filter((line) => line !== '').toSorted(), job.records.toSorted());
  });
}

test('a job whose vendor gives no more than a day at once, and says so (413), gets through in shorter parts in its first run', async (t) => {
  const now = Date.now();
  const rows = Array.from({ length: 120 }, (_, at) => ({
    id: at,
    at: new Date(now - at * hour - 60_000).toISOString(),
  }));
  const vendor = await serve({}, ({ target }, response) => {
    const { searchParams } = new URL(target, 'http://deep');
    const [from, until] = ['from', 'until'].map((name) => Date.parse(searchParams.get(name) ?? '')) as [number, number];
    if (until - from > 24 * hour) return sendJson(response, 413, '{"error":"Too much at once"}');
    sendJson(
      response,
      200,
      JSON.stringify({ rows: rows.filter(({ at }) => Date.parse(at) >= from && Date.parse(at) < until) }),
    );
  });
  t.after(() => vendor.close());
  const directory = scratch(t);
  writeFileSync(
    join(directory, 'deep.yaml'),
    `{name: deep, summary: Deep., settings: {DEEP_URL: {summary: Address., kind: url}}, url: '{DEEP_URL}', auth: {type: none},
      request: {path: /rows, query: {from: '{from}', until: '{until}'}}, paging: {type: none},
      window: {filter: event, overlap: 5m, time: iso-ms}, records: {path: rows, id: {paths: [id]}, time: {path: at, format: iso}}}`,
  );
  const flags = ['--source', 'deep.yaml', '--state-dir', 'state'];
  const tick = () => run(flags, { directory, environment: { HOME: directory, DEEP_URL: vendor.origin } });
  // 168, 84 and 42 hours are refused.
  const { status, stdout, stderr } = await tick();
  assert.equal(status, exit.ok, stderr);
  assert.equal(stderr, '');
  assert.deepEqual(linesOf(stdout).toSorted(), rows.map((row) => JSON.stringify(row)).toSorted());
});

for (const [what, status, ends] of [
  ['calls too large (413)', 413, [0]],
  ['fails at (500)', 500, [69, 69, 69, 69, 0]],
] as const) {
  test(`a job whose vendor ${what} later pages of long windows gets through in one run once a part was short enough, each record once, and equal ones, too`, async (t) => {
    const now = Date.now();
    const rows = Array.from({ length: 240 }, (_, at) => ({
      at: new Date(now - Math.floor(at / 2) * hour - 60_000).toISOString(), // each is there twice
    }));
    const vendor = await serve({}, ({ target }, response) => {
      const { searchParams } = new URL(target, 'http://deep');
      const [from, until] = ['from', 'until'].map((name) => Date.parse(searchParams.get(name) ?? '')) as [
        number,
        number,
      ];
      const start = Number(searchParams.get('cursor') ?? '0');
      if (start > 0 && until - from > 24 * hour) return sendJson(response, status, '{"error":"Too much"}');
      const found = rows.filter(({ at }) => Date.parse(at) >= from && Date.parse(at) < until);
      const next = found.length > start + 5 ? { next: String(start + 5) } : {};
      sendJson(response, 200, JSON.stringify({ rows: found.slice(start, start + 5), ...next }));
    });
    t.after(() => vendor.close());
    const directory = scratch(t);
    writeFileSync(
      join(directory, 'deep.yaml'),
      `{name: deep, summary: Deep., settings: {DEEP_URL: {summary: Address., kind: url}}, url: '{DEEP_URL}', auth: {type: none},
        request: {path: /rows, query: {from: '{from}', until: '{until}', cursor: '{cursor}'}}, paging: {type: cursor, path: next},
        window: {filter: event, overlap: 5m, time: iso-ms}, records: {path: rows, id: {content: true}, time: {path: at, format: iso}}}`,
    );
    const flags = ['--source', 'deep.yaml', '--state-dir', 'state'];
    const delivered: string[] = [];
    for (const end of ends) {
      const next = await run(flags, { directory, environment: { HOME: directory, DEEP_URL: vendor.origin } });
      assert.equal(next.status, end, next.stderr);
      delivered.push(...linesOf(next.stdout));
    }
    assert.deepEqual(delivered.toSorted(), rows.map((row) => JSON.stringify(row)).toSorted());
  });
}

for (const [which, refuses] of [
  ['the first page', () => true],
  ['a later page', (cursor: string | null) => cursor !== null],
] as const) {
  test(`a vendor that goes by the day and calls ${which} of one day too large (413) is not asked for that day without end`, async (t) => {
    const today = Math.floor(Date.now() / (24 * hour)) * 24 * hour;
    const busy = new Date(today - 24 * hour).toISOString().slice(0, 10);
    let asked = 0;
    const vendor = await serve({}, ({ target }, response) => {
      const { searchParams } = new URL(target, 'http://deep');
      const [from, cursor] = [searchParams.get('from') ?? '', searchParams.get('cursor')];
      if (from === busy) asked += 1;
      if (asked > 20) return void response.destroy();
      if (from === busy && refuses(cursor)) return sendJson(response, 413, '{"error":"Too much"}');
      const rows = [{ id: from, at: `${from}T00:00:00Z` }];
      sendJson(response, 200, JSON.stringify({ rows, ...(from === busy && { next: '1' }) }));
    });
    t.after(() => vendor.close());
    const directory = scratch(t);
    writeFileSync(
      join(directory, 'deep.yaml'),
      `{name: deep, summary: Deep., settings: {DEEP_URL: {summary: Address., kind: url}}, url: '{DEEP_URL}', auth: {type: none},
        request: {path: /rows, query: {from: '{from}', until: '{until}', cursor: '{cursor}'}}, paging: {type: cursor, path: next},
        window: {filter: event, overlap: 5m, slice: 1d, firstRun: 4d, time: date}, records: {path: rows, id: {paths: [id]}, time: {path: at, format: iso}}}`,
    );
    const flags = ['--source', 'deep.yaml', '--state-dir', 'state'];
    const first = await run(flags, { directory, environment: { HOME: directory, DEEP_URL: vendor.origin } });
    assert.equal(first.status, 76, first.stderr);
    assert.match(first.stderr, /refused the size of page . \(HTTP 413\)/);
    assert.equal(asked, which === 'the first page' ? 1 : 2);
  });
}

test('a search whose later pages are refused is told to ask for a shorter window, and not to run again as it is', async (t) => {
  const paging = '{type: offset}';
  const job = await deepJob(t, { paging, query: "from: '{from}', until: '{until}', offset: '{offset}'" });
  const { status, stderr } = await job.run('--no-position');
  assert.equal(status, exit.protocol, stderr);
  assert.match(
    stderr,
    /^hint: it had the pages before this one, so no setting is wrong; ask for a shorter window \(--since, --until\)$/m,
  );
});

test('no shorter parts are promised where the vendor cannot be asked for a time, or for an end, or goes on from a bookmark', async (t) => {
  for (const [paging, query, filter] of [
    ['{type: offset}', "offset: '{offset}'", 'none'],
    ['{type: cursor, path: next}', "offset: '{cursor}'", 'none'],
    ['{type: offset}', "from: '{from}', offset: '{offset}'", 'event'],
    ['{type: cursor, path: next}', "from: '{from}', offset: '{cursor}'", 'event'],
    ['{type: cursor, path: next, bookmark: true}', "from: '{from}', offset: '{cursor}'", 'event'],
  ] as const) {
    const job = await deepJob(t, { paging, query, filter });
    const { status, stderr } = await job.run();
    assert.equal(status, exit.protocol, stderr);
    assert.match(stderr, /Result window is too large/, paging);
    assert.doesNotMatch(stderr, /shorter/, `${paging}, ${query}`);
  }
});

test('where no end can be asked for, no shorter parts are read: each would be read as far as the whole window', async (t) => {
  let [refuses, requests] = [true, 0];
  const rows = Array.from({ length: 40 }, (_, at) => ({
    id: at,
    at: new Date(Date.now() - 60_000 - at).toISOString(),
  }));
  const vendor = await serve({}, ({ target }, response) => {
    requests += 1;
    const offset = Number(new URL(target, 'http://deep').searchParams.get('offset') ?? 0);
    if (refuses && offset > 15) return sendJson(response, 400, '{"error":"Made up"}');
    sendJson(response, 200, JSON.stringify({ rows: rows.slice(offset, offset + 10), next: offset + 10 }));
  });
  t.after(() => vendor.close());
  const directory = scratch(t);
  writeFileSync(
    join(directory, 'deep.yaml'),
    `{name: deep, summary: Deep., settings: {DEEP_URL: {summary: Address., kind: url}}, url: '{DEEP_URL}', auth: {type: none},
      request: {path: /rows, query: {from: '{from}', offset: '{offset}'}}, paging: {type: offset},
      window: {filter: event, overlap: 5m, time: iso-ms}, limits: {page: 10, most: 10},
      records: {path: rows, id: {paths: [id]}, time: {path: at, format: iso}}}`,
  );
  const tick = (state = 'state') =>
    run(['--source', 'deep.yaml', '--state-dir', state], {
      directory,
      environment: { HOME: directory, DEEP_URL: vendor.origin },
    });
  const first = await tick();
  assert.equal(first.status, exit.protocol, first.stderr);
  refuses = false;
  requests = 0;
  const second = await tick();
  assert.equal(second.status, exit.ok, second.stderr);
  const asked = requests;
  requests = 0;
  assert.equal((await tick('another')).status, exit.ok);
  assert.equal(asked, requests, 'as many as of a job that was never refused one');
  assert.equal((first.stdout + second.stdout).trim().split('\n').length, rows.length);
});
