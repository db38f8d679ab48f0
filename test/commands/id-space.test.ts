/** Under which ID Elasticsearch gets a record: one vendor's tenants count their records alike. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { run, scratch, type Ended } from '../support/program.ts';
import { fakeElastic } from '../support/sinks/elastic.ts';
import { startJira, type Jira } from '../support/vendors/jira.ts';
import { sendJson, serve } from '../support/vendors/server.ts';

const now = Date.now();

/** Two records of a site, with the IDs that every site has. */
async function site(context: TestContext, who: string): Promise<Jira> {
  const jira = await startJira();
  context.after(() => jira.close());
  const created = new Date(now - 7_200_000).toISOString().replace('Z', '+0000');
  jira.add(...[1, 2].map((id) => `{"id":${id},"authorKey":"${who}","created":"${created}"}`));
  return jira;
}

function pull(directory: string, { origin }: Jira, more: readonly string[], elastic = ''): Promise<Ended> {
  return run(['--source', 'jira', '--state-dir', 'state', ...more], {
    directory,
    environment: {
      JIRA_URL: origin,
      JIRA_USERNAME: 'admin@example.com',
      JIRA_TOKEN: 'token',
      ELASTIC_URL: elastic,
      ELASTIC_INDEX: 'audit',
      ELASTIC_API_KEY: 'id:key',
    },
  });
}

test('two tenants whose records have the same IDs lose none of them in one index', async (t) => {
  const directory = scratch(t);
  const elastic = await fakeElastic();
  t.after(() => elastic.close());
  for (const who of ['ada', 'zoe']) {
    const ended = await pull(directory, await site(t, who), ['--sink', 'elastic'], elastic.url);
    assert.deepEqual([ended.status, ended.stderr], [0, '']);
  }
  const kept = [...elastic.documents.values()].map((text) => /\d,"authorKey":"\w+"/.exec(text)?.[0]);
  const all = ['ada', 'zoe'].flatMap((who) => [1, 2].map((id) => `${id},"authorKey":"${who}"`));
  assert.deepEqual(new Set(kept), new Set(all));
});

test('two branches whose records have the same IDs lose none of them, and none comes twice', async (t) => {
  const directory = scratch(t);
  const elastic = await fakeElastic();
  t.after(() => elastic.close());
  const vendor = await serve({}, ({ target }, response) => {
    sendJson(response, 200, JSON.stringify([1, 2].map((id) => ({ id, at: now - 60_000, team: target.split('/')[1] }))));
  });
  t.after(() => vendor.close());
  const definition = {
    name: 'quince',
    summary: 'Quinces.',
    settings: { QUINCE_TOKEN: { summary: 'Token.', secret: true } },
    url: vendor.origin,
    auth: { type: 'none' },
    branches: { values: ['red', 'blue'] },
    request: { path: '/{branch}/log', query: { from: '{from}' } },
    paging: { type: 'none' },
    window: { filter: 'event', time: 'epoch-ms' },
    records: { id: { paths: ['id'] }, time: { path: 'at', format: 'epoch-ms' } },
  };
  writeFileSync(join(directory, 'quince.json'), JSON.stringify(definition));
  const environment = { ELASTIC_URL: elastic.url, ELASTIC_INDEX: 'audit', ELASTIC_API_KEY: 'id:key' };
  for (const job of ['one', 'two']) {
    const words = ['--source', './quince.json', '--sink', 'elastic', '--state-dir', 'state', '--job', job];
    const ended = await run(words, { directory, environment });
    assert.deepEqual([ended.status, ended.stderr], [0, '']);
  }
  const kept = [...elastic.documents.values()].map((text) =>
    /"id":(\d).*"team":"(\w+)"/.exec(text)?.slice(1).join(' '),
  );
  assert.deepEqual(new Set(kept), new Set(['1 blue', '1 red', '2 blue', '2 red']));
});

test('what --bulk-format prints has the IDs that delivery gives, whichever job it is', async (t) => {
  const directory = scratch(t);
  const elastic = await fakeElastic();
  t.after(() => elastic.close());
  const jira = await site(t, 'ada');
  assert.equal((await pull(directory, jira, ['--sink', 'elastic', '--job', 'one'], elastic.url)).status, 0);
  const printed = await pull(directory, jira, ['--since', '1d', '--bulk-format', 'elastic']);
  const ids = [...printed.stdout.matchAll(/^\{"create":\{"_id":"([^"]+)"\}\}$/gm)].map(([, id]) => id);
  assert.equal(ids.length, 2);
  assert.deepEqual(new Set(ids), new Set(elastic.documents.keys()));
  assert.match(ids[0] ?? '', /^jira\.[0-9a-f]{12}:[0-9a-f]{8}:[12]$/);
});
