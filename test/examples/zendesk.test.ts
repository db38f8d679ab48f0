import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit, Problem } from '../../src/core/problem.ts';
import { conforms } from '../support/conformance.ts';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { exampleRuns } from '../support/example-runs.ts';
import { pullOnce } from '../support/source-tools.ts';
import { startZendesk, type Zendesk } from '../support/vendors/zendesk.ts';
import { sendJson } from '../support/vendors/server.ts';

const definition = exampleDefinition('zendesk');
const templates = exampleLines('zendesk');
const start = Date.parse('2026-11-20T00:00:00Z');
const day = { from: BigInt(start - 86_400_000) * 1_000_000n, until: BigInt(start) * 1_000_000n };
const part = { slice: day };

let serial = 0n;

/** In whole seconds; IDs have more digits than a JavaScript number holds. */
function written(time: number): string {
  const id = String(1_234_567_890_123_456_000n + serial);
  const shown = `${new Date(time).toISOString().slice(0, 19)}Z`;
  return (templates[Number(serial++) % templates.length] ?? '').replaceAll('ID', id).replace('TIME', shown);
}

async function started(times = Array.from({ length: 25 }, (_, number) => start - (25 - number) * 1000)) {
  const vendor = await startZendesk({ now: () => start });
  const texts = times.map(written);
  vendor.add(...texts);
  return { vendor, texts, times, values: valuesFor(vendor) };
}

function valuesFor({ origin }: Zendesk) {
  return { ZENDESK_URL: origin, ZENDESK_EMAIL: 'admin@example.com', ZENDESK_TOKEN: 'secret' };
}

conforms('zendesk', {
  definition,
  secret: 'ZENDESK_TOKEN',
  limit: 10,
  start: async () => ({ ...(await started()), part, asksRecords: () => true }),
});

exampleRuns('zendesk', {
  secret: 'ZENDESK_TOKEN',
  async start() {
    const vendor = await startZendesk();
    return {
      vendor,
      environment: valuesFor(vendor),
      add(ago) {
        const texts = [ago, ago].map((each) => written(Date.now() - each));
        vendor.add(...texts);
        return texts;
      },
    };
  },
});

test('the window is the same parameter twice, its beginning first, on every page', async () => {
  const { vendor, values } = await started();
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  for (const { target } of vendor.requests) {
    assert.deepEqual(new URL(target, vendor.origin).searchParams.getAll('filter[created_at][]'), [
      '2026-11-19T00:00:00Z',
      '2026-11-20T00:00:00Z',
    ]);
  }
  assert.match(vendor.requests[0]?.target ?? '', /filter%5Bcreated_at%5D%5B%5D=.*&page%5Bsize%5D=10$/);
  await vendor.close();
});

test('the last page has a cursor, too, and is not followed by another request', async () => {
  const { vendor, texts, values } = await started();
  const { records } = await pullOnce(definition, values, { part, search: { limit: 25 } });
  assert.deepEqual([records.length, vendor.requests.length], [texts.length, 1]);
  await vendor.close();
});

test('records of the same second are all there, also where a page ends between them', async () => {
  const { vendor, texts, values } = await started([0, 1, 1, 1, 1, 2].map((second) => start - 60_000 + second * 1000));
  const { records } = await pullOnce(definition, values, { part, search: { limit: 2 } });
  assert.deepEqual(
    records.map((record) => record.text),
    texts,
  );
  await vendor.close();
});

test('a cursor that leads nowhere is an error, and no endless run', async () => {
  const { vendor, texts, values } = await started();
  let page = 0;
  vendor.fault = (_, response) => {
    const two = texts.slice(2 * page, 2 * page + 2).join(',');
    page++;
    sendJson(response, 200, `{"audit_logs":[${two}],"meta":{"has_more":true,"after_cursor":"same"}}`);
    return true;
  };
  await assert.rejects(
    pullOnce(definition, values, { part }),
    (error) => error instanceof Problem && error.status === exit.protocol && /in circles/.test(error.message),
  );
  assert.equal(page, 2);
  await vendor.close();
});

test('what Zendesk can compare is sent, and IDs are compared digit by digit', async () => {
  const { vendor, texts, values } = await started();
  const query = [
    ['action', 'update'],
    ['actor_id', '1152921504606846977'],
  ] as const;
  const { records, unmatched } = await pullOnce(definition, values, { part, search: { query } });
  const wanted = texts.filter((text) => text.includes('"update"'));
  assert.deepEqual([records.map((record) => record.text), unmatched], [wanted, 0]);
  const { searchParams } = new URL(vendor.requests[0]?.target ?? '', vendor.origin);
  assert.equal(searchParams.get('filter[actor_id]'), '1152921504606846977');
  await vendor.close();
});
