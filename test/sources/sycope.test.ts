import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noFindings } from '../../src/config/findings.ts';
import { readSettings } from '../../src/config/settings.ts';
import { exit, Problem } from '../../src/core/problem.ts';
import { restSource } from '../../src/core/rest.ts';
import type { SettingValues } from '../../src/core/setting.ts';
import type { Search } from '../../src/core/types.ts';
import { sycope } from '../../src/sources/sycope.ts';
import { conforms } from '../support/conformance.ts';
import { exampleJob } from '../support/example-job.ts';
import { fixture } from '../support/fixture.ts';
import { noSearch, pullAll, pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { sendJson } from '../support/vendors/server.ts';
import { startSycope, type Sycope, type SycopeOptions } from '../support/vendors/sycope.ts';
import { problem } from '../support/problem.ts';

const start = 1_795_132_800_000; // 2026-11-20T00:00:00Z
const hour = { from: BigInt(start) * 1_000_000n, until: BigInt(start + 3_600_000) * 1_000_000n };

/** The fixture's rows, again and again with other IDs and times, one a second. */
async function rows(count: number): Promise<string[]> {
  const recorded = await fixture('sycope', 'rows.jsonl');
  return Array.from({ length: count }, (_, number) =>
    (recorded[number % recorded.length] ?? '')
      .replace('"ID"', `"64d7e9c6-${number.toString(16).padStart(8, '0')}-be88fd5f"`)
      .replace('TIMESTAMP', String(start + number * 1000)),
  );
}

async function started(options: SycopeOptions = {}, count = 25) {
  const vendor = await startSycope({ now: () => start + 7_200_000, ...options });
  const texts = await rows(count);
  vendor.set(...texts);
  return { vendor, texts, values: valuesFor(vendor) };
}

function valuesFor(vendor: Sycope): SettingValues {
  return {
    SYCOPE_URL: `${vendor.url}/`,
    SYCOPE_USERNAME: 'auditor',
    SYCOPE_PASSWORD: 'secret',
    SYCOPE_STREAM: 'auditLog',
    SYCOPE_API_PREFIX: '/npm/api/v1',
    SYCOPE_TIME_FORMAT: 'at-iso',
  };
}

const asksRecords = ({ target }: { readonly target: string }): boolean => target.endsWith('/data');

conforms('sycope', {
  definition: sycope,
  secret: 'SYCOPE_PASSWORD',
  limit: 10,
  async start() {
    const { vendor, texts, values } = await started();
    return {
      vendor,
      values,
      texts,
      part: { slice: hour },
      times: texts.map((_, number) => start + number * 1000),
      asksRecords,
      openSessions: vendor.openSessions,
    };
  },
});

for (const failures of ['body', 'http', 'html'] as const) {
  test(`a session that ends midway (told by ${failures}) is renewed once and nothing is lost or read twice`, async () => {
    const { vendor, texts, values } = await started({ failures });
    let asked = 0;
    vendor.fault = (request) => {
      if (asksRecords(request) && asked++ === 1) vendor.expireSessions();
      return false;
    };
    const { records } = await pullOnce(sycope, values, { search: { limit: 10 }, part: { slice: hour } });
    assert.deepEqual(
      records.map((record) => record.text),
      texts,
    );
    assert.deepEqual([vendor.logins(), vendor.openSessions()], [2, 0]);
    await vendor.close();
  });
}

for (const failures of ['body', 'http'] as const) {
  test(`a query that dies with its session (told by ${failures}) is asked anew, and nothing is lost`, async () => {
    const { vendor, texts, values } = await started({ failures });
    let asked = 0;
    vendor.fault = (request) => {
      if (!asksRecords(request) || asked++ !== 1) return false;
      vendor.expireSessions();
      vendor.forgetJobs();
      return false;
    };
    const { records } = await pullOnce(sycope, values, { search: { limit: 10 }, part: { slice: hour } });
    const once = new Map(records.map((record) => [record.id, record.text]));
    assert.deepEqual([...once.values()], texts, 'what came twice came with the same ID');
    assert.deepEqual([runs(vendor), vendor.logins(), vendor.openSessions()], [2, 2, 0]);
    await vendor.close();
  });
}

test('a query that is unknown however often it is asked is an error', async () => {
  const { vendor, values } = await started({ failures: 'http' });
  vendor.fault = (request) => {
    if (asksRecords(request)) vendor.forgetJobs();
    return false;
  };
  await assert.rejects(pullOnce(sycope, values, { part: { slice: hour } }), /HTTP 404/);
  assert.deepEqual([runs(vendor), vendor.logins(), vendor.openSessions()], [2, 1, 0]);
  await vendor.close();
});

test('a job whose queries are forgotten before all of their rows are read gets through in shorter parts', async () => {
  let now = start + 7_200_000;
  const { vendor, texts, values } = await started({ failures: 'http', now: () => now }, 60);
  const asked = new Map<string, number>();
  vendor.fault = (request) => {
    const pages = (asked.get(request.target) ?? 0) + 1;
    asked.set(request.target, pages);
    if (asksRecords(request) && pages > 3) vendor.forgetJobs();
    return false;
  };
  const job = exampleJob({ ...sycope, limits: { page: 10, most: 10 } }, values);
  const { problems } = await job.run(now);
  assert.match(
    problems[0]?.hint ?? '',
    /^it had the pages before this one, so no setting is wrong; the next run of a job reads/,
  );
  const ends = [problems.length];
  while (ends.at(-1) !== 0 && ends.length < 30) ends.push((await job.run((now += 60_000))).problems.length);
  assert.equal(ends[0], 1);
  assert.equal(ends.at(-1), 0);
  assert.deepEqual(job.taken.toSorted(), texts.toSorted());
  await vendor.close();
});

test('a session that ends again at once is refused credentials, not a storm of logins', async () => {
  const { vendor, values } = await started();
  vendor.fault = (request) => {
    if (asksRecords(request)) vendor.expireSessions();
    return false;
  };
  await assert.rejects(pullOnce(sycope, values, { part: { slice: hour } }), problem(exit.noperm));
  assert.equal(vendor.logins(), 2);
  await vendor.close();
});

for (const total of ['null', 'missing'] as const) {
  test(`a total that is ${total} does not cut the result short`, async () => {
    const { vendor, texts, values } = await started({ total, pageSize: 10 });
    const { records } = await pullOnce(sycope, values, { part: { slice: hour } });
    assert.deepEqual(
      records.map((record) => record.text),
      texts,
    );
    await vendor.close();
  });
}

for (const total of ['number', 'null'] as const) {
  test(`rows that are not ready yet are waited for (total: ${total})`, async () => {
    const { vendor, texts, values } = await started({ total, notReady: 3 });
    const tools = sourceTools(start);
    const { records } = await pullOnce(sycope, values, { part: { slice: hour }, tools });
    assert.deepEqual(
      records.map((record) => record.text),
      texts,
    );
    assert.ok(tools.waits.length >= 3);
    await vendor.close();
  });
}

test('a query that never finishes is tried with shorter and shorter windows, and then given up without a position', async () => {
  const { vendor, values } = await started({ total: 'null', notReady: 1000 });
  await assert.rejects(
    pullOnce(sycope, values, { part: { slice: hour } }),
    problem(exit.unavailable, /did not finish/),
  );
  const windows = vendor.requests.filter((request) => request.target.endsWith('/run')).map((request) => request.body);
  assert.ok(new Set(windows).size > 3);
  assert.equal(vendor.openSessions(), 0);
  await vendor.close();
});

test('a query that finishes for half the window only is read in halves', async () => {
  const { vendor, texts, values } = await started({ total: 'null' });
  vendor.fault = (request, response) => {
    if (!asksRecords(request) || runs(vendor) > 1) return false;
    response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"data":null}');
    return true;
  };
  const { records } = await pullOnce(sycope, values, { part: { slice: hour } });
  assert.deepEqual(
    records.map((record) => record.text),
    texts,
  );
  assert.equal(runs(vendor), 3);
  await vendor.close();
});

