import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { exit } from '../../src/core/problem.ts';
import { restSource } from '../../src/core/rest.ts';
import type { SettingValues } from '../../src/core/setting.ts';
import { syncropel } from '../../src/sources/syncropel.ts';
import { conforms } from '../support/conformance.ts';
import { runsFromCron } from '../support/cron.ts';
import { fixture } from '../support/fixture.ts';
import { noSearch, pullOnce, sourceTools } from '../support/source-tools.ts';
import { startSyncropel, type Syncropel, type SyncropelOptions } from '../support/vendors/syncropel.ts';
import { problem } from '../support/problem.ts';

const start = 1_795_132_800_000; // 2026-11-20T00:00:00Z
const part = { slice: { from: BigInt(start - 3_600_000) * 1_000_000n, until: BigInt(start) * 1_000_000n } };

/** The fixture's records, again and again with other IDs, in the order of these. */
async function records(count: number): Promise<string[]> {
  const recorded = await fixture('syncropel', 'records.jsonl');
  return Array.from({ length: count }, (_, number) =>
    written(recorded[number % recorded.length] ?? '', number),
  ).toSorted();
}

function written(template: string, number: number): string {
  const id = createHash('sha256').update(String(number)).digest('hex');
  return template.replace('"ID"', `"${id}"`).replace('CLOCK', String(number));
}

/** A vendor with records that were all ingested in the same second. */
async function started(count = 25, options: SyncropelOptions = {}) {
  const vendor = await startSyncropel({ now: () => start, ...options });
  const texts = await records(count);
  vendor.add(texts, { at: start - 60_000 });
  return { vendor, texts, values: valuesFor(vendor) };
}

function valuesFor({ origin }: Syncropel): SettingValues {
  return { SYNCROPEL_URL: origin, SYNCROPEL_TOKEN: 'spl_test_sa_token' };
}

interface Query {
  readonly filter: Readonly<Record<string, unknown>>;
  readonly limit: number;
}

function queries({ requests }: Syncropel): Query[] {
  return requests.map(({ body }) => JSON.parse(body) as Query);
}

const textsOf = (read: readonly { readonly text: string }[]): string[] => read.map(({ text }) => text);

conforms('syncropel', {
  definition: syncropel,
  secret: 'SYNCROPEL_TOKEN',
  limit: 10,
  async start() {
    const { vendor, texts, values } = await started();
    return { vendor, values, texts, part, times: texts.map(() => Number.NaN), asksRecords: () => true };
  },
});

runsFromCron('syncropel', 1, {
  secret: 'SYNCROPEL_TOKEN',
  query: 'actor=did:sync:system:engine',
  matches: (text) => text.includes('did:sync:system:engine'),
  categories: ['aitl,governance', (text) => /verdict|awaits|:governance/.test(text)],
  async start() {
    const vendor = await startSyncropel();
    const recorded = await fixture('syncropel', 'records.jsonl');
    let number = 0;
    return {
      vendor,
      environment: valuesFor(vendor),
      add(ago) {
        const texts = recorded.map((template) => written(template, number++));
        vendor.add(texts, { at: Date.now() - ago });
        return texts;
      },
      windowOf({ body }) {
        const { $gte, $lt } = (JSON.parse(body) as { filter: { created_at: { $gte: number; $lt: number } } }).filter
          .created_at;
        return [BigInt($gte) * 1_000_000_000n, BigInt($lt) * 1_000_000_000n];
      },
    };
  },
});

test('the window goes by ingestion, in whole seconds that leave nothing out', async () => {
  const { vendor, values } = await started(0);
  const slice = { from: 1_795_129_200_999_999_999n, until: 1_795_132_799_000_000_001n };
  await pullOnce(syncropel, values, { part: { slice } });
  assert.deepEqual(queries(vendor)[0]?.filter['created_at'], { $gte: 1_795_129_200, $lt: 1_795_132_800 });
  assert.equal(syncropel.window.filter, 'ingestion');
  await vendor.close();
});

test('pages go on after the last ID, until one is empty', async () => {
  const { vendor, texts, values } = await started(20);
  const { records: read } = await pullOnce(syncropel, values, { part, search: { limit: 10 } });
  assert.deepEqual(textsOf(read), texts);
  const ids = texts.map((text) => (JSON.parse(text) as { id: string }).id);
  assert.deepEqual(
    queries(vendor).map(({ filter }) => filter['id']),
    [undefined, { $gt: ids[9] }, { $gt: ids[19] }],
  );
  await vendor.close();
});

