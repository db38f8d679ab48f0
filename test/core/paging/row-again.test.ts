import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { parseDefinition, type SourceDefinition } from '../../../src/core/definition.ts';
import { identifier } from '../../../src/core/identity.ts';
import { rowAgain } from '../../../src/core/paging/row-again.ts';
import { Problem } from '../../../src/core/problem.ts';
import { restSource } from '../../../src/core/rest.ts';
import { noSearch, pullAll, pullOnce, sourceTools, textsOf } from '../../support/source-tools.ts';
import { sendJson, serve, type Vendor } from '../../support/vendors/server.ts';
import { problem } from '../../support/problem.ts';

/** Rows that are counted; `{offset}` and `{limit}` are the vendor's names for them. */
const elm = {
  name: 'elm',
  summary: 'Elms.',
  settings: { ELM_URL: { summary: 'Address.', kind: 'url' } },
  url: '{ELM_URL}',
  auth: { type: 'none' },
  request: { path: '/log', query: { offset: '{offset}', limit: '{limit}' } },
  paging: { type: 'offset' },
  window: { filter: 'none' },
  records: { path: 'rows', id: { paths: ['id'] }, time: { path: 'at', format: 'epoch-s' } },
  limits: { page: 4 },
};

const identities = {
  'rows with an ID': elm,
  'rows without one': { ...elm, records: { ...elm.records, id: { content: true } } },
};

function defined(change: object = {}, base: object = elm): SourceDefinition {
  return parseDefinition(JSON.parse(JSON.stringify({ ...base, ...change })), 'elm.yaml');
}

interface Grove extends Vendor {
  /** Rows in the vendor's order, to be changed. */
  rows: string[];
  /** Called before each page is made, with the number of the request from 1 on. */
  before: (request: number) => void;
  /** The offsets that were asked for. */
  offsets(): number[];
}

async function grove(t: TestContext, { multiples = false } = {}): Promise<Grove> {
  const vendor = await serve({}, (request, response) => {
    const { searchParams } = new URL(request.target, vendor.origin);
    const limit = Number(searchParams.get('limit'));
    const offset = Number(searchParams.get('offset'));
    here.before(vendor.requests.length);
    const from = multiples ? offset - (offset % limit) : offset;
    sendJson(response, 200, `{"rows":[${here.rows.slice(from, from + limit).join(',')}]}`);
  });
  t.after(() => vendor.close());
  const offsets = (): number[] =>
    vendor.requests.map(({ target }) => Number(new URL(target, vendor.origin).searchParams.get('offset')));
  const here: Grove = Object.assign(vendor, { rows: rowsTo(10), before: () => {}, offsets });
  return here;
}

function row(id: string): string {
  return `{"id":"${id}","at":1795000000}`;
}

function rowsTo(count: number): string[] {
  return Array.from({ length: count }, (_, at) => row(`r${at}`));
}

async function pull(vendor: Grove, definition: SourceDefinition, limit: number): Promise<string[]> {
  const { records } = await pullOnce(definition, { ELM_URL: vendor.origin }, { search: { limit } });
  return textsOf(records);
}

test('each page begins with the last row of the page before, which is given once', async (t) => {
  const vendor = await grove(t);
  assert.deepEqual(await pull(vendor, defined(), 4), vendor.rows);
  assert.deepEqual(vendor.offsets(), [0, 3, 6, 9, 10]);
});

test('a row that is read again does not make up for one that the vendor counts and never shows', async (t) => {
  const vendor = await grove(t);
  const counting = await serve({}, (request, response) => {
    const offset = Number(new URL(request.target, vendor.origin).searchParams.get('offset'));
    sendJson(response, 200, `{"total":11,"rows":[${vendor.rows.slice(offset, offset + 4).join(',')}]}`);
  });
  t.after(() => counting.close());
  const definition = defined({ records: { ...elm.records, total: 'total' } });
  const pulled = (single: boolean) =>
    pullOnce(definition, { ELM_URL: counting.origin }, { search: { limit: 4, single } });
  await assert.rejects(pulled(false), /elm announced 11 records .* and gave 10$/);
  vendor.rows = rowsTo(11);
  assert.equal((await pulled(false)).records.length, 11);
  assert.equal((await pulled(true)).truncated, true);
});

