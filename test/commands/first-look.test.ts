import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstLook } from '../../src/commands/first-look.ts';
import { restSource } from '../../src/core/rest.ts';
import type { SourceDefinition } from '../../src/core/definition.ts';
import { ask, noSearch, sourceTools } from '../support/source-tools.ts';
import { sendJson, serve } from '../support/vendors/server.ts';

type Records = SourceDefinition['records'];

async function look(records: Records, texts: readonly string[]): Promise<string> {
  const vendor = await serve({}, (_, response) => sendJson(response, 200, `[${texts.join(',')}]`));
  const definition: SourceDefinition = {
    name: 'kiwi',
    summary: 'Kiwis.',
    settings: { KIWI_URL: { summary: 'Address.', kind: 'url' } },
    url: '{KIWI_URL}',
    auth: { type: 'none' },
    request: { path: '/log' },
    paging: { type: 'none' },
    window: { filter: 'none' },
    records,
  };
  const source = restSource(definition, { KIWI_URL: vendor.origin }, noSearch, sourceTools());
  const seen = firstLook(definition);
  for await (const page of source.pull(ask())) seen.note(page);
  await source.close();
  await vendor.close();
  return seen.count() + seen.lacks();
}

const whole: Records = { id: { paths: ['id'] }, time: { path: 'at', format: 'iso' } };
const good = '{"id":1,"at":"2026-11-20T09:00:00Z"}';
const bare = '{"uuid":"x","when":"today"}';

test('records that are as the definition says are counted', async () => {
  assert.equal(await look(whole, [good, good]), '2');
  assert.equal(await look(whole, []), '0');
  assert.equal(await look({ id: { content: true } }, [bare]), '1');
});

test('paths that no record has are named', async () => {
  assert.equal(
    await look(whole, [bare]),
    '1; none of them with an ID at id, none of them with a time at at (read as iso)',
  );
  const joined: Records = { ...whole, id: { paths: ['a.b', 'id'] } };
  assert.equal(await look(joined, [good, good]), '2; none of them with an ID at a.b, id');
});

test('paths that some records do not have are named, too', async () => {
  assert.equal(
    await look(whole, [good, bare, good]),
    '3; 1 of them without an ID at id, 1 of them without a time at at (read as iso)',
  );
});

test('a time in another form is none', async () => {
  const epoch: Records = { ...whole, time: { path: 'at', format: 'epoch-ms' } };
  assert.equal(await look(epoch, [good]), '1; none of them with a time at at (read as epoch-ms)');
});