test('a thousand records of one second are read without a hole, whatever order the server has for them', async () => {
  const { vendor, texts, values } = await started(1005);
  const { records: read } = await pullOnce(syncropel, values, { part, search: { limit: 100 } });
  assert.deepEqual(textsOf(read), texts);
  await vendor.close();
});

test('records that arrive between two pages move none of the others', async () => {
  const { vendor, texts, values } = await started(30);
  const late = Array.from({ length: 20 }, (_, number) =>
    written('{"id":"ID","actor":"did:sync:system:x"}', -number - 1),
  );
  vendor.fault = () => {
    if (vendor.requests.length === 2) vendor.add(late, { at: start - 30_000 });
    return false;
  };
  const { records: read } = await pullOnce(syncropel, values, { part, search: { limit: 10 } });
  const found = new Set(textsOf(read));
  assert.ok(texts.every((text) => found.has(text)));
  assert.equal(found.size, read.length, 'and none comes twice');
  await vendor.close();
});

test('a page that is short because records were withheld is not the end', async () => {
  const texts = await records(25);
  const ids = texts.map((text) => (JSON.parse(text) as { id: string }).id);
  const withheld = ids.filter((_, number) => number % 10 === 3);
  const { vendor, values } = await started(25, { withheld });
  const { records: read } = await pullOnce(syncropel, values, { part, search: { limit: 10 } });
  assert.deepEqual(
    textsOf(read),
    texts.filter((_, number) => number % 10 !== 3),
  );
  await vendor.close();
});

test('an older build that does not tell a total is read to its end, too, without a word', async () => {
  const { vendor, texts, values } = await started(25, { tellsCapped: false });
  const tools = sourceTools();
  const { records: read } = await pullOnce(syncropel, values, { part, search: { limit: 25 }, tools });
  assert.deepEqual(textsOf(read), texts);
  assert.deepEqual(tools.warnings, []);
  await vendor.close();
});

const others = [
  '{"id":"0a","actor":"did:sync:user:alice","act":"INTEND","body":{"goal":"x"}}',
  '{"id":"0b","actor":"did:sync:user:alice","act":"KNOW","body":{"topic":"chat"}}',
  '{"id":"0c","actor":"did:sync:systemic","act":"KNOW","body":{}}',
  '{"id":"0d","actor":"did:sync:agent:dev","act":"INTEND","body":{"verdict":"accept"}}',
];

const kinds: Readonly<Record<string, readonly number[]>> = {
  system: [0, 3],
  aitl: [1, 4],
  decision: [1, 4],
  dispatch: [2],
  governance: [3],
  'aitl,governance': [1, 3, 4],
  'aitl,decision': [1, 4],
  '': [0, 1, 2, 3, 4],
};

for (const [categories, wanted] of Object.entries(kinds)) {
  test(`${categories === '' ? 'without --categories all four' : `--categories ${categories}`} are asked for, and nothing else`, async () => {
    const { vendor, values } = await started(0);
    const recorded = await fixture('syncropel', 'records.jsonl');
    const texts = recorded.map(written);
    vendor.add([...texts, ...others], { at: start - 60_000 });
    const search = { categories: categories.split(',').filter((name) => name !== '') };
    const { records: read, unmatched } = await pullOnce(syncropel, values, { part, search });
    assert.deepEqual(new Set(textsOf(read)), new Set(wanted.map((number) => texts[number])));
    assert.equal(read.length, wanted.length);
    assert.equal(unmatched, 0, 'the vendor filters');
    await vendor.close();
  });
}

test('a category that it does not have is refused with the list of those that it has', () => {
  assert.throws(
    () =>
      restSource(
        syncropel,
        { SYNCROPEL_URL: 'http://127.0.0.1' },
        { ...noSearch, categories: ['audit'] },
        sourceTools(),
      ),
    problem(exit.usage, /./, 'choose from system, aitl, decision, dispatch, governance'),
  );
});

