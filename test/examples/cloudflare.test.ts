import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit, Problem } from '../../src/core/problem.ts';
import { restSource } from '../../src/core/rest.ts';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { noSearch, pullOnce, sourceTools } from '../support/source-tools.ts';
import { startCloudflare, type Cloudflare } from '../support/vendors/cloudflare.ts';
import { sendJson } from '../support/vendors/server.ts';

const definition = exampleDefinition('cloudflare');
const templates = exampleLines('cloudflare');
const account = '4bb334f7c94c4a29a045f03944f072e5';
const start = Date.parse('2026-11-20T00:00:00Z');
const day = { from: BigInt(start - 86_400_000) * 1_000_000n, until: BigInt(start) * 1_000_000n };
const part = { branch: account, slice: day };

let serial = 0;

/** In whole seconds, as the vendor shows it. */
function written(time: number): string {
  const id = (serial++).toString(16).padStart(32, '0');
  const shown = `${new Date(time).toISOString().slice(0, 19)}Z`;
  return (templates[serial % templates.length] ?? '').replace('ID', id).replace('TIME', shown);
}

async function started(times = Array.from({ length: 25 }, (_, number) => start - (25 - number) * 1000)) {
  const vendor = await startCloudflare([account], { now: () => start });
  const texts = times.map(written);
  vendor.add(account, ...texts);
  return { vendor, texts, times, values: valuesFor(vendor) };
}

function valuesFor({ origin }: Cloudflare) {
  return { CLOUDFLARE_URL: origin, CLOUDFLARE_TOKEN: 'token', CLOUDFLARE_ACCOUNT_ID: account };
}

conforms('cloudflare', {
  definition,
  secret: 'CLOUDFLARE_TOKEN',
  limit: 10,
  start: async () => ({ ...(await started()), part, asksRecords: () => true }),
});

exampleRuns('cloudflare', {
  secret: 'CLOUDFLARE_TOKEN',
  async start() {
    const accounts = [account, '0123456789abcdef0123456789abcdef'];
    const vendor = await startCloudflare(accounts);
    return {
      vendor,
      environment: { ...valuesFor(vendor), CLOUDFLARE_ACCOUNT_ID: accounts.join(',') },
      add: (ago) =>
        accounts.flatMap((each) => {
          const texts = [ago, ago].map((one) => written(Date.now() - one));
          vendor.add(each, ...texts);
          return texts;
        }),
    };
  },
});

test('every page names the whole window, which Cloudflare demands, and asks for the oldest first', async () => {
  const { vendor, values } = await started();
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  const queries = vendor.requests.map(({ target }) => new URL(target, vendor.origin).searchParams);
  assert.equal(queries.length, 3);
  for (const [number, query] of queries.entries()) {
    const { cursor, ...rest } = Object.fromEntries(query);
    assert.deepEqual(rest, {
      since: '2026-11-19T00:00:00Z',
      before: '2026-11-20T00:00:00Z',
      direction: 'asc',
      limit: '10',
    });
    assert.equal(cursor === undefined, number === 0);
  }
  await vendor.close();
});

test('records of the same second are all there, also where a page ends between them', async () => {
  const { vendor, texts, values } = await started(
    [0, 1, 1, 1, 1, 1, 2].map((second) => start - 60_000 + second * 1000),
  );
  const { records } = await pullOnce(definition, values, { part, search: { limit: 2 } });
  assert.deepEqual(
    records.map((record) => record.text),
    texts,
  );
  await vendor.close();
});

test('an empty page is the last one, whatever cursor comes with it, and no list means that there is nothing', async () => {
  const { vendor, values } = await started();
  for (const result of ['[]', 'null']) {
    let asked = 0;
    vendor.fault = (_, response) => {
      sendJson(response, 200, `{"success":true,"errors":[],"result":${result},"result_info":{"cursor":"c${asked++}"}}`);
      return true;
    };
    const { records } = await pullOnce(definition, values, { part });
    assert.deepEqual([records.length, asked], [0, 1]);
  }
  await vendor.close();
});

test('a failure inside HTTP 200 is an error, with and without a reason', async () => {
  const { vendor, values } = await started();
  vendor.fault = (_, response) => {
    sendJson(response, 200, '{"success":false,"errors":[],"messages":[{"message":"no"}],"result":[],"result_info":{}}');
    return true;
  };
  await assert.rejects(
    pullOnce(definition, values, { part }),
    (error) => error instanceof Problem && error.status === exit.protocol && /told of an error/.test(error.message),
  );
  vendor.fault = (_, response) => {
    sendJson(
      response,
      200,
      '{"success":false,"errors":[{"code":10000,"message":"Authentication error"}],"result":null}',
    );
    return true;
  };
  await assert.rejects(
    pullOnce(definition, values, { part }),
    (error) => error instanceof Problem && error.message.endsWith(': Authentication error'),
  );
  await vendor.close();
});

test('several accounts are read one after the other', async () => {
  const { vendor, values } = await started();
  const both = { ...values, CLOUDFLARE_ACCOUNT_ID: 'one, two' };
  const source = restSource(definition, both, noSearch, sourceTools());
  assert.deepEqual(await source.branches(), ['one', 'two']);
  await source.close();
  await vendor.close();
});
