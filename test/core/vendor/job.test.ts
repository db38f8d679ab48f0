import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDefinition, type SourceDefinition } from '../../../src/core/definition.ts';
import { exit, Problem } from '../../../src/core/problem.ts';
import { restSource } from '../../../src/core/rest.ts';
import type { Search } from '../../../src/core/types.ts';
import type { FakeTools } from '../../support/fake-tools.ts';
import { exampleJob } from '../../support/example-job.ts';
import { ask, noSearch, pullAll, sourceTools, type Pulled } from '../../support/source-tools.ts';
import { sendJson, serve, type Vendor } from '../../support/vendors/server.ts';
import { problem } from '../../support/problem.ts';

const quince = {
  name: 'quince',
  summary: 'Quinces.',
  settings: { QUINCE_URL: { summary: 'Address.', kind: 'url' } },
  url: '{QUINCE_URL}',
  auth: { type: 'none' },
  job: {
    request: { method: 'POST', path: '/jobs', json: { from: '{from}', until: '{until}' } },
    id: 'job',
    total: 'found',
    poll: {
      request: { path: '/jobs/{job}' },
      until: { path: 'status', equals: ['done', 'empty'] },
      failed: { path: 'status', equals: 'failed' },
      every: '2s',
      longest: '1m',
    },
    close: { method: 'POST', path: '/jobs/{job}/close', json: {} },
  },
  request: { path: '/jobs/{job}/rows', query: { offset: '{offset}', limit: '{limit}' } },
  paging: { type: 'offset', stop: ['short-page'] },
  limits: { page: 2 },
  window: { filter: 'event', time: 'epoch-s' },
  records: { path: 'rows', id: { paths: ['id'] } },
} as const;

const window = { from: 0n, until: 240_000_000_000n };
const rows = '{"rows":[{"id":1}]}';

/** A vendor whose jobs have the numbers from 90071992547409931 on; `answer` says what the rest is answered with. */
async function orchard(answer: (target: string, count: number) => string | number): Promise<Vendor> {
  const counts = new Map<string, number>();
  let jobs = 0n;
  return serve({}, ({ target }, response) => {
    if (target === '/jobs') return sendJson(response, 201, `{"job":${90071992547409930n + ++jobs}}`);
    const short = target.replace('/jobs/9007199254740993', '').replace(/\?.*/, '');
    const count = (counts.get(short) ?? 0) + 1;
    counts.set(short, count);
    const reply = answer(short, count);
    sendJson(response, typeof reply === 'number' ? reply : 200, typeof reply === 'number' ? '{}' : reply);
  });
}

interface Run {
  readonly change?: object;
  readonly search?: Partial<Search>;
  readonly tools?: FakeTools;
}

function sourceOf(vendor: Vendor, { change = {}, search = {}, tools = sourceTools() }: Run) {
  const definition = parseDefinition(JSON.parse(JSON.stringify({ ...quince, ...change })), 'quince.yaml');
  return restSource(definition, { QUINCE_URL: vendor.origin }, { ...noSearch, ...search }, tools);
}

async function pull(vendor: Vendor, run: Run = {}): Promise<Pulled> {
  const source = sourceOf(vendor, run);
  try {
    return await pullAll(source, { slice: window });
  } finally {
    await source.close();
  }
}

/** What was asked for, in short: `1` asks after the first job, `1/rows` for its records. */
function asked({ requests }: Vendor): string[] {
  return requests.map(({ target }) => target.replace('/jobs/9007199254740993', '').replace(/\?.*/, ''));
}

test('a job is asked after until it is done, a little less often each time, then read, and closed', async (t) => {
  const states = ['queued', 'running', 'running', 'running', 'running', 'done'];
  const vendor = await orchard((target, count) =>
    target === '1' ? `{"status":"${states[count - 1]}","found":${count === 6 ? 1 : null}}` : rows,
  );
  t.after(vendor.close);
  const tools = sourceTools();
  const { records } = await pull(vendor, { tools });
  assert.deepEqual(
    records.map(({ id }) => id),
    ['1'],
  );
  assert.deepEqual(tools.waits, [2000, 3000, 4500, 6750, 8000]);
  assert.deepEqual(asked(vendor), ['/jobs', '1', '1', '1', '1', '1', '1', '1/rows', '1/close']);
});

test('a job that found nothing is not read, and closed', async (t) => {
  const vendor = await orchard(() => '{"status":"empty","found":0}');
  t.after(vendor.close);
  assert.equal((await pull(vendor)).records.length, 0);
  assert.deepEqual(asked(vendor), ['/jobs', '1', '1/close']);
});

