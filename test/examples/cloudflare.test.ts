import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit } from '../../src/core/problem.ts';
import { restSource } from '../../src/core/rest.ts';
import { example, start } from '../support/example.ts';
import { noSearch, pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { startCloudflare } from '../support/vendors/cloudflare.ts';
import { sendJson } from '../support/vendors/server.ts';
import { problem } from '../support/problem.ts';

const accounts = ['4bb334f7c94c4a29a045f03944f072e5', '0123456789abcdef0123456789abcdef'];

const { definition, part, started, queries } = example('cloudflare', {
  secret: 'CLOUDFLARE_TOKEN',
  lateness: 50,
  branches: accounts,
  start: (options) => startCloudflare(accounts, options),
  values: ({ origin }) => ({
    CLOUDFLARE_URL: origin,
    CLOUDFLARE_TOKEN: 'token',
    CLOUDFLARE_ACCOUNT_ID: accounts.join(','),
  }),
  // In whole seconds, as the vendor shows it.
  write: (template, number, time) =>
    template
      .replace('ID', number.toString(16).padStart(32, '0'))
      .replace('TIME', `${new Date(time).toISOString().slice(0, 19)}Z`),
  add: (vendor, texts, account) => vendor.add(account, ...texts),
});

test('cloudflare: every page names the window, which Cloudflare demands, from the second before, and asks for the oldest first', async (t) => {
  const { vendor, values } = await started(t);
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  const pages = queries(vendor);
  assert.equal(pages.length, 3);
  for (const [number, { cursor, ...rest }] of pages.entries()) {
    assert.deepEqual(rest, {
      since: '2026-11-20T07:59:59Z',
      before: '2026-11-20T09:00:00Z',
      direction: 'asc',
      limit: '10',
    });
    assert.equal(cursor === undefined, number === 0);
  }
});

test('cloudflare: records of the same second are all there, also where a page ends between them', async (t) => {
  const { texts, values } = await started(
    t,
    [0, 1, 1, 1, 1, 1, 2].map((second) => start - 60_000 + second * 1000),
  );
  const { records } = await pullOnce(definition, values, { part, search: { limit: 2 } });
  assert.deepEqual(textsOf(records), texts);
});

test('cloudflare: an empty page is the last one, whatever cursor comes with it, and no list means that there is nothing', async (t) => {
  const { vendor, values } = await started(t);
  for (const result of ['[]', 'null']) {
    let asked = 0;
    vendor.fault = (_, response) => {
      sendJson(response, 200, `{"success":true,"errors":[],"result":${result},"result_info":{"cursor":"c${asked++}"}}`);
      return true;
    };
    const { records } = await pullOnce(definition, values, { part });
    assert.deepEqual([records.length, asked], [0, 1]);
  }
});

test('cloudflare: a failure inside HTTP 200 is an error, with and without a reason', async (t) => {
  const { vendor, values } = await started(t);
  vendor.fault = (_, response) => {
    sendJson(response, 200, '{"success":false,"errors":[],"messages":[{"message":"no"}],"result":[],"result_info":{}}');
    return true;
  };
  await assert.rejects(pullOnce(definition, values, { part }), problem(exit.protocol, /reported an error/));
  vendor.fault = (_, response) => {
    sendJson(
      response,
      200,
      '{"success":false,"errors":[{"code":10000,"message":"Authentication error"}],"result":null}',
    );
    return true;
  };
  await assert.rejects(pullOnce(definition, values, { part }), problem(exit.protocol, /: Authentication error$/));
});

test('cloudflare: several accounts are read one after the other', async (t) => {
  const { values } = await started(t, 0);
  const both = { ...values, CLOUDFLARE_ACCOUNT_ID: 'one, two' };
  const source = restSource(definition, both, noSearch, sourceTools());
  assert.deepEqual(await source.branches(), ['one', 'two']);
  await source.close();
});
