import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { exit, Problem } from '../../src/core/problem.ts';
import { restSource } from '../../src/core/rest.ts';
import type { SettingValues } from '../../src/core/setting.ts';
import { windowRules } from '../../src/core/vendor/window-values.ts';
import { cirrus } from '../../src/sources/cirrus.ts';
import { conforms } from '../support/conformance.ts';
import { fixture } from '../support/fixture.ts';
import { noSearch, pullOnce, sourceTools } from '../support/source-tools.ts';
import { sendJson } from '../support/vendors/server.ts';
import { startCirrus, type Cirrus, type CirrusOptions } from '../support/vendors/cirrus.ts';
import { problem } from '../support/problem.ts';

const start = 1_795_132_800_000; // 2026-11-20T00:00:00Z
const orgUrl = 'http://www.institution.edu';

/** The fixture's events, again and again a second apart, with the time as the vendor writes it. */
async function events(count: number): Promise<string[]> {
  const recorded = await fixture('cirrus', 'events.jsonl');
  return Array.from({ length: count }, (_, number) => {
    const time = new Date(start + number * 1000).toISOString().replace('.000Z', '+00:00');
    return (recorded[number % recorded.length] ?? '').replace('TIME', time);
  });
}

async function started(count = 25, options: CirrusOptions = {}) {
  const vendor = await startCirrus({ now: () => start + 60_000, ...options });
  const texts = await events(count);
  vendor.add(texts);
  return { vendor, texts, values: valuesFor(vendor) };
}

function valuesFor(vendor: Cirrus) {
  return { CIRRUS_URL: vendor.url, CIRRUS_API_KEY: 'key', CIRRUS_API_SECRET: 'secret' };
}

const part = { branch: orgUrl };

conforms('cirrus', {
  definition: cirrus,
  secret: 'CIRRUS_API_SECRET',
  limit: 10,
  async start() {
    const { vendor, texts, values } = await started();
    return {
      vendor,
      values,
      texts,
      part,
      times: texts.map((_, number) => start + number * 1000),
      asksRecords: ({ target }) => target.startsWith('/logs/v1/orgLogs'),
    };
  },
});

test('key and secret go as Basic, and to nobody else', async () => {
  const { vendor, values } = await started(1);
  await pullOnce(cirrus, values, { part });
  const expected = `Basic ${Buffer.from('key:secret').toString('base64')}`;
  assert.deepEqual(
    vendor.requests.map((request) => request.headers.authorization),
    [expected],
  );
  await vendor.close();
});

test('the token of the last page is the bookmark, also of a short page, and the next run goes on there', async () => {
  const { vendor, texts, values } = await started();
  const first = await pullOnce(cirrus, values, { search: { limit: 10 }, part });
  assert.equal(vendor.requests.length, 3, 'the short page ends it');
  assert.ok(first.bookmark !== undefined);

  const nothing = await pullOnce(cirrus, values, {
    search: { limit: 10 },
    part: { ...part, bookmark: first.bookmark },
  });
  assert.deepEqual([nothing.records.length, nothing.bookmark, vendor.requests.length], [0, undefined, 4]);

  vendor.add(texts.slice(0, 2), { at: start + 61_000 });
  const next = await pullOnce(cirrus, values, { part: { ...part, bookmark: first.bookmark } });
  assert.equal(next.records.length, 2);
  assert.ok(next.bookmark !== undefined && next.bookmark !== first.bookmark);
  await vendor.close();
});

test('a bookmark is given only after all records before it', async () => {
  const { vendor, values } = await started();
  const { pages } = await pullOnce(cirrus, values, { search: { limit: 10 }, part });
  const counts = pages.map((page) => (page.bookmark === undefined ? page.records.length : 'bookmark'));
  assert.deepEqual(counts, [10, 'bookmark', 10, 'bookmark', 5, 'bookmark']);
  await vendor.close();
});

test('full pages end when the token comes back unchanged', async () => {
  const { vendor, values } = await started(20);
  const { records } = await pullOnce(cirrus, values, { search: { limit: 10 }, part });
  assert.deepEqual([records.length, vendor.requests.length], [20, 3]);
  await vendor.close();
});

test('a full page with an unchanged token ends the run, too', async () => {
  const { vendor, values, texts } = await started(10);
  const token = '018ec539-2f4d-7e4c-9310-46ef060440a8';
  vendor.fault = (_, response) => {
    response.end(`{"nextToken":"${token}","logEvents":[${texts.join(',')}]}`);
    return true;
  };
  const { records } = await pullOnce(cirrus, values, { search: { limit: 10 }, part: { ...part, bookmark: token } });
  assert.equal(records.length, 10);
  await vendor.close();
});

