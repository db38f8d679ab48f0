import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit } from '../../src/core/problem.ts';
import { example, start } from '../support/example.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { sendJson } from '../support/vendors/server.ts';
import { startZendesk } from '../support/vendors/zendesk.ts';
import { problem } from '../support/problem.ts';

const { definition, part, started, asked } = example('zendesk', {
  secret: 'ZENDESK_TOKEN',
  lateness: 50,
  start: startZendesk,
  values: ({ origin }) => ({ ZENDESK_URL: origin, ZENDESK_EMAIL: 'admin@example.com', ZENDESK_TOKEN: 'secret' }),
  // In whole seconds; IDs have more digits than a JavaScript number holds.
  write: (template, number, time) =>
    template
      .replaceAll('ID', String(1_234_567_890_123_456_000n + BigInt(number)))
      .replace('TIME', `${new Date(time).toISOString().slice(0, 19)}Z`),
  add: (vendor, texts) => vendor.add(...texts),
});

test('zendesk: the window is the same parameter twice, its beginning first, on every page', async (t) => {
  const { vendor, values } = await started(t);
  await pullOnce(definition, values, { part, search: { limit: 10 } });
  for (const query of asked(vendor)) {
    assert.deepEqual(query.getAll('filter[created_at][]'), ['2026-11-20T07:59:59Z', '2026-11-20T09:00:00Z']);
  }
  assert.match(vendor.requests[0]?.target ?? '', /filter%5Bcreated_at%5D%5B%5D=.*&page%5Bsize%5D=10$/);
});

test('zendesk: the last page has a cursor, too, and is not followed by another request', async (t) => {
  const { vendor, texts, values } = await started(t);
  const { records } = await pullOnce(definition, values, { part, search: { limit: 25 } });
  assert.deepEqual([records.length, vendor.requests.length], [texts.length, 1]);
});

test('zendesk: records of the same second are all there, also where a page ends between them', async (t) => {
  const { texts, values } = await started(
    t,
    [0, 1, 1, 1, 1, 2].map((second) => start - 60_000 + second * 1000),
  );
  const { records } = await pullOnce(definition, values, { part, search: { limit: 2 } });
  assert.deepEqual(textsOf(records), texts);
});

test('zendesk: a cursor that leads nowhere is an error, and no endless run', async (t) => {
  const { vendor, texts, values } = await started(t);
  let page = 0;
  vendor.fault = (_, response) => {
    const two = texts.slice(2 * page, 2 * page + 2).join(',');
    page++;
    sendJson(response, 200, `{"audit_logs":[${two}],"meta":{"has_more":true,"after_cursor":"same"}}`);
    return true;
  };
  await assert.rejects(pullOnce(definition, values, { part }), problem(exit.protocol, /in circles/));
  assert.equal(page, 2);
});

test('zendesk: what Zendesk can compare is sent, and IDs are compared digit by digit', async (t) => {
  const { vendor, texts, values } = await started(t);
  const query = [
    ['action', 'update'],
    ['actor_id', '1152921504606846977'],
  ] as const;
  const { records, unmatched } = await pullOnce(definition, values, { part, search: { query } });
  const wanted = texts.filter((text) => text.includes('"update"'));
  assert.deepEqual([records.map((record) => record.text), unmatched], [wanted, 0]);
  assert.equal(asked(vendor)[0]?.get('filter[actor_id]'), '1152921504606846977');
});

test('zendesk: the ID of what was changed is matched here, since Zendesk takes it only beside its type', async (t) => {
  const { texts, values } = await started(t);
  const { records } = await pullOnce(definition, values, { part, search: { query: [['source_id', '3538']] } });
  assert.deepEqual(
    records.map(({ text }) => text),
    texts.filter((text) => text.includes('"source_id":3538,')),
  );
});

test('zendesk: what is wrong is told in its words, and not by their name alone', async (t) => {
  const { vendor, values } = await started(t, 1);
  vendor.fault = (_, response) => {
    sendJson(response, 400, '{"error":"InvalidValue","description":"Invalid filter[created_at] specified"}');
    return true;
  };
  await assert.rejects(
    pullOnce(definition, values, { part }),
    problem(exit.protocol, /: Invalid filter\[created_at\] specified$/),
  );
});
