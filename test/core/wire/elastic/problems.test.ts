import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hintText } from '../../../../src/core/hint.ts';
import { elasticHint } from '../../../../src/core/wire/elastic/problems.ts';
import type { SettingValues } from '../../../../src/core/setting.ts';

function hintOf(values: SettingValues, status: number): string | undefined {
  return hintText(elasticHint(values, status));
}

test('a cluster that wants credentials asks for those that are not set, or for a look at those that are', () => {
  assert.equal(hintOf({}, 401), 'set ELASTIC_API_KEY, or ELASTIC_USERNAME and ELASTIC_PASSWORD');
  assert.equal(hintOf({ ELASTIC_API_KEY: 'k' }, 401), 'check ELASTIC_API_KEY');
  const user = { ELASTIC_USERNAME: 'u', ELASTIC_PASSWORD: 'p' };
  assert.equal(hintOf(user, 401), 'check ELASTIC_USERNAME and ELASTIC_PASSWORD');
});

test('a hint on a refused right names the credentials, and one on a missing index the index', () => {
  const user = { ELASTIC_USERNAME: 'u', ELASTIC_PASSWORD: 'p' };
  assert.match(hintOf(user, 403) ?? '', /^check ELASTIC_USERNAME and ELASTIC_PASSWORD, and that it may create/);
  assert.match(hintOf({ ELASTIC_API_KEY: 'k' }, 404) ?? '', /ELASTIC_INDEX/);
  assert.equal(hintOf({ ELASTIC_API_KEY: 'k' }, 500), undefined);
});