test('rows that each half announces and does not give are no complete window', async () => {
  const { vendor, texts, values } = await started();
  vendor.fault = (request, response) => {
    const whole = runs(vendor) % 3 === 1; // the whole window never finishes, its halves do
    const send = (text: string): boolean => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(text);
      return true;
    };
    const total = runs(vendor) % 3 === 0 ? 2 : null; // only the second half says how many there are
    if (request.target.endsWith('/run')) return send(`{"jobId":"7","data":{"total":${total}}}`);
    if (!asksRecords(request)) return false;
    const begins = request.body.includes('"offset":0');
    return send(whole ? '{"data":null}' : `{"data":[${begins ? (texts[runs(vendor) % 3] ?? '') : ''}]}`);
  };
  await assert.rejects(
    pullOnce(sycope, values, { part: { slice: hour } }),
    problem(exit.protocol, /announced 2 records .* and gave 1/),
  );
  await vendor.close();
});

test('another query is another job', async () => {
  const { vendor, values } = await started();
  const scope = (more: SettingValues): string =>
    restSource(sycope, { ...values, ...more }, noSearch, sourceTools()).scope;
  assert.equal(scope({}), `${vendor.url}/npm/api/v1 auditLog`);
  assert.notEqual(scope({ SYCOPE_NQL: 'src stream="auditLog"' }), scope({}));
  assert.notEqual(scope({ SYCOPE_NQL: 'src stream="auditLog"' }), scope({ SYCOPE_NQL: 'src stream="other"' }));
  await vendor.close();
});

