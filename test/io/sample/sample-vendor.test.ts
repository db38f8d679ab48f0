import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { sampleAccount, startSampleVendor } from '../../../src/io/sample/sample-vendor.ts';

const now = Date.UTC(2026, 10, 20, 9, 0, 0, 500);
const week = 7 * 24 * 60 * 60_000;

interface Reply {
  readonly events: readonly { readonly id: string; readonly action: string; readonly ingested_at: number }[];
  readonly next: string | null;
  readonly total: number;
}

test('a session reads every record once, page by page, oldest first', async (t) => {
  const { cookie, get } = await loggedIn(t, { now: () => now, pageSize: 50 });
  const ids: string[] = [];
  const times: number[] = [];
  let pages = 0;
  let next: string | null = '';
  while (next !== null) {
    const reply = (await (await get(`from=${now - week}&until=${now}&cursor=${next}`, cookie)).json()) as Reply;
    assert.ok(reply.events.length <= 50);
    ids.push(...reply.events.map((event) => event.id));
    times.push(...reply.events.map((event) => event.ingested_at));
    next = reply.next;
    pages += 1;
    if (next === null) assert.equal(ids.length, reply.total);
  }
  assert.ok(ids.length > 300 && pages === Math.ceil(ids.length / 50));
  assert.equal(new Set(ids).size, ids.length);
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
});

test('a second start has the same records but for those of the login', async (t) => {
  const texts = [now, now + 60_000].map(async (at) => {
    const { cookie, get } = await loggedIn(t, { now: () => at });
    return (await (await get(`from=${now - week}&until=${at}&limit=500`, cookie)).json()) as Reply;
  });
  const [first, second] = (await Promise.all(texts)).map((reply) => new Set(reply.events.map((event) => event.id)));
  const fresh = [...(second ?? [])].filter((id) => !first?.has(id));
  assert.ok(fresh.length >= 3 && fresh.length <= 5, `${fresh.length} new records`);
});

test('what a login leaves lies before the whole second of its Date header', async (t) => {
  const { cookie, get } = await loggedIn(t, { now: () => now });
  const response = await get('action=export.started', cookie);
  const { events } = (await response.json()) as Reply;
  assert.equal(events.length, 1);
  assert.ok((events[0]?.ingested_at ?? 0) < Date.parse(response.headers.get('date') ?? ''));
});

test('records are what makes parsers stumble', async (t) => {
  const { cookie, get } = await loggedIn(t, { now: () => now });
  const text = await (await get('limit=500', cookie)).text();
  JSON.parse(text);
  for (const pattern of [
    /"occurred_ns":\d{19},/,
    /1\.10\b/,
    /\\u00f6/,
    /山田/,
    /🤖/,
    /\\\\reports/,
    /\\"/,
    /\\n/,
    /:92233720368547757\d+/,
  ]) {
    assert.match(text, pattern);
  }
});

test('wrong credentials, no session, an ended session and unknown parameters are refused', async (t) => {
  const { url, cookie, get } = await loggedIn(t, { now: () => now });
  const wrong = await fetch(`${url}/api/v1/login`, { method: 'POST', body: '{"username":"auditor","password":"x"}' });
  assert.equal(wrong.status, 401);
  assert.match(await wrong.text(), /"code":"invalid_credentials"/);
  assert.equal((await get('', '')).status, 401);
  assert.equal((await get('form=1', cookie)).status, 400);
  assert.equal((await get('limit=0', cookie)).status, 400);
  assert.equal((await get('cursor=abc', cookie)).status, 400);
  await fetch(`${url}/api/v1/logout`, { method: 'POST', headers: { cookie } });
  assert.equal((await get('', cookie)).status, 401);
});

async function loggedIn(t: TestContext, options: { now(): number; pageSize?: number }) {
  const { url, close } = await startSampleVendor(options);
  t.after(close);
  const login = await fetch(`${url}/api/v1/login`, { method: 'POST', body: JSON.stringify(sampleAccount) });
  assert.equal(login.status, 200);
  assert.equal(await login.text(), '{"status":"ok"}');
  const cookie = (login.headers.get('set-cookie') ?? '').replace(/;.*/, '');
  const get = (query: string, as: string) => fetch(`${url}/api/v1/audit/events?${query}`, { headers: { cookie: as } });
  return { url, cookie, get };
}

test('a new index of Elasticsearch takes every record: no whole number is longer than 64 bits, no list mixes them with fractions', async (t) => {
  const { cookie, get } = await loggedIn(t, { now: () => now });
  const text = await (await get('limit=500', cookie)).text();
  const numbers = [...text.matchAll(/(?<=[[:,])-?\d+(?=[\],}])/g)];
  const lists = [...text.matchAll(/\[(?:-?[\d.eE+-]+,?)+\]/g)];
  assert.ok(numbers.length > 0 && lists.length > 0);
  for (const [number] of numbers) {
    assert.equal(BigInt.asIntN(64, BigInt(number)), BigInt(number), number);
  }
  for (const [list] of lists) {
    const kinds = new Set(
      list
        .slice(1, -1)
        .split(',')
        .map((number) => /[.eE]/.test(number)),
    );
    assert.equal(kinds.size, 1, list);
  }
});
