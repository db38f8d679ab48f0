import assert from 'node:assert/strict';
import { test } from 'node:test';
import { elasticHint } from '../../../../src/core/wire/elastic/problems.ts';

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