test('one query that has as many as the vendor counts is all there is', async (t) => {
  const vendor = await serve({}, (_, response) =>
    sendJson(response, 200, `{"total":2,"rows":[${rowsTo(2).join(',')}]}`),
  );
  t.after(() => vendor.close());
  const definition = defined({ records: { ...elm.records, total: 'total' } });
  const { records, truncated } = await pullOnce(
    definition,
    { ELM_URL: vendor.origin },
    { search: { limit: 4, single: true } },
  );
  assert.deepEqual([records.length, truncated], [2, false]);
});

test('with reread: false, and where a page holds one row, rows are asked for as they follow each other', async (t) => {
  const vendor = await grove(t);
  assert.deepEqual(await pull(vendor, defined({ paging: { type: 'offset', reread: false } }), 4), vendor.rows);
  assert.deepEqual(vendor.offsets(), [0, 4, 8, 10]);
  vendor.rows = rowsTo(3);
  assert.deepEqual(await pull(vendor, defined(), 1), vendor.rows);
  assert.deepEqual(vendor.offsets().slice(4), [0, 1, 2, 3]);
});

test('a page that has room for the row before alone is not the last one', async (t) => {
  const vendor = await grove(t);
  const large = await serve({}, (request, response) => {
    const offset = Number(new URL(request.target, vendor.origin).searchParams.get('offset'));
    const size = offset === 3 || offset === 4 ? 1 : 4; // two large rows, of which no reply takes both
    sendJson(response, 200, `{"rows":[${vendor.rows.slice(offset, offset + size).join(',')}]}`);
  });
  t.after(() => large.close());
  const { records } = await pullOnce(defined(), { ELM_URL: large.origin }, { search: { limit: 4 } });
  assert.deepEqual(textsOf(records), vendor.rows);
});

test('with short-page, a page that is full but for the row before is not the last one', async (t) => {
  const vendor = await grove(t);
  assert.deepEqual(await pull(vendor, defined({ paging: { type: 'offset', stop: ['short-page'] } }), 4), vendor.rows);
  assert.deepEqual(vendor.offsets(), [0, 3, 6, 9]);
});

test('a vendor that takes only multiples of the page is an error that says what to do', async (t) => {
  const vendor = await grove(t, { multiples: true });
  await assert.rejects(pull(vendor, defined(), 4), problem(76, /./, /reread: false/));
  const plain = { type: 'offset', reread: false, stop: ['short-page'] };
  assert.deepEqual(await pull(vendor, defined({ paging: plain }), 4), vendor.rows);
});

for (const [what, base] of Object.entries(identities)) {
  for (const [pages, count] of [
    ['full', 10],
    ['short', 5],
  ] as const) {
    test(`a vendor that pays no heed to the offset leads in a circle, by ${pages} pages of ${what}, and no rows arrive`, async (t) => {
      const vendor = await serve({}, (_, response) => {
        sendJson(response, 200, `{"rows":[${rowsTo(count).join(',')}]}`);
      });
      t.after(() => vendor.close());
      const pulled = pullOnce(defined({}, base), { ELM_URL: vendor.origin }, { search: { limit: 10 } });
      await assert.rejects(pulled, { status: 76, message: /its paging goes in circles$/ });
      assert.equal(vendor.requests.length, 3);
    });
  }
}

test('more pages of twins than rows could arrive for are read, where a few fill a page', async (t) => {
  const vendor = await grove(t);
  vendor.rows = [row('first'), ...Array.from({ length: 150 }, () => row('twin'))];
  const texts = await pull(vendor, defined({}, identities['rows without one']), 5);
  assert.equal(texts.length, 151);
});

test('a row that arrives after the last one of a window is not a row of the window before, though it is the same', async (t) => {
  const vendor = await grove(t);
  const source = restSource(
    defined({}, identities['rows without one']),
    { ELM_URL: vendor.origin },
    noSearch,
    sourceTools(),
  );
  t.after(() => source.close());
  vendor.rows = [row('a'), row('x')];
  assert.deepEqual(textsOf((await pullAll(source)).records), vendor.rows);
  vendor.rows = [row('b'), row('c')];
  const begun = vendor.requests.length;
  vendor.before = (request) => {
    if (request === begun + 3) vendor.rows.push(row('x'));
  };
  assert.deepEqual(textsOf((await pullAll(source)).records), vendor.rows);
});

