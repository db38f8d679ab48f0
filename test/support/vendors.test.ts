import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as tlsRequest } from 'node:https';
import test, { type TestContext } from 'node:test';
import { certificateAuthority } from './certificates.ts';
import { startCirrus, type CirrusOptions } from './vendors/cirrus.ts';
import { parseNql } from './vendors/nql.ts';
import { startSycope, type SycopeOptions } from './vendors/sycope.ts';

const now = Date.UTC(2026, 10, 20, 9);
const credentials = { username: 'auditor', password: 'secret' };

test('sycope: a session runs a query and reads its rows by offset, raw', async (t) => {
  const { sycope, post, cookie } = await sycopeSession(t);
  sycope.add(
    `{"id":"b","timestamp":${now - 1000},"n":1.10}`,
    `{"id":"a","timestamp":${now - 2000},"n":1606322948648718268}`,
    `{"id":"c","timestamp":${now},"n":0}`,
  );
  const { jobId, data } = (await (await post('pipeline/run', job(now - 5000, now), cookie)).json()) as Run;
  assert.equal(data.total, 2);
  const pages = [0, 1, 2].map(async (offset) =>
    (await post(`pipeline/${jobId}/data`, { limit: 1, offset }, cookie)).text(),
  );
  assert.deepEqual(await Promise.all(pages), [
    `{"data":[{"id":"a","timestamp":${now - 2000},"n":1606322948648718268}]}`,
    `{"data":[{"id":"b","timestamp":${now - 1000},"n":1.10}]}`,
    '{"data":[]}',
  ]);
  assert.equal(sycope.openSessions(), 1);
  await fetch(`${sycope.url}/npm/api/v1/logout`, { headers: { cookie } });
  assert.deepEqual([sycope.openSessions(), sycope.logins(), sycope.logouts()], [0, 1, 1]);
  assert.equal(((await (await post('pipeline/run', job(0, now), cookie)).json()) as Failure).status, 401);
});

test('sycope: a failure may be in the body, in the status, or a login page', async (t) => {
  const wrong = { username: 'auditor', password: 'x' };
  const replies = (['body', 'http', 'html'] as const).map(async (failures) => {
    const { post } = await sycopeSession(t, { failures });
    const reply = await post('login', wrong, '');
    return [reply.status, reply.headers.get('content-type'), reply.headers.get('set-cookie')];
  });
  assert.deepEqual(await Promise.all(replies), [
    [200, 'application/json', null],
    [401, 'application/json', null],
    [200, 'text/html', null],
  ]);
});

test('sycope: the other spelling of times, an unknown stream and a wrong query are refused', async (t) => {
  const { post, cookie } = await sycopeSession(t);
  const bad = [
    { ...job(0, now), startTime: now },
    { ...job(0, now), nql: 'src stream="alerts"' },
    { ...job(0, now), nql: 'src stream="auditLog" | drop table' },
    { ...job(0, now), limit: 0 },
  ];
  for (const body of bad) {
    const reply = (await (await post('pipeline/run', body, cookie)).json()) as Failure;
    assert.equal(reply.status, 400);
    assert.notEqual(reply.message, '');
  }
  const epoch = await sycopeSession(t, { timeFormat: 'epoch-ms' });
  const reply = await epoch.post('pipeline/run', { ...job(0, now), startTime: 0, endTime: now }, epoch.cookie);
  assert.equal(((await reply.json()) as Run).data.total, 0);
});

test('sycope: a job may be unfinished, and its total unknown', async (t) => {
  const { sycope, post, cookie } = await sycopeSession(t, { notReady: 1, total: 'missing' });
  sycope.add(`{"timestamp":${now - 1}}`);
  const { jobId, data } = (await (await post('pipeline/run', job(0, now), cookie)).json()) as Run;
  assert.ok(!('total' in data));
  const read = async () => (await post(`pipeline/${jobId}/data`, { limit: 10, offset: 0 }, cookie)).text();
  assert.equal(await read(), '{"data":null}');
  assert.equal(await read(), `{"data":[{"timestamp":${now - 1}}]}`);
});

test('sycope: TLS is served with the certificate that was given', async (t) => {
  const authority = certificateAuthority();
  t.after(authority.remove);
  const sycope = await startSycope({ tls: authority.issue() });
  t.after(sycope.close);
  const request = tlsRequest(`${sycope.url}/npm/api/v1/logout`, { ca: authority.cert }).end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  assert.equal(response.resume().statusCode, 200);
  await assert.rejects(once(tlsRequest(sycope.url).end(), 'response'), /self-signed|unable to/);
});

test('nql: conditions, order and limit are applied in turn, and quotes protect', () => {
  const rows = [1, 2, 3, 4].map((n) => ({ text: String(n), value: { n, who: n % 2 ? 'a | b and c' : 'd' } }));
  const run = (text: string) =>
    parseNql(text)
      .run(rows)
      .map((row) => row.text);
  assert.deepEqual(run('src stream="x" | sort n desc | limit 2'), ['4', '3']);
  assert.deepEqual(run('src stream="x" | where who = "a | b and c" and n != 1'), ['3']);
  assert.deepEqual(run('src stream="x" | n = 2'), ['2']);
  assert.throws(() => parseNql('stream="x"'));
});