test('a total that is no number says nothing', async () => {
  for (const total of ['""', '"n/a"', '-1']) {
    const { vendor, texts, values } = await started({ total });
    const { records } = await pullOnce(sycope, values, { part: { slice: hour } });
    assert.equal(records.length, texts.length, total);
    await vendor.close();
  }
});

function runs(vendor: Sycope): number {
  return vendor.requests.filter((request) => request.target.endsWith('/run')).length;
}

test('rows that are announced but not given are asked for once more, and then an error', async () => {
  const { vendor, values } = await started();
  vendor.fault = (request, response) => {
    if (!asksRecords(request)) return false;
    response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"data":[]}');
    return true;
  };
  await assert.rejects(
    pullOnce(sycope, values, { part: { slice: hour } }),
    problem(exit.protocol, /announced 25 records .* and gave 0/),
  );
  assert.equal(runs(vendor), 2);
  await vendor.close();
});

for (const persistent of [false, true]) {
  test(`rows that shift ${persistent ? 'each time' : 'once'}, so that one comes twice and one is left out, are read again`, async () => {
    const { vendor, texts, values } = await started({}, 20);
    vendor.fault = ({ body, target }, response) => {
      if (!target.endsWith('/data') || !body.includes('"offset":10') || (runs(vendor) > 1 && !persistent)) return false;
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(`{"data":[${texts.slice(9, 19).join(',')}]}`);
      return true;
    };
    const tools = sourceTools();
    const read = pullOnce(sycope, values, { search: { limit: 10 }, part: { slice: hour }, tools });
    if (persistent) await assert.rejects(read, /sycope announced 20 records from .* and gave 19/);
    else assert.deepEqual(new Set(textsOf((await read).records)), new Set(texts));
    assert.deepEqual([runs(vendor), vendor.requests.filter(asksRecords).length, tools.waits], [2, 4, []]);
    await vendor.close();
  });
}

test('a result of exactly full pages needs no empty page at its end', async () => {
  const { vendor, values } = await started({}, 20);
  await pullOnce(sycope, values, { search: { limit: 10 }, part: { slice: hour } });
  assert.equal(vendor.requests.filter(asksRecords).length, 2);
  await vendor.close();
});

test('nothing new costs login, query and logout', async () => {
  const { vendor, values } = await started({}, 0);
  await pullOnce(sycope, values, { part: { slice: hour } });
  assert.deepEqual(
    vendor.requests.map((request) => `${request.method} ${request.target}`),
    ['POST /npm/api/v1/login', 'POST /npm/api/v1/pipeline/run', 'GET /npm/api/v1/logout'],
  );
  await vendor.close();
});