test('a vendor that goes no further than a certain offset leads in a circle, and no rows arrive', async (t) => {
  const vendor = await serve({}, ({ target }, response) => {
    const offset = Math.min(Number(new URL(target, vendor.origin).searchParams.get('offset')), 8);
    sendJson(
      response,
      200,
      `{"rows":[${rowsTo(30)
        .slice(offset, offset + 4)
        .join(',')}]}`,
    );
  });
  t.after(() => vendor.close());
  const pulled = pullOnce(defined(), { ELM_URL: vendor.origin }, { search: { limit: 4 } });
  await assert.rejects(pulled, { status: 76, message: /its paging goes in circles$/ });
});

test('a row that vanishes from a page already read has the window read once more', async (t) => {
  const vendor = await grove(t);
  vendor.before = (request) => {
    if (request === 2) vendor.rows.shift();
  };
  const texts = await pull(vendor, defined(), 4);
  assert.deepEqual(new Set(texts), new Set(rowsTo(10)));
  assert.deepEqual(vendor.offsets().slice(0, 4), [0, 3, 0, 3]);
});

test('rows that vanish until a status says that there are none are an error as well', async (t) => {
  let asked = 0;
  const vendor = await serve({}, (_, response) => {
    asked += 1;
    if (asked % 2 === 0) return void response.writeHead(204).end();
    sendJson(response, 200, `{"rows":[${rowsTo(4).join(',')}]}`);
  });
  t.after(() => vendor.close());
  const pulled = pullOnce(defined({ reply: { empty: [204] } }), { ELM_URL: vendor.origin }, { search: { limit: 4 } });
  await assert.rejects(pulled, { status: 76, message: /page 2 does not begin where the page/ });
});

test('rows that vanish before each page are an error, after two readings', async (t) => {
  const vendor = await grove(t);
  vendor.before = () => vendor.rows.shift();
  await assert.rejects(pull(vendor, defined(), 4), { status: 76, message: /page 2 does not begin where the page/ });
  assert.deepEqual(vendor.offsets(), [0, 3, 0, 3]);
});

test('the rows of a job are not read again: they stay as it found them', async (t) => {
  const rows = rowsTo(5);
  const offsets: number[] = [];
  const vendor = await serve({}, (request, response) => {
    if (request.method === 'POST') return sendJson(response, 200, '{"job":"7","total":5}');
    const offset = Number(new URL(request.target, vendor.origin).searchParams.get('offset'));
    offsets.push(offset);
    sendJson(response, 200, `{"rows":[${rows.slice(offset, offset + 2).join(',')}]}`);
  });
  t.after(() => vendor.close());
  const job = { request: { method: 'POST', path: '/jobs', json: {} }, id: 'job', total: 'total' };
  const request = { path: '/jobs/{job}', query: { offset: '{offset}' } };
  const { records } = await pullOnce(defined({ job, request }), { ELM_URL: vendor.origin }, { search: {} });
  assert.deepEqual(textsOf(records), rows);
  assert.deepEqual(offsets, [0, 2, 4]);
});

test('rows that arrive with each request after the last ones are reported, with what ends the pages sooner', async (t) => {
  const vendor = await grove(t);
  vendor.before = (request) => vendor.rows.unshift(row(`n${request}`));
  await assert.rejects(
    pull(vendor, defined(), 8),
    problem(76, /^elm shows its last rows again and again/, /add stop: \[short-page\] to paging in the definition$/),
  );
  const texts = await pull(vendor, defined({ paging: { type: 'offset', stop: ['short-page'] } }), 8);
  for (const text of rowsTo(10)) assert.ok(texts.includes(text), text);
});

/** As often as records with these keys would be delivered. */
async function keysOf(vendor: Grove, definition: SourceDefinition, limit: number): Promise<Map<string, Set<string>>> {
  const { records } = await pullOnce(definition, { ELM_URL: vendor.origin }, { search: { limit } });
  const keys = new Map<string, Set<string>>();
  for (const [at, text] of textsOf(records).entries()) {
    keys.set(text, (keys.get(text) ?? new Set()).add(records[at]!.id));
  }
  return keys;
}