test('cirrus: without a token the last hour, with one what was stored after it; an unchanged token at the end', async (t) => {
  const { cirrus, read } = await cirrusClient(t);
  cirrus.add(['{"n":0}'], { at: now - 2 * 60 * 60_000 });
  cirrus.add(['{"n":1.10}', '{"n":2}', '{"n":3}']);
  const first = await read({ limit: '2' });
  assert.match(first.text, /"count":2,"logEvents":\[\{"n":1\.10\},\{"n":2\}\]/);
  const second = await read({ limit: '2', nextToken: first.nextToken });
  assert.match(second.text, /"count":1,"logEvents":\[\{"n":3\}\]/);
  const third = await read({ nextToken: second.nextToken });
  assert.equal(third.nextToken, second.nextToken);
  assert.match(third.text, /"count":0,"logEvents":\[\]/);
  cirrus.add(['{"n":4}'], { at: now - 1 });
  cirrus.add(['{"n":5}'], { at: now + 1 });
  assert.match((await read({ nextToken: second.nextToken })).text, /\[\{"n":5\}\]/);
});

test('cirrus: filters are exact, and unknown parameters are ignored', async (t) => {
  const { cirrus, read } = await cirrusClient(t);
  cirrus.add(['{"service":"idp","tenant":"a"}', '{"service":"bridge","tenant":"a"}', '{"service":"idp","tenant":"b"}']);
  assert.match((await read({ service: 'idp', tenant: 'a', since: 'x' })).text, /"count":1,/);
});

test('cirrus: each way to be wrong has its status and detail', async (t) => {
  const { cirrus, get, read } = await cirrusClient(t);
  cirrus.add(['{}']);
  const { nextToken } = await read({});
  const status = async (parameters: Record<string, string>) =>
    (await get(`/orgLogs?${new URLSearchParams(parameters).toString()}`)).status;
  const orgUrl = 'http://www.institution.edu';
  assert.equal(await status({ orgUrl: `${orgUrl}/` }), 403);
  assert.equal(await status({}), 422);
  assert.equal(await status({ orgUrl, limit: '1001' }), 422);
  assert.equal(await status({ orgUrl, nextToken: 'x' }), 422);
  assert.equal(await status({ orgUrl, service: 'x' }), 422);
  cirrus.expireTokens();
  const expired = await get(`/orgLogs?${new URLSearchParams({ orgUrl, nextToken }).toString()}`);
  assert.deepEqual(
    [expired.status, await expired.text()],
    [422, '{"detail":[{"loc":["query","nextToken"],"msg":"token expired","type":"value_error"}]}'],
  );
  const wrong = await fetch(`${cirrus.url}/orgUrls`, { headers: { authorization: 'Basic eDp5' } });
  assert.deepEqual([wrong.status, await wrong.text()], [401, '{"detail":"invalid API authentication"}']);
  cirrus.limitRate(1, '7');
  const limited = await get('/orgUrls');
  assert.deepEqual([limited.status, limited.headers.get('retry-after')], [429, '7']);
  assert.equal(await (await get('/orgUrls')).text(), `{"orgUrls":["${orgUrl}"]}`);
});

test('a fault answers first, every request is logged, and the clock is the vendor’s', async (t) => {
  const { cirrus, get } = await cirrusClient(t, { now: () => now });
  cirrus.fault = (request, response) => {
    if (request.target !== '/logs/v1/orgUrls') return false;
    response.destroy();
    return true;
  };
  await assert.rejects(get('/orgUrls'));
  const reply = await get('/nowhere');
  assert.deepEqual([reply.status, reply.headers.get('date')], [404, 'Fri, 20 Nov 2026 09:00:00 GMT']);
  assert.deepEqual(
    cirrus.requests.map((request) => `${request.method} ${request.target}`),
    ['GET /logs/v1/orgUrls', 'GET /logs/v1/nowhere'],
  );
});

interface Run {
  readonly jobId: string;
  readonly data: { readonly total: number };
}

interface Failure {
  readonly status: number;
  readonly message: string;
}

function job(from: number, until: number) {
  return {
    startTime: `@${new Date(from).toISOString()}`,
    endTime: `@${new Date(until).toISOString()}`,
    nql: 'src stream="auditLog" | sort timestamp asc',
    fsActive: false,
    waitTime: 30_000,
    limit: 50_000,
  };
}

async function sycopeSession(t: TestContext, options: SycopeOptions = {}) {
  const sycope = await startSycope(options);
  t.after(sycope.close);
  const post = (path: string, body: unknown, cookie: string) =>
    fetch(`${sycope.url}/npm/api/v1/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', cookie },
      body: JSON.stringify(body),
    });
  const login = await post('login', credentials, '');
  assert.equal(await login.text(), '{"status":200,"code":"OK"}');
  const cookie = login.headers
    .getSetCookie()
    .map((text) => text.replace(/;.*/, ''))
    .join('; ');
  return { sycope, post, cookie };
}

async function cirrusClient(t: TestContext, options: CirrusOptions = { now: () => now }) {
  const cirrus = await startCirrus(options);
  t.after(cirrus.close);
  const headers = { authorization: `Basic ${Buffer.from('key:secret').toString('base64')}` };
  const get = (path: string) => fetch(cirrus.url + path, { headers });
  const read = async (parameters: Record<string, string>) => {
    const query = new URLSearchParams({ orgUrl: 'http://www.institution.edu', ...parameters });
    const reply = await get(`/orgLogs?${query.toString()}`);
    const text = await reply.text();
    assert.equal(reply.status, 200, text);
    return { text, nextToken: /"nextToken":"([^"]*)"/.exec(text)?.[1] ?? '' };
  };
  return { cirrus, get, read };
}