test('a job that is done and gives fewer records than it found is started again once', async (t) => {
  const vendor = await orchard((target, count) => {
    if (target.length === 1) return '{"status":"done","found":2}';
    return count === 1 ? rows : '{"rows":[]}';
  });
  t.after(vendor.close);
  const tools = sourceTools();
  await assert.rejects(pull(vendor, { tools }), /quince announced 2 records from .* and gave 1/);
  assert.deepEqual(asked(vendor), [
    '/jobs',
    '1',
    '1/rows',
    '1/rows',
    '1/close',
    '/jobs',
    '2',
    '2/rows',
    '2/rows',
    '2/close',
  ]);
  assert.deepEqual(tools.waits, [], 'no further rows are waited for');
});

for (const [what, states, paging, isWarned] of [
  ['in the answer that started it alone', { job: 'found', state: 'other' }, 'offset', true],
  ['in no answer, where no state is asked for and rows do not go by number', { job: 'other' }, 'page', true],
  ['in its last state', { job: 'other', state: 'found' }, 'offset', false],
] as const) {
  test(`a job with the number of its rows ${what}: ${isWarned ? 'a warning' : 'no warning'}`, async (t) => {
    const vendor = await serve({}, ({ target }, response) => {
      if (target === '/jobs') return sendJson(response, 201, `{"job":1,"${states.job}":1}`);
      sendJson(response, 200, target === '/jobs/1' ? `{"status":"done","${states.state}":1}` : rows);
    });
    t.after(vendor.close);
    const tools = sourceTools();
    const change = {
      job: { ...quince.job, ...(!('state' in states) && { poll: undefined }) },
      request: { path: '/jobs/{job}/rows', query: { at: `{${paging}}`, limit: '{limit}' } },
      paging: { type: paging, stop: ['short-page'] },
    };
    assert.equal((await pull(vendor, { tools, change })).records.length, 1);
    const warning =
      'quince: page 1 has records, and no number at found (job.total) in the last answer before them: whether any are missing cannot be told';
    assert.deepEqual(tools.warnings, isWarned ? [warning] : []);
  });
}

test('a job that says neither when it is done nor how many rows there are has ended after two empty answers', async (t) => {
  const answers = ['[{"id":1}]', '[]', '[{"id":2}]', '[]', '[]', '[{"id":3}]'];
  const vendor = await orchard((_, count) => `{"rows":${answers[count - 1]}}`);
  t.after(vendor.close);
  const { request, id, total } = quince.job;
  const tools = sourceTools();
  const { records } = await pull(vendor, { change: { job: { request, id, total } }, tools });
  assert.deepEqual(
    records.map((record) => record.id),
    ['1', '2'],
  );
  assert.deepEqual(tools.waits, [1000, 2000, 1000, 2000], 'one answer may be of a job that is still at work');
  const offsets = vendor.requests.flatMap(({ target }) => /offset=(\d+)/.exec(target)?.[1] ?? []);
  assert.deepEqual(offsets, ['0', '1', '1', '2', '2']);
});

test('a job whose rows are fewer than it says is waited for, for longer than one that says nothing', async (t) => {
  const vendor = await orchard(
    (_, count) => `{"found":2,"rows":${{ 1: '[{"id":1}]', 6: '[{"id":2}]' }[count] ?? '[]'}}`,
  );
  t.after(vendor.close);
  const { request, id } = quince.job;
  const tools = sourceTools();
  const change = { job: { request, id }, records: { ...quince.records, total: 'found' } };
  const { records } = await pull(vendor, { change, tools });
  assert.deepEqual(
    records.map((record) => record.id),
    ['1', '2'],
  );
  assert.deepEqual(tools.waits, [2000, 4000, 8000, 16_000]);
});

test('a job that the vendor has forgotten is started anew, once', async (t) => {
  const vendor = await orchard((target) => {
    if (target.startsWith('1/')) return 404;
    return target.length === 1 ? '{"status":"done"}' : rows;
  });
  t.after(vendor.close);
  assert.equal((await pull(vendor)).records.length, 1);
  assert.deepEqual(asked(vendor), ['/jobs', '1', '1/rows', '1/close', '/jobs', '2', '2/rows', '2/close']);
});

for (const [what, reply, words] of [
  ['its words', '{"status":"failed","message":"syntax error at 5"}', /: syntax error at 5$/],
  ['words that would be an error anywhere', '{"status":"failed","error":{"message":"too busy"}}', /: too busy$/],
  ['the state alone', '{"status":"failed"}', /: status is "failed"$/],
] as const) {
  test(`a job that fails is reported with ${what}, and closed`, async (t) => {
    const vendor = await orchard(() => reply);
    t.after(vendor.close);
    await assert.rejects(pull(vendor), (error) => {
      assert.ok(error instanceof Problem && error.status === exit.unavailable);
      assert.match(
        error.message,
        /^quince could not finish its query from 1970-01-01T00:00:00Z to 1970-01-01T00:04:00Z: /,
      );
      assert.match(error.message, words);
      return true;
    });
    assert.deepEqual(asked(vendor), ['/jobs', '1', '1/close']);
  });
}