test('the query is sent as the vendor writes it, with every spelling of time', async () => {
  const { vendor, values } = await started();
  await pullOnce(sycope, values, { search: { limit: 7, rawQuery: 'user = "zoe"' }, part: { slice: hour } });
  assert.deepEqual(JSON.parse(vendor.requests[1]?.body ?? ''), {
    startTime: '@2026-11-20T00:00:00.000Z',
    endTime: '@2026-11-20T01:00:00.000Z',
    nql: 'src stream="auditLog" | user = "zoe" | sort timestamp asc',
    fsActive: false,
    waitTime: 30000,
    limit: 7,
  });
  await vendor.close();

  const older = await started({ timeFormat: 'epoch-ms', prefix: '/api', stream: 'audit' });
  const settings = { SYCOPE_TIME_FORMAT: 'epoch-ms', SYCOPE_API_PREFIX: 'api', SYCOPE_NQL: 'src stream="audit"' };
  const { records } = await pullOnce(sycope, { ...older.values, ...settings }, { part: { slice: hour } });
  assert.equal(records.length, 25);
  assert.equal(JSON.parse(older.vendor.requests[1]?.body ?? '').startTime, start);
  assert.equal(JSON.parse(older.vendor.requests[1]?.body ?? '').nql, 'src stream="audit"');
  await older.vendor.close();

  const oldest = await started({ timeFormat: 'epoch-s' });
  const inSeconds = { ...oldest.values, SYCOPE_TIME_FORMAT: 'epoch-s' };
  assert.equal((await pullOnce(sycope, inSeconds, { part: { slice: hour } })).records.length, 25);
  assert.equal(JSON.parse(oldest.vendor.requests[1]?.body ?? '').startTime, start / 1000);
  await oldest.vendor.close();
});

test('SYCOPE_API_PREFIX without a value is an appliance whose API has no prefix; left out, it is the usual one', async () => {
  const { vendor } = await started({ prefix: '' });
  const account = { SYCOPE_URL: vendor.url, SYCOPE_USERNAME: 'auditor', SYCOPE_PASSWORD: 'secret' };
  const read = (more: Readonly<Record<string, string>>): SettingValues =>
    readSettings(sycope.settings, {
      layers: { environment: { ...account, ...more }, files: [] },
      findings: noFindings(),
    });
  assert.equal(read({})['SYCOPE_API_PREFIX'], '/npm/api/v1');
  const { records } = await pullOnce(sycope, read({ SYCOPE_API_PREFIX: '' }), { part: { slice: hour } });
  assert.equal(records.length, 25);
  assert.equal(vendor.requests[0]?.target, '/login');
  await vendor.close();
});

test('--query becomes comparisons in NQL; what it cannot express is matched here', async () => {
  const { vendor, texts, values } = await started();
  const nql = async (query: Search['query'], more: SettingValues = {}, rawQuery?: string): Promise<string> => {
    const search = { query, ...(rawQuery === undefined ? {} : { rawQuery }) };
    const from = vendor.requests.length;
    const { records } = await pullOnce(sycope, { ...values, ...more }, { search, part: { slice: hour } });
    for (const { text } of records) {
      const row = JSON.parse(text) as Record<string, unknown>;
      for (const [key, value] of query) if (!key.includes('.')) assert.equal(String(row[key]), value);
    }
    const run = vendor.requests.slice(from).find(({ target }) => target.endsWith('/pipeline/run'));
    return (JSON.parse(run?.body ?? '') as { nql: string }).nql;
  };
  const id = (JSON.parse(texts[3] ?? '') as { id: string }).id;
  assert.equal(await nql([['id', id]]), `src stream="auditLog" | id = "${id}" | sort timestamp asc`);
  assert.equal(
    await nql([
      ['id', id],
      ['timestamp', String(start)],
    ]),
    `src stream="auditLog" | id = "${id}" and timestamp = ${start} | sort timestamp asc`,
  );
  assert.equal(await nql([['a.b', '1']]), 'src stream="auditLog" | sort timestamp asc');
  assert.equal(await nql([['id', 'a"b']]), 'src stream="auditLog" | sort timestamp asc');
  assert.equal(
    await nql([['id', id]], {}, 'timestamp != 1'),
    `src stream="auditLog" | id = "${id}" | timestamp != 1 | sort timestamp asc`,
  );
  assert.equal(
    await nql([['id', id]], { SYCOPE_NQL: 'src stream="auditLog"' }),
    `src stream="auditLog" | id = "${id}"`,
  );
  await vendor.close();
});