for (const [what, base] of Object.entries(identities)) {
  test(`rows that arrive before each page, the newest first, bring none of the ${what} twice`, async (t) => {
    for (const arrivals of [1, 2, 3]) {
      const vendor = await grove(t);
      vendor.rows.splice(4, 0, vendor.rows[4]!); // twins on two pages are two where there is no ID
      vendor.before = (request) => {
        if (request > 8) return;
        for (let at = 0; at < arrivals; at += 1) vendor.rows.unshift(row(`n${request}-${at}`));
      };
      const keys = await keysOf(vendor, defined({}, base), 8);
      for (const text of rowsTo(10)) {
        const expected = base === elm || text !== row('r4') ? 1 : 2;
        assert.equal(keys.get(text)?.size, expected, `${text} with ${arrivals} arrivals`);
      }
    }
  });

  test(`rows that arrive while the last of the ${what} is read are no circle`, async (t) => {
    const vendor = await grove(t);
    vendor.before = (request) => {
      if (request > 2 && request < 20) vendor.rows.unshift(row(`n${request}`));
    };
    const keys = await keysOf(vendor, defined({}, base), 8);
    for (const text of rowsTo(10)) assert.equal(keys.get(text)?.size, 1, text);
  });
}

for (const [what, base] of Object.entries(identities)) {
  test(`whatever vanishes and arrives between pages of ${what}: all that stayed come, and none twice, or it is an error`, async (t) => {
    const vendor = await grove(t);
    const change = fc.record({ before: fc.integer({ min: 1, max: 8 }), at: fc.nat(20), added: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(20),
        fc.integer({ min: 2, max: 5 }),
        fc.array(change, { maxLength: 4 }),
        async (count, limit, changes) => {
          vendor.rows = rowsTo(count);
          const gone = new Set<string>();
          const begun = vendor.requests.length;
          vendor.before = (request) => {
            for (const [number, { before, at, added }] of changes.entries()) {
              if (before !== request - begun) continue;
              if (added) vendor.rows.splice(at, 0, row(`new${number}`));
              else for (const text of vendor.rows.splice(at, 1)) gone.add(text);
            }
          };
          const keys = await keysOf(vendor, defined({}, base), limit).catch((error: unknown) => error);
          if (!(keys instanceof Map)) return assert.ok(keys instanceof Problem && keys.status === 76, String(keys));
          for (const text of rowsTo(count)) assert.ok(gone.has(text) || keys.has(text), `${text} of ${count}`);
          // A single row cannot be told from a twin that follows it, nor can rows where some arrive at both ends at once.
          if (count < changes.length + 2 || changes.some(({ added, at }) => added && at > 0)) return;
          for (const [text, { size }] of keys) assert.equal(size, 1, `${text} is one record`);
        },
      ),
      { numRuns: 500 },
    );
  });
}

test('a row that was read is recognised where its page begins, and not after others, which may be new', () => {
  const identity = identifier({ paths: [] }, () => false, false);
  const rowOf = (name: string) => ({ key: Buffer.from(name), keyStart: 0, keyEnd: name.length });
  for (const [before, expected] of [
    [[], 1],
    [['new'], 0],
    [[undefined], 0],
  ] as const) {
    const again = rowAgain();
    again.begin({ fromRow: 'known', later: true });
    for (const name of before) {
      if (name === undefined) again.skip();
      else assert.equal(again.isReread(rowOf(name), identity), false);
    }
    assert.equal(again.isReread(rowOf('known#2'), identity), expected === 1);
    assert.deepEqual([again.reread(), again.missed(), again.last()], [expected, false, 'known']);
  }
});

test('after a row that cannot be read, and where a page had none, no row counts as the last one', () => {
  const again = rowAgain();
  again.begin({ fromRow: undefined });
  again.isReread(
    { key: Buffer.from('a'), keyStart: 0, keyEnd: 1 },
    identifier({ paths: [] }, () => false, false),
  );
  assert.equal(again.last(), 'a');
  again.skip();
  assert.equal(again.last(), undefined);
  again.isReread(
    { key: Buffer.from('b'), keyStart: 0, keyEnd: 1 },
    identifier({ paths: [] }, () => false, false),
  );
  again.begin({ fromRow: 'b', later: true });
  assert.deepEqual([again.last(), again.missed()], [undefined, true]);
});

test('a row that is read again does not count as a twin of itself', () => {
  const identity = identifier({ paths: [] }, () => false, false);
  const again = rowAgain();
  const next = (): { key: string; isAgain: boolean } => {
    const key = identity.key(Buffer.from('{}'), 0, 2, new Int32Array(0));
    return { key: key.key.toString('latin1', key.keyStart, key.keyEnd), isAgain: again.isReread(key, identity) };
  };
  again.begin({ fromRow: undefined });
  const { key } = next();
  identity.startPage();
  again.begin({ fromRow: again.last(), later: true });
  assert.deepEqual([next().isAgain, next()], [true, { key: `${key}#2`, isAgain: false }]);
});
