/** A window that a cap cuts into parts: what each of them comes to. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDefinition, type SourceDefinition } from '../../../src/core/definition.ts';
import { second } from '../../../src/core/time.ts';
import { pullOnce } from '../../support/source-tools.ts';
import { sendJson, serve } from '../../support/vendors/server.ts';

const hour = 3600n * second;

const definition = parseDefinition(
  {
    name: 'acme',
    summary: 'Acme.',
    settings: { ACME_URL: { summary: 'Address.' } },
    url: '{ACME_URL}',
    auth: { type: 'none' },
    request: { path: '/', query: { from: '{from}', until: '{until}', page: '{page}', limit: '{limit}' } },
    paging: { type: 'page' },
    window: { filter: 'event', time: 'epoch-s' },
    records: { path: 'events', id: { content: true }, time: { path: 'at', format: 'epoch-s' }, capped: 'capped' },
    limits: { page: 3 },
  },
  'acme.yaml',
);

test('twins on several pages of a window that a cap cuts are those of its parts', async () => {
  // Records without an ID: two twins on each page, and a row that keeps two pages from being the same.
  const rows = Array.from({ length: 12 }, (_, at) =>
    at % 3 === 0 ? { at: 600, row: at } : { at: 600, event: 'failed' },
  );
  rows.push(...Array.from({ length: 3 }, (_, at) => ({ at: 3000, row: 100 + at })));
  for (const [most, asked] of [
    [15, 6],
    [12, 5 + 5 + 2],
  ] as const) {
    const server = await serve({}, ({ target }, response) => {
      const query = new URL(target, 'http://acme').searchParams;
      const [from = 0, until = 0, page = 0] = ['from', 'until', 'page'].map((name) => Number(query.get(name)));
      const found = rows.filter(({ at }) => at >= from && at < until);
      const events = found.slice(0, most).slice(3 * page - 3, 3 * page);
      sendJson(response, 200, JSON.stringify({ events, capped: found.length > most }));
    });
    const slice = { from: 0n, until: hour };
    const { records } = await pullOnce(definition, { ACME_URL: server.origin }, { part: { slice } });
    await server.close();
    assert.equal(new Set(records.map(({ id }) => id)).size, rows.length, `a cap of ${most}`);
    assert.equal(server.requests.length, asked);
  }
});

test('a record without an ID on the seam of two parts is one, where the vendor shows it in both', async () => {
  const middle = 1800;
  const rows = [60, middle, middle, 3000].map((at) => ({ at, event: 'failed' }));
  const server = await serve({}, ({ target }, response) => {
    const query = new URL(target, 'http://acme').searchParams;
    const [from = 0, until = 0, page = 0] = ['from', 'until', 'page'].map((name) => Number(query.get(name)));
    const found = rows.filter(({ at }) => at >= from && at <= until);
    sendJson(response, 200, JSON.stringify({ events: page === 1 ? found.slice(0, 3) : [], capped: found.length > 3 }));
  });
  const slice = { from: 0n, until: hour };
  const { records } = await pullOnce(definition, { ACME_URL: server.origin }, { part: { slice } });
  await server.close();
  assert.equal(new Set(records.map(({ id }) => id)).size, rows.length);
});

test('equal records in two parts are two, where their content does not tell when they were', async () => {
  const { time: _time, ...untimed } = definition.records;
  const volatile = { ...definition.records, volatile: ['at'] };
  for (const parts of [
    { records: untimed },
    { records: volatile },
    { window: { ...definition.window, filter: 'ingestion' } },
  ] as const) {
    const server = await serve({}, ({ target }, response) => {
      const query = new URL(target, 'http://acme').searchParams;
      const [from = 0, until = 0] = ['from', 'until'].map((name) => Number(query.get(name)));
      sendJson(response, 200, JSON.stringify({ events: [{ event: 'failed' }], capped: until - from > 1800 }));
    });
    const once: SourceDefinition = { ...definition, ...parts, paging: { type: 'none' } };
    const { records } = await pullOnce(
      once,
      { ACME_URL: server.origin },
      { part: { slice: { from: 0n, until: hour } } },
    );
    await server.close();
    assert.deepEqual([server.requests.length, new Set(records.map(({ id }) => id)).size], [3, 2]);
  }
});

for (const [half, at] of [
  ['earlier', 600],
  ['later', 3000],
] as const) {
  test(`what a cap leaves out of the ${half} half of a window is missed, though the other is whole`, async () => {
    const pulled = pulledFrom(({ from, until }) => {
      const isThere = from <= at && at < until;
      return { events: isThere ? [{ at, id: 1 }] : [], capped: isThere };
    });
    await assert.rejects(pulled, /^Problem: acme gave only a part of its records from .* and says so$/);
  });

  test(`what the ${half} half of a window is short of by its own total is missed, though the other is whole`, async () => {
    const pulled = pulledFrom(({ from, until }) => {
      const isThere = from <= at && at < until;
      return { events: isThere ? [{ at, id: 1 }] : [], total: isThere ? 2 : 0, capped: until - from > 1800 };
    });
    await assert.rejects(pulled, /^Problem: acme announced 2 records from .* and gave 1$/);
  });
}

/** Reads an hour of a vendor that answers so for a window in seconds. */
async function pulledFrom(
  answer: (window: { readonly from: number; readonly until: number }) => object,
): Promise<void> {
  const server = await serve({}, ({ target }, response) => {
    const query = new URL(target, 'http://acme').searchParams;
    const [from = 0, until = 0] = ['from', 'until'].map((name) => Number(query.get(name)));
    sendJson(response, 200, JSON.stringify(answer({ from, until })));
  });
  const records = { ...definition.records, id: { paths: ['id'] }, total: 'total' };
  const parts: SourceDefinition = { ...definition, paging: { type: 'none' }, records };
  try {
    await pullOnce(parts, { ACME_URL: server.origin }, { part: { slice: { from: 0n, until: hour } } });
  } finally {
    await server.close();
    assert.ok(server.requests.length < 30, `${server.requests.length} requests: nothing is shorter than a second`);
  }
}