test('another stream, such as the alerts, is read in the same way', async () => {
  const { vendor, texts, values } = await started({ stream: 'alerts' });
  const { records } = await pullOnce(sycope, { ...values, SYCOPE_STREAM: 'alerts' }, { part: { slice: hour } });
  assert.equal(records.length, texts.length);
  await vendor.close();
});

for (const [what, status, body, message] of [
  ['in the body', 200, '{"status":404,"message":"NAME"}', 'sycope reported an error in the query: NAME'],
  ['as HTTP 400', 400, '{"status":400,"message":"NAME"}', 'sycope did not accept the query (HTTP 400): NAME'],
  ['by no job', 200, '{"message":"NAME"}', 'sycope did not start the query: nothing at jobId: NAME'],
] as const) {
  test(`an unknown stream, told ${what}, is told in the words of the appliance, with what to set`, async () => {
    const { vendor, values } = await started();
    const said = "Stream 'auditLog' not found";
    vendor.fault = ({ target }, response) => {
      if (!target.endsWith('/pipeline/run')) return false;
      sendJson(response, status, body.replace('NAME', said));
      return true;
    };
    await assert.rejects(
      pullOnce(sycope, values, { part: { slice: hour } }),
      problem(
        exit.protocol,
        message.replace('NAME', said),
        /^check SYCOPE_STREAM, SYCOPE_TIME_FORMAT and SYCOPE_NQL, and --raw-query: they say what is asked for/,
      ),
    );
    assert.equal(vendor.openSessions(), 0);
    await vendor.close();
  });
}

test('an appliance that fails is not said to be asked for the wrong thing', async () => {
  const { vendor, values } = await started();
  vendor.fault = ({ target }, response) => {
    if (!target.endsWith('/pipeline/run')) return false;
    sendJson(response, 200, '{"status":500,"message":"Internal error"}');
    return true;
  };
  await assert.rejects(
    pullOnce(sycope, values, { part: { slice: hour } }),
    problem(exit.protocol, /./, 'the position stays; see what the vendor says about this error'),
  );
  await vendor.close();
});

test('a login without a cookie, and one that is a web page, are no logins', async () => {
  const { vendor, values } = await started();
  vendor.fault = (_, response) => (response.writeHead(200).end('{"status":200}'), true);
  await assert.rejects(pullOnce(sycope, values), /answered the login without a cookie/);
  vendor.fault = (_, response) => (response.writeHead(200).end('<html>'), true);
  await assert.rejects(pullOnce(sycope, values), /answered the login with something other than JSON/);
  await vendor.close();
});

test('it logs out when the reader stops early, and when the run was asked to stop', async () => {
  const { vendor, values } = await started();
  const stop = new AbortController();
  const source = restSource(sycope, values, { ...noSearch, limit: 10 }, sourceTools(start, stop.signal));
  await source.branches();
  assert.equal(vendor.openSessions(), 0, 'known without a login');
  await source.open?.();
  assert.equal(vendor.openSessions(), 1);
  for await (const page of source.pull({ branch: '', slice: hour, bookmark: undefined, remembers: () => false })) {
    if (page.records.length > 0) stop.abort(new Problem(exit.terminate, 'stopped by SIGTERM'));
    break;
  }
  await source.close();
  assert.equal(vendor.openSessions(), 0);
  await vendor.close();
});

test('a logout that fails takes nothing from the run, and is not warned of', async () => {
  const { vendor, values } = await started();
  vendor.fault = (request, response) => request.target.endsWith('/logout') && (response.destroy(), true);
  const tools = sourceTools();
  const source = restSource(sycope, values, noSearch, tools);
  const { records } = await pullAll(source, { slice: hour });
  await source.close();
  assert.ok(records.length > 0);
  assert.ok(vendor.requests.at(-1)?.target.endsWith('/logout'));
  assert.deepEqual(tools.warnings, []);
  await vendor.close();
});

test('its clock and its scope are known after the login', async () => {
  const { vendor, values } = await started();
  const source = restSource(sycope, values, noSearch, sourceTools());
  assert.equal(source.serverTime(), undefined);
  await source.open?.();
  assert.equal(source.serverTime(), BigInt(start + 7_200_000) * 1_000_000n);
  assert.equal(source.scope, `${vendor.url}/npm/api/v1 auditLog`);
  await source.close();
  await vendor.close();
});
