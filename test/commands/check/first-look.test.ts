import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstLook } from '../../../src/commands/check/first-look.ts';
import { restSource } from '../../../src/core/rest.ts';
import type { SourceDefinition } from '../../../src/core/definition.ts';
import { fromMillis } from '../../../src/core/time.ts';
import type { WindowRules } from '../../../src/core/types.ts';
import { ask, noSearch, sourceTools } from '../../support/source-tools.ts';
import { sendJson, serve } from '../../support/vendors/server.ts';

type Records = SourceDefinition['records'];

async function look(
  records: Records,
  texts: readonly string[],
  filter: WindowRules['filter'] = 'none',
): Promise<string> {
  const vendor = await serve({}, (_, response) => sendJson(response, 200, `[${texts.join(',')}]`));
  const definition: SourceDefinition = {
    name: 'kiwi',
    summary: 'Kiwis.',
    settings: { KIWI_URL: { summary: 'Address.', kind: 'url' } },
    url: '{KIWI_URL}',
    auth: { type: 'none' },
    request: { path: '/log' },
    paging: { type: 'none' },
    window: { filter },
    records,
  };
  const source = restSource(definition, { KIWI_URL: vendor.origin }, noSearch, sourceTools());
  const seen = firstLook(definition);
  const from = fromMillis(Date.parse('2026-11-22T00:00:00Z'));
  for await (const page of source.pull(ask())) seen.note(page, from);
  await source.close();
  await vendor.close();
  return seen.count() + seen.lacks() + (seen.isDoubtful() ? ' (doubtful)' : '');
}

const whole: Records = { id: { paths: ['id'] }, time: { path: 'at', format: 'iso' } };
const good = '{"id":1,"at":"2026-11-20T09:00:00Z"}';
const bare = '{"uuid":"x","when":"today"}';

test('records that are as the definition says are counted', async () => {
  assert.equal(await look(whole, [good, good]), '2');
  assert.equal(await look(whole, []), '0');
  assert.equal(await look({ id: { content: true } }, [bare]), '1');
});

test('paths that no record has are named, and are a doubt', async () => {
  assert.equal(
    await look(whole, [bare]),
    '1; none of them with an ID at id, none of them with a time at at (read as iso) (doubtful)',
  );
  const joined: Records = { ...whole, id: { paths: ['a.b', 'id'] } };
  assert.equal(await look(joined, [good, good]), '2; none of them with an ID at a.b, id (doubtful)');
});

test('paths that some records do not have are named, too', async () => {
  assert.equal(
    await look(whole, [good, bare, good]),
    '3; 1 of them without an ID at id, 1 of them without a time at at (read as iso)',
  );
});

test('a time in another format is not one', async () => {
  const epoch: Records = { ...whole, time: { path: 'at', format: 'epoch-ms' } };
  assert.equal(await look(epoch, [good]), '1; none of them with a time at at (read as epoch-ms) (doubtful)');
});

test('times that name no zone are reported, since the vendor may mean its own, unless the definition names the zone', async () => {
  const local = '{"id":5,"at":"2026-11-22T04:00:00"}';
  const asUtc = '1; all of them with a time that names no zone, read as UTC';
  assert.equal(await look(whole, [local]), asUtc);
  assert.equal(await look(whole, [local], 'event'), asUtc);
  assert.equal(await look(whole, [good, local]), '2; 1 of them with a time that names no zone, read as UTC');
  const escaped = '{"id":5,"at":"2026-11-22T04:00:00\\u005a"}';
  assert.equal(await look(whole, ['{"id":5,"at":"2026-11-22T04:00:00-05:00"}', escaped]), '2');
  assert.equal(await look({ ...whole, time: { path: 'at', format: 'iso-naive', zone: '-05:00' } }, [local]), '1');
  assert.equal(await look({ ...whole, time: { path: 'at', format: 'iso-naive' } }, [local]), '1');
});

test('times that name no zone are read as the zone that the definition names, and not told to be read as UTC', async () => {
  const zoned: Records = { ...whole, time: { path: 'at', format: 'iso', zone: 'Europe/Warsaw' } };
  assert.equal(await look(zoned, ['{"id":5,"at":"2026-11-22T04:00:00"}']), '1');
});

test('times from before a window by the event are named: a month may be taken for a day, and local time for UTC', async () => {
  const old = '{"id":2,"at":"2026-10-12T00:00:00Z"}';
  const hoursEarly = '{"id":3,"at":"2026-11-21T17:00:00Z"}';
  const inside = '{"id":4,"at":"2026-11-22T00:00:00Z"}';
  assert.equal(
    await look(whole, [hoursEarly, old], 'event'),
    '2; none of them with a time in that window (one is of 2026-10-12T00:00:00Z) (doubtful)',
  );
  assert.equal(
    await look(whole, [hoursEarly], 'event'),
    '1; none of them with a time in that window (one is of 2026-11-21T17:00:00Z) (doubtful)',
  );
  assert.equal(
    await look(whole, [inside, old], 'event'),
    '2; 1 of them from long before that window (one is of 2026-10-12T00:00:00Z)',
  );
  assert.equal(await look(whole, [inside, hoursEarly], 'event'), '2', 'a filter may go by the day');
  assert.equal(await look(whole, [], 'event'), '0');
});

test('a window by the time of ingestion says nothing of when its records happened', async () => {
  assert.equal(await look(whole, ['{"id":2,"at":"2026-10-12T00:00:00Z"}'], 'ingestion'), '1');
});
