import assert from 'node:assert/strict';
import { test } from 'node:test';
import { elasticAddress, elasticHint, elasticServer } from '../../../../src/core/wire/elastic/access.ts';

test('a cluster that wants credentials asks for those that are not set, or for a look at those that are', () => {
  assert.equal(elasticHint({}, 401), 'set ELASTIC_API_KEY, or ELASTIC_USERNAME and ELASTIC_PASSWORD');
  assert.equal(elasticHint({ ELASTIC_API_KEY: 'k' }, 401), 'check ELASTIC_API_KEY');
  const user = { ELASTIC_USERNAME: 'u', ELASTIC_PASSWORD: 'p' };
  assert.equal(elasticHint(user, 401), 'check ELASTIC_USERNAME and ELASTIC_PASSWORD');
});

test('a hint on a refused right names the credentials, and one on a missing index the index', () => {
  const user = { ELASTIC_USERNAME: 'u', ELASTIC_PASSWORD: 'p' };
  assert.match(elasticHint(user, 403) ?? '', /^check ELASTIC_USERNAME and ELASTIC_PASSWORD, and that it may create/);
  assert.match(elasticHint({ ELASTIC_API_KEY: 'k' }, 404) ?? '', /ELASTIC_INDEX/);
  assert.equal(elasticHint({ ELASTIC_API_KEY: 'k' }, 500), undefined);
});

const versions: readonly (readonly [version: object, quiet: boolean])[] = [
  [{ number: '7.17.20' }, false],
  [{ number: '8.17.9' }, false],
  [{ number: '8.18.0' }, true],
  [{ number: '8.19.1' }, true],
  [{ number: '9.0.0' }, true],
  [{ number: '10.1.0' }, true],
  [{ number: '9.0.0', distribution: 'opensearch' }, false],
  [{ number: 9 }, false],
];

for (const [version, quiet] of versions) {
  test(`${JSON.stringify(version)} ${quiet ? 'knows' : 'does not know'} include_source_on_error`, () => {
    assert.equal(elasticServer(JSON.stringify({ version })).quiet, quiet);
  });
}

test('an address that was pasted with the path of a bulk request is used without it', () => {
  for (const path of ['', '/', '/_bulk', '/_bulk/', '/audit/_bulk', '/audit/_bulk/'])
    assert.equal(
      elasticAddress({ ELASTIC_URL: `https://es.example:9200${path}`, ELASTIC_INDEX: 'audit' }),
      'https://es.example:9200',
    );
  for (const path of ['/audit', '/es', '/my_bulk'])
    assert.equal(
      elasticAddress({ ELASTIC_URL: `https://es.example${path}`, ELASTIC_INDEX: 'audit' }),
      `https://es.example${path}`,
    );
  const behind = { ELASTIC_URL: 'https://proxy.example/es/audit/_bulk', ELASTIC_INDEX: 'audit' };
  assert.equal(elasticAddress(behind), 'https://proxy.example/es');
});