test('of a window whose job always fails, shorter parts are read, so that the others go on', async (t) => {
  const windows: (readonly [from: number, until: number])[] = [];
  let now = Date.UTC(2025, 10, 20);
  const vendor = await serve({ now: () => now }, ({ target, body }, response) => {
    if (target === '/jobs') {
      const { from, until } = JSON.parse(body) as { from: number; until: number };
      return sendJson(response, 201, `{"job":${windows.push([from, until])}}`);
    }
    const [, number, rest] = /^\/jobs\/(\d+)(.*)$/.exec(target) ?? [];
    const [from, until] = windows[Number(number) - 1]!;
    if (rest === '') return sendJson(response, 200, `{"status":"${until - from > 90_000 ? 'failed' : 'done'}"}`);
    sendJson(response, 200, rest === '/close' ? '{}' : `{"rows":[{"id":${from}}]}`);
  });
  t.after(vendor.close);
  const definition = parseDefinition({ ...quince, window: { ...quince.window, overlap: '1h' } }, 'quince.yaml');
  const job = exampleJob(definition, { QUINCE_URL: vendor.origin });
  for (let runs = 0; runs < 12; runs++) {
    await job.run(now);
    now += 10 * 60_000;
  }
  assert.deepEqual((await job.run(now)).problems, []);
  assert.ok(job.taken.length > 6);
});

test('a job that does not finish in time gives way to jobs for the halves of its window', async (t) => {
  const vendor = await orchard((target) => {
    if (target.endsWith('/rows')) return `{"rows":[{"id":${target[0]}}]}`;
    return `{"status":"${target === '1' ? 'running' : 'done'}"}`;
  });
  t.after(vendor.close);
  const tools = sourceTools();
  const { records } = await pull(vendor, { tools });
  assert.deepEqual(
    records.map(({ id }) => id),
    ['2', '3'],
  );
  assert.ok(tools.waits.reduce((sum, wait) => sum + wait, 0) <= 60_000);
  const bodies = vendor.requests.filter(({ target }) => target === '/jobs').map(({ body }) => body);
  assert.deepEqual(bodies, ['{"from":0,"until":240}', '{"from":0,"until":120}', '{"from":120,"until":240}']);
  assert.deepEqual(
    asked(vendor)
      .filter((each) => each !== '1')
      .slice(0, 3),
    ['/jobs', '1/close', '/jobs'],
  );
});

const unbounded: Partial<SourceDefinition> = {
  job: { ...quince.job, request: { method: 'POST', path: '/jobs', json: {} } },
  window: { filter: 'none' },
} as never;
for (const [what, run, jobs] of [
  ['its window is as short as can be', {}, 3],
  ['one query was asked for', { search: { single: true } }, 1],
  ['its vendor knows no windows', { change: unbounded }, 1],
] as const) {
  test(`a job that does not finish is an error where ${what}`, async (t) => {
    const vendor = await orchard(() => '{"status":"running"}');
    t.after(vendor.close);
    await assert.rejects(pull(vendor, run), problem(exit.unavailable, /did not finish its query/));
    const count = (name: string) => asked(vendor).filter((each) => each.endsWith(name)).length;
    assert.deepEqual([count('/jobs'), count('/close')], [jobs, jobs]);
  });
}

test('a stop request ends the waiting, and the job is closed even though requests are kept apart', async (t) => {
  const stop = new AbortController();
  const vendor = await orchard(() => {
    stop.abort(new Problem(exit.interrupt, 'stopped', { hint: 'none' }));
    return '{"status":"running"}';
  });
  t.after(vendor.close);
  const tools = sourceTools(Date.now(), stop.signal);
  const run = { tools, change: { limits: { page: 2, interval: '1s' } } };
  await assert.rejects(pull(vendor, run), (error) => error === stop.signal.reason);
  assert.deepEqual(asked(vendor), ['/jobs', '1', '1/close']);
});

test('a reader that stops early leaves no job behind', async (t) => {
  const vendor = await orchard((target) => (target === '1' ? '{"status":"done"}' : '{"rows":[{"id":1},{"id":2}]}'));
  t.after(vendor.close);
  const source = sourceOf(vendor, {});
  for await (const { records } of source.pull(ask({ slice: window }))) {
    if (records.length === 2) break;
  }
  assert.equal(asked(vendor).at(-1), '1/close');
  await source.close();
});