test('--query sends what the vendor knows, whatever is typed, and matches the body here', async () => {
  const { vendor, values } = await started(5);
  const odd = '{"id":"ff","actor":"did:sync:system:{limit}\\"$or","act":"KNOW","body":{"count":12345678901234567890}}';
  vendor.add([odd], { at: start - 60_000, namespace: 'acme/{from}' });
  const query = [
    ['actor', 'did:sync:system:{limit}"$or'],
    ['namespace', 'acme/{from}'],
    ['body.count', '12345678901234567890'],
  ] as const;
  const { records: read } = await pullOnce(syncropel, values, { part, search: { query } });
  assert.deepEqual(textsOf(read), [odd]);
  assert.deepEqual(queries(vendor)[0]?.filter['$and'], [
    { actor: { $eq: 'did:sync:system:{limit}"$or' } },
    { namespace: { $eq: 'acme/{from}' } },
  ]);
  await vendor.close();
});

test('an instance that asks for no token gets none', async () => {
  const { vendor, values } = await started(5, { token: undefined });
  const { SYNCROPEL_URL = '' } = values;
  const { records: read } = await pullOnce(syncropel, { SYNCROPEL_URL }, { part });
  assert.equal(read.length, 5);
  assert.ok(vendor.requests.every(({ headers }) => headers.authorization === undefined));
  await vendor.close();
});

test("an error is told in the vendor's words", async () => {
  const { vendor, values } = await started(5);
  vendor.fault = (_, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end('{"object":"error","type":"invalid_request_error","code":"X","message":"the store is sealed"}');
    return true;
  };
  await assert.rejects(pullOnce(syncropel, values, { part }), problem(exit.protocol, /the store is sealed/));
  await vendor.close();
});

test('records that match and that the token may see, and that do not come, are missed', async () => {
  const { vendor, values } = await started(0);
  vendor.fault = (_, response) => {
    response.end('{"object":"list","data":[],"capped":false,"matched_total":50}');
    return true;
  };
  await assert.rejects(
    pullOnce(syncropel, values, { part }),
    problem(exit.protocol, /syncropel announced 50 records from .* and gave 0/),
  );
  assert.equal(vendor.requests.length, 2);
  await vendor.close();
});

test('a server that looks at no ID gives its one short page again, and that is all; where the page is full, it is a cycle', async () => {
  const { vendor, texts, values } = await started(15);
  vendor.fault = (_, response) => {
    response.end(`{"object":"list","data":[${texts.join(',')}]}`);
    return true;
  };
  const { records: read } = await pullOnce(syncropel, values, { part });
  assert.deepEqual(new Set(textsOf(read)), new Set(texts));
  assert.equal(vendor.requests.length, 2);
  await assert.rejects(
    pullOnce(syncropel, values, { part, search: { limit: 15 } }),
    problem(exit.protocol, /goes in circles/),
  );
  await vendor.close();
});

/** Answers that a cap cuts short, as long as the window has more than so many seconds. */
function capAt(vendor: Syncropel, seconds: number): void {
  vendor.fault = ({ body }, response) => {
    const { created_at } = (JSON.parse(body) as { filter: { created_at: { $gte: number; $lt: number } } }).filter;
    if (created_at.$lt - created_at.$gte <= seconds) return false;
    response.end('{"object":"list","data":[],"capped":true,"matched_total":50}');
    return true;
  };
}

test('a window that a cap cuts short is read in shorter parts, of which none is left out', async () => {
  const { vendor, values } = await started(0);
  const texts = await records(24);
  // One stands on each seam between two parts, too.
  for (const [number, text] of texts.entries()) vendor.add([text], { at: start - 3_600_000 + number * 150_000 });
  capAt(vendor, 500);
  const { records: read } = await pullOnce(syncropel, values, { part, search: { limit: 10 } });
  assert.deepEqual(new Set(textsOf(read)), new Set(texts));
  const asked = queries(vendor).filter(({ filter }) => filter['id'] === undefined).length;
  assert.equal(asked, 1 + 2 + 4 + 8, 'half as long as long as that is too much, down to an eighth of an hour');
  await vendor.close();
});

test('a cap that cuts even the shortest part is 3, and one query that it cuts says that more is there', async () => {
  const { vendor, values } = await started(5);
  capAt(vendor, 0);
  await assert.rejects(
    pullOnce(syncropel, values, { part }),
    problem(
      exit.partial,
      /syncropel gave only a part of its records from 2026-11-19T23:00:00\S*Z to /,
      /the position stays/,
    ),
  );
  assert.ok(vendor.requests.length < 15, `${vendor.requests.length} requests`);
  const { truncated } = await pullOnce(syncropel, values, { part, search: { single: true } });
  assert.ok(truncated);
  await vendor.close();
});
