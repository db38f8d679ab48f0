import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { zoomReport } from '../support/zoom.ts';

const { definition, templates, part, started } = zoomReport('zoom-operations', 'operationlogs');

test('zoom-operations: a category is asked for as Zoom spells it', async (t) => {
  const { vendor, values } = await started(t, 0);
  const texts = templates.map((text) => text.replace('TIME', '2026-11-20T08:30:00Z'));
  vendor.add(...texts);
  const search = { query: [['category_type', 'account']] as const };
  const { records } = await pullOnce(definition, values, { part, search });
  assert.deepEqual(textsOf(records), texts.slice(1));
});