test('a job that never ends is given up in time, also when our clock is set back meanwhile', async (t) => {
  const hour = 3_600_000;
  let setBack = 0;
  const vendor = await orchard((target, count) => {
    if (target === '1' && count === 3) setBack = hour;
    return '{"status":"running"}';
  });
  t.after(vendor.close);
  const tools = sourceTools();
  await assert.rejects(pull(vendor, { tools: { ...tools, now: () => tools.now() - setBack } }), Problem);
  const waited = tools.waits.reduce((sum, one) => sum + one, 0);
  assert.ok(waited <= 4 * 60_000, `${waited} ms`);
});

test('a job that cannot be closed is no failure', async (t) => {
  const vendor = await orchard((target) => {
    if (target.endsWith('/close')) return 500;
    return target === '1' ? '{"status":"done"}' : rows;
  });
  t.after(vendor.close);
  assert.equal((await pull(vendor)).records.length, 1);
  assert.equal(asked(vendor).filter((each) => each === '1/close').length, 1);
});

test('a job that was not started is neither asked after nor closed', async (t) => {
  const vendor = await serve({}, (_, response) => sendJson(response, 200, '{"job":null}'));
  t.after(vendor.close);
  await assert.rejects(pull(vendor), /quince did not start the query: nothing at job/);
  assert.deepEqual(asked(vendor), ['/jobs']);
});

const { poll } = quince.job;
for (const [what, job, message] of [
  [
    'a question about no job',
    { poll: { ...poll, request: { path: '/jobs' } } },
    /job\.poll\.request: \{job\} is missing/,
  ],
  ['the end of no job', { close: { path: '/close' } }, /job\.close: \{job\} is missing/],
  ['less time than one wait', { poll: { ...poll, longest: '1s' } }, /job\.poll\.longest is less than job\.poll\.every/],
  ['no time between two questions', { poll: { ...poll, every: '0s' } }, /job\.poll\.every: expected more than 0s/],
  ['a body with GET', { close: { path: '/{job}', json: {} } }, /job\.close: a body needs method: POST/],
  ['a job with an unknown name', { pol: {} }, /job\.pol means nothing here .*poll\?/],
] as const) {
  test(`${what} is refused`, () => {
    const value = { ...quince, job: { ...quince.job, ...job } };
    assert.throws(() => parseDefinition(JSON.parse(JSON.stringify(value)), 'quince.yaml'), message);
  });
}

test('records that do not come from the job are refused, though the job is asked after', () => {
  const value = { ...quince, request: { path: '/rows', query: { offset: '{offset}', limit: '{limit}' } } };
  assert.throws(() => parseDefinition(value, 'quince.yaml'), /quince\.yaml: job: no request for records uses \{job\}/);
});

test('what is stored while a job is at work is found by the next one, however fast our own clock is', async (t) => {
  const minute = 60_000;
  const start = Date.UTC(2026, 10, 20, 9);
  const clock = { now: start };
  const stored = [start - minute];
  const jobs: (readonly number[])[] = [];
  const vendor = await serve({ now: () => clock.now }, ({ target, body }, response) => {
    if (target !== '/jobs') return sendJson(response, 200, rowsOf(target));
    const { from, until } = JSON.parse(body) as { from: number; until: number };
    jobs.push(stored.filter((at) => at >= from * 1000 && at < until * 1000 && at <= clock.now));
    sendJson(response, 201, `{"job":${jobs.length}}`);
  });
  t.after(vendor.close);

  /** The first job that is asked after works for 20 minutes, in which another record is stored. */
  function rowsOf(target: string): string {
    const [, , job = '', what = ''] = target.replace(/\?.*/, '').split('/');
    if (clock.now === start && what === '') stored.push(start + 10 * minute, (clock.now = start + 20 * minute));
    const found = jobs[Number(job) - 1] ?? [];
    if (what !== 'rows') return `{"status":"done","found":${found.length}}`;
    return JSON.stringify({ rows: found.map((at) => ({ id: at, at })) });
  }

  const definition = {
    ...quince,
    limits: { page: 10 },
    records: { ...quince.records, time: { path: 'at', format: 'epoch-ms' } },
  } as const;
  const job = exampleJob(parseDefinition(structuredClone(definition), 'quince.yaml'), { QUINCE_URL: vendor.origin });
  await job.run(clock.now + 30 * minute);
  clock.now += minute;
  await job.run(clock.now + 30 * minute);
  assert.deepEqual(
    job.taken.map((text) => (JSON.parse(text) as { id: number }).id),
    [start - minute, start + 10 * minute, start + 20 * minute],
  );
});
