/** The sink of Elasticsearch: what all sinks do, its settings, and its probe. More of it is in the folder elastic. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { exit } from '../../src/core/problem.ts';
import { elasticProblems } from '../../src/core/wire/elastic/problems.ts';
import { elastic } from '../../src/sinks/elastic.ts';
import { start } from '../support/elastic-sink.ts';
import { sinkConformance } from '../support/sink-conformance.ts';
import { openSinkHttp } from '../support/sink-http.ts';
import { sinkTools } from '../support/sink-tools.ts';
import { type ElasticOptions, fakeElastic, withoutMark } from '../support/sinks/elastic.ts';

sinkConformance('elastic', async () => {
  const server = await fakeElastic({ authorization: 'ApiKey a-long-key' });
  const fail = (id: string, status: number) => {
    server.item = (document) =>
      withoutMark(document) === `acme:${id}` ? { status, type: 'bad', reason: 'x' } : undefined;
  };
  return {
    definition: elastic,
    values: { ELASTIC_URL: server.url, ELASTIC_INDEX: 'audit', ELASTIC_API_KEY: 'a-long-key' },
    wrongKey: { ELASTIC_API_KEY: 'wrong-secret' },
    secrets: ['a-long-key', 'wrong-secret'],
    server,
    isData: ({ path }) => path.endsWith('/_bulk'),
    received: () => [...server.documents.values()].map((text) => text.replace(/^\{"@timestamp":"[^"]*",?/, '{')),
    refuse: (id) => fail(id, 400),
  };
});

test('the cluster of a Cloud ID is found; anything else is a config problem that names the setting', () => {
  const scope = (cloudId: string): string =>
    elastic.create({ ELASTIC_CLOUD_ID: cloudId, ELASTIC_INDEX: 'audit' }, sinkTools({ http: openSinkHttp })).scope;
  const id = (text: string): string => `name:${Buffer.from(text).toString('base64')}`;
  assert.equal(scope(id('eu.aws.example$abc$def')), 'https://abc.eu.aws.example/audit');
  assert.equal(scope(id('eu.aws.example:9243$abc$def')), 'https://abc.eu.aws.example:9243/audit');
  assert.equal(scope(id('eu.aws.example$abc:9244$def')), 'https://abc.eu.aws.example:9244/audit');
  for (const bad of [
    'name',
    'a:b:c',
    `${id('host$abc')}:more`,
    `${id('host$abc')}!`,
    id('onlyhost'),
    id('host$'),
    id('$abc'),
    id('evil.com/x$abc'),
    id('h@x$abc'),
    'n:***',
  ]) {
    assert.throws(() => scope(bad), { status: exit.config, message: /ELASTIC_CLOUD_ID/ }, bad);
  }
});

test('settings that contradict or miss each other are named', () => {
  const create = (values: Record<string, string>) => () => elastic.create(values, sinkTools({ http: openSinkHttp }));
  assert.throws(create({ ELASTIC_INDEX: 'a' }), { status: exit.config, message: /ELASTIC_URL nor ELASTIC_CLOUD_ID/ });
  assert.throws(create({ ELASTIC_INDEX: 'a', ELASTIC_URL: 'http://x', ELASTIC_CLOUD_ID: 'y' }), {
    status: exit.config,
  });
  assert.throws(
    create({ ELASTIC_INDEX: 'a', ELASTIC_URL: 'http://x', ELASTIC_USERNAME: 'y' }),
    /ELASTIC_PASSWORD is not set/,
  );
});

const every = { create_doc: true, auto_configure: true };
const found: readonly (readonly [options: ElasticOptions, found: string])[] = [
  [{ rights: every }, 'Elasticsearch 9.1.2; may write to audit'],
  [{ rights: { ...every, auto_configure: false } }, 'Elasticsearch 9.1.2; may write to audit'],
  [{ rights: every, index: 'other' }, 'Elasticsearch 9.1.2; may write to audit, which the first delivery creates'],
  [{ rights: every, writeOnly: true }, 'it takes the credentials; may write to audit'],
  [
    { version: '2.19.0', distribution: 'opensearch' },
    'OpenSearch 2.19.0; the right to write to audit is proven by the first delivery',
  ],
  [
    { index: 'other' },
    'Elasticsearch 9.1.2; audit is not there yet; that it can be created is proven by the first delivery',
  ],
];

for (const [options, text] of found) {
  test(`a probe sends no document: ${text}`, async () => {
    const { server, sink } = await start(options);
    assert.equal(await sink.probe?.(), text);
    assert.equal(server.bulks().length, 0);
    assert.equal(server.documents.size, 0);
  });
}

test('a probe counts the privilege create_index as a right to have the index created, too', async () => {
  const { sink } = await start({ rights: { ...every, auto_configure: false, create_index: true }, index: 'other' });
  assert.match((await sink.probe?.()) ?? '', /may write to audit, which the first delivery creates$/);
});

const faulty: readonly (readonly [options: ElasticOptions, status: number, said: RegExp, hint: RegExp])[] = [
  [{ authorization: 'ApiKey other' }, exit.noperm, /refused/, /^set ELASTIC_API_KEY, or /],
  [{ rights: { ...every, create_doc: false } }, exit.noperm, /does not write to audit/, /^check ELASTIC_/],
  [
    { rights: { ...every, auto_configure: false }, index: 'other' },
    exit.config,
    /: it is not there/,
    /^check ELASTIC_/,
  ],
];

for (const [options, status, said, hint] of faulty) {
  test(`a probe fails with ${status}: ${said.source}`, async () => {
    const { sink } = await start(options);
    await assert.rejects(async () => sink.probe?.(), { status, message: said, hint });
  });
}

test('a probe does not take something else for a cluster', async () => {
  const { server, sink } = await start();
  for (const [answer, status] of [
    [{ status: 200, body: '<html>log in' }, exit.protocol],
    [{ status: 403, body: '<html>forbidden' }, exit.noperm],
    [{ status: 404, body: '<html>not here' }, exit.config],
    [{ status: 503, body: '' }, exit.unavailable],
  ] as const) {
    server.hook = () => answer;
    await assert.rejects(async () => sink.probe?.(), { status });
  }
});

test('a probe that meets nothing says where it asked, and names the setting of the address, not the index, of which it has not spoken yet', async () => {
  const { server, sink } = await start();
  server.hook = () => ({ status: 404, body: '<html>not here' });
  await assert.rejects(async () => sink.probe?.(), {
    status: exit.config,
    message: `elastic at ${server.url} has nothing at ${server.url}/ for the first request (HTTP 404)`,
    hint: 'check ELASTIC_URL: a proxy or another service may be answering there',
  });
});

test('where a Cloud ID leads to the address, hints name it, and not a URL that nobody set', () => {
  const values = { ELASTIC_CLOUD_ID: 'name:x', ELASTIC_INDEX: 'audit' };
  const { failure, notElastic, refusal } = elasticProblems(values, 'elastic', () => 0);
  const elsewhere = 'check ELASTIC_CLOUD_ID: a proxy or another service may be answering there';
  const nothing = failure({ status: 404, headers: {} }, 'the first request', '', 'https://abc.aws.example/');
  assert.equal(nothing.hint, elsewhere);
  assert.equal(failure({ status: 400, headers: {} }, 'the documents', '').hint, elsewhere);
  assert.equal(notElastic('answered otherwise').hint, elsewhere);
  assert.equal(
    refusal(exit.config, 'index_not_found_exception', 404).hint,
    'check ELASTIC_INDEX (it must exist, unless the cluster may create it) and ELASTIC_CLOUD_ID',
  );
});
