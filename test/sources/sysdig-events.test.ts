import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { exit } from '../../src/core/problem.ts';
import { restSource } from '../../src/core/rest.ts';
import { sysdigEvents } from '../../src/sources/sysdig-events.ts';
import { noSearch, pullOnce, sourceTools } from '../support/source-tools.ts';
import {
  asked,
  hour,
  start,
  startedSysdig,
  sysdigConforms,
  sysdigRunsFromCron,
  sysdigValues,
} from '../support/sysdig.ts';
import { startSysdig } from '../support/vendors/sysdig.ts';
import { problem } from '../support/problem.ts';

sysdigConforms(sysdigEvents, 'events');
sysdigRunsFromCron('sysdig-events', 'events', {
  query: 'severity=3',
  matches: (text) => text.includes('"severity":3'),
});

const part = { slice: hour };

test('two hundred events are asked for at once', async () => {
  const { vendor, texts, values } = await startedSysdig('sysdig-events', 'events', 450);
  const { records } = await pullOnce(sysdigEvents, values, { part });
  assert.deepEqual(
    records.map((record) => record.text),
    texts,
  );
  assert.deepEqual(
    asked(vendor).map((query) => query.get('limit')),
    ['200', '200', '200'],
  );
  await vendor.close();
});

test('--query is matched here at the path in the record, and SYSDIG_FILTER by the vendor', async () => {
  const { vendor, texts, values } = await startedSysdig('sysdig-events', 'events', 4);
  const search = { query: [['labels."kubernetes.pod.name"', 'web-0']] as const };
  const matched = await pullOnce(sysdigEvents, values, { part, search });
  assert.deepEqual([matched.records.length, matched.unmatched], [2, 2]);
  assert.equal(asked(vendor)[0]?.has('filter'), false);
  const filtered = await pullOnce(sysdigEvents, { ...values, SYSDIG_FILTER: 'severity in ("3")' }, { part });
  assert.deepEqual(
    filtered.records.map((record) => record.text),
    [texts[0], texts[2]],
  );
  await vendor.close();
});

test('null where the records would be means that there are none; nothing there is an error', async () => {
  const { vendor, values } = await startedSysdig('sysdig-events', 'events', 1);
  let text = '{"page":{"total":0},"data":null}';
  vendor.fault = (_, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(text);
    return true;
  };
  assert.equal((await pullOnce(sysdigEvents, values, { part })).records.length, 0);
  text = '{"page":{"total":0}}';
  await assert.rejects(pullOnce(sysdigEvents, values, { part }), /no list of records at data/);
  await vendor.close();
});

test('runtime events have no categories, and a search for one says so', () => {
  assert.throws(
    () => restSource(sysdigEvents, { SYSDIG_REGION: 'eu1' }, { ...noSearch, categories: ['runtime'] }, sourceTools()),
    problem(exit.usage, /sysdig-events has none/),
  );
});

test('a record as the vendor prints it comes byte for byte but for line breaks and indentation', async () => {
  const printed = await readFile(new URL('sysdig-events/printed.json', import.meta.url), 'utf8');
  const vendor = await startSysdig({ now: () => start });
  vendor.add('events', printed);
  const slice = { from: 1_763_632_800_000_000_000n, until: 1_763_632_802_000_000_000n };
  const { records } = await pullOnce(sysdigEvents, sysdigValues(vendor), { part: { slice } });
  assert.deepEqual(records, [
    {
      id: '"17a1b2c3d4e5f60718293a4b5c6d7e90"',
      text: printed.trim().replaceAll(/\n */g, ''),
      time: 1_763_632_801_123,
      nanos: 456_789,
    },
  ]);
  await vendor.close();
});