test('tokens that lead in a circle of any length are an error', async () => {
  const { vendor, values, texts } = await started(30);
  const tokens = ['a', 'b', 'c'];
  let page = 0;
  vendor.fault = (_, response) => {
    const token = tokens[page % tokens.length];
    const list = texts.slice(10 * (page % 3), 10 * (page % 3) + 10);
    page++;
    response.end(`{"nextToken":"${token}","logEvents":[${list.join(',')}]}`);
    return true;
  };
  await assert.rejects(pullOnce(cirrus, values, { search: { limit: 10 }, part }), problem(exit.protocol, /in circles/));
  assert.equal(page, 4);
  await vendor.close();
});

test('a token that the vendor no longer knows means reading from where its API begins, and a warning', async () => {
  const { vendor, values } = await started(5);
  const { bookmark } = await pullOnce(cirrus, values, { part });
  vendor.expireTokens();
  const tools = sourceTools();
  const { records } = await pullOnce(cirrus, values, { part: { ...part, bookmark }, tools });
  assert.equal(records.length, 5);
  assert.match(tools.warnings.join(), /no longer knows where the last run stopped/);
  await vendor.close();
});

for (const status of [400, 404, 410, 422]) {
  test(`a token that is answered with ${status} is one that the vendor no longer knows`, async () => {
    const { vendor, values } = await started(5);
    const { bookmark } = await pullOnce(cirrus, values, { part });
    vendor.fault = ({ target }, response) => {
      if (!target.includes('nextToken=')) return false;
      sendJson(response, status, '{"detail":"no such token"}');
      return true;
    };
    assert.equal((await pullOnce(cirrus, values, { part: { ...part, bookmark } })).records.length, 5);
    await vendor.close();
  });
}

test('an address that is wrong is no token that expired', async () => {
  const { vendor, values } = await started(5);
  const { bookmark } = await pullOnce(cirrus, values, { part });
  const elsewhere = { ...values, CIRRUS_URL: `${vendor.url}/elsewhere` };
  await assert.rejects(
    pullOnce(cirrus, elsewhere, { part: { ...part, bookmark } }),
    problem(exit.config, /./, 'check CIRRUS_URL; or correct the path in the definition'),
  );
  await vendor.close();
});

test('a first run gets an hour, so that a lost token after a longer pause is a gap', () => {
  assert.equal(windowRules(cirrus, {}).firstRun, 3_600_000_000_000n);
});

test('a token that fails midway ends the run: starting over would skip what lies between', async () => {
  const { vendor, values } = await started(25);
  const { bookmark } = await pullOnce(cirrus, values, { search: { limit: 5, single: true }, part });
  let asked = 0;
  vendor.fault = () => {
    if (asked++ === 1) vendor.expireTokens();
    return false;
  };
  await assert.rejects(
    pullOnce(cirrus, values, { search: { limit: 5 }, part: { ...part, bookmark } }),
    problem(exit.protocol, /token expired/),
  );
  assert.equal(asked, 2);
  await vendor.close();
});

test('identical events are told apart, and keep their IDs when read again', async () => {
  const { vendor, values, texts } = await started(0);
  const [event = ''] = await events(1);
  vendor.add([event, event, ...texts, event]);
  const once = await pullOnce(cirrus, values, { search: { limit: 2 }, part });
  const again = await pullOnce(cirrus, values, { search: { limit: 3 }, part });
  const ids = once.records.map((record) => record.id);
  assert.equal(new Set(ids).size, 3);
  assert.deepEqual(
    again.records.map((record) => record.id),
    ids,
  );
  await vendor.close();
});

test('keys that the API knows are sent, the others matched here', async () => {
  const { vendor, texts, values } = await started(6);
  const { records, unmatched } = await pullOnce(cirrus, values, {
    part,
    search: {
      query: [
        ['service', 'idp'],
        ['metricsubtype', 'login'],
        ['clientip', '2001:db8::7'],
        ['logData.attempt', '9007199254740993'],
      ],
    },
  });
  assert.deepEqual(
    records.map((record) => record.text),
    [texts[1], texts[4]],
  );
  assert.equal(unmatched, 0);
  const { searchParams } = new URL(vendor.requests[0]?.target ?? '', vendor.origin);
  assert.deepEqual(Object.fromEntries(searchParams), { orgUrl, limit: '1000', service: 'idp', logSubtype: 'login' });

  const other = await pullOnce(cirrus, values, { part, search: { query: [['user', 'zoë@institution.edu']] } });
  assert.deepEqual([other.records.length, other.unmatched], [2, 4]);
  await vendor.close();
});

