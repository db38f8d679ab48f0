import assert from 'node:assert/strict';
import { test } from 'node:test';
import { elasticAddress, elasticServer } from '../../../../src/core/wire/elastic/access.ts';

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