test('stop rules look at the whole page, not at what is left of it', async () => {
  const { vendor, values } = await started(25);
  const { records } = await pullOnce(cirrus, values, { part, search: { limit: 10, query: [['tenant2', 'x']] } });
  assert.deepEqual([records.length, vendor.requests.length], [0, 3]);
  await vendor.close();
});

test('categories are its log types', async () => {
  const { vendor, values } = await started(6);
  const { records, unmatched } = await pullOnce(cirrus, values, { part, search: { categories: ['cas', 'emailMFA'] } });
  assert.deepEqual([records.length, unmatched], [4, 2]);
  await vendor.close();
});

test('an organisation URL is sent byte for byte', async () => {
  const odd = "https://www.institution.edu/a b/(x)!*'?q=1&r=%2F#é/";
  const { vendor, values } = await started(1, { orgUrls: [odd] });
  const { records } = await pullOnce(cirrus, values, { part: { branch: odd } });
  assert.equal(records.length, 1);
  await vendor.close();
});

test('an organisation that the key may not read is refused credentials, in the words of the vendor', async () => {
  const { vendor, values } = await started(1);
  await assert.rejects(
    pullOnce(cirrus, values, { part: { branch: `${orgUrl}/` } }),
    problem(exit.noperm, /Not authorized for org/),
  );
  await vendor.close();
});

test('where an organisation was named and is refused, the hint speaks of its spelling, too', async () => {
  const { vendor, values } = await started(1);
  const hintFor = async (more: SettingValues): Promise<string> => {
    try {
      await pullOnce(cirrus, { ...values, ...more }, { part: { branch: `${orgUrl}/` } });
    } catch (error) {
      if (error instanceof Problem) return error.hint ?? '';
    }
    return '';
  };
  assert.equal(await hintFor({}), 'check CIRRUS_API_KEY and CIRRUS_API_SECRET, and the right to read these records');
  assert.equal(
    await hintFor({ CIRRUS_ORG_URL: `${orgUrl}/` }),
    'check CIRRUS_API_KEY, CIRRUS_API_SECRET and CIRRUS_ORG_URL, and the right to read these records; ' +
      'CIRRUS_ORG_URL must be spelled as the vendor has it, with or without a slash at its end',
  );
  await vendor.close();
});

test('its branches are the organisations in the setting, or all that the key may read', async () => {
  const orgUrls = [orgUrl, 'http://www.library.edu/'];
  const { vendor, values } = await started(1, { orgUrls });
  const asked = restSource(cirrus, values, noSearch, sourceTools());
  assert.deepEqual(await asked.branches(), orgUrls);
  const set = { ...values, CIRRUS_ORG_URL: `${orgUrl}/, ${orgUrl}  http://x.edu` };
  const given = restSource(cirrus, set, noSearch, sourceTools());
  assert.deepEqual(await given.branches(), [`${orgUrl}/`, orgUrl, 'http://x.edu']);
  assert.equal(vendor.requests.length, 1);
  await Promise.all([asked.close(), given.close()]);
  await vendor.close();
});

test('more records at once than the vendor gives are not asked for, and that is said', async () => {
  const { vendor, values } = await started(1);
  const tools = sourceTools();
  await pullOnce(cirrus, values, { part, search: { limit: 5000 }, tools });
  assert.match(vendor.requests[0]?.target ?? '', /limit=1000/);
  assert.match(tools.warnings.join(), /--limit 5000 is more than cirrus gives at once; 1000 is used/);
  await vendor.close();
});

test('a search in a language that the vendor does not have is a wrong flag', () => {
  assert.throws(
    () => restSource(cirrus, { CIRRUS_URL: 'http://127.0.0.1' }, { ...noSearch, rawQuery: 'x' }, sourceTools()),
    problem(exit.usage),
  );
});

test('a page that has fewer records than it says is asked for again, and is an error if it stays so', async () => {
  for (const times of [1, 9]) {
    const { vendor, values } = await started(5);
    const tools = sourceTools();
    vendor.fault = (_, response) => {
      if (vendor.requests.length > times) return false;
      response.end('{"logEvents":[],"nextToken":null,"count":3}');
      return true;
    };
    const read = pullOnce(cirrus, values, { part, tools });
    if (times === 1) assert.equal((await read).records.length, 5);
    else {
      await assert.rejects(read, problem(exit.protocol, 'cirrus: page 1 says that it has 3 records, and has 0'));
    }
    assert.equal(vendor.requests.length, Math.min(times + 1, 5));
    await vendor.close();
  }
});
