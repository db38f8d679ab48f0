import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { exampleDefinition, exampleLines } from '../support/example-definition.ts';
import { pullOnce } from '../support/source-tools.ts';
import { startZoom } from '../support/vendors/zoom.ts';
import { part, start, values, zoomReport } from '../support/zoom.ts';

zoomReport('zoom-operations', 'operationlogs');

test('zoom-operations: a category is asked for as Zoom spells it', async (t: TestContext) => {
  const vendor = await startZoom({ report: 'operationlogs', now: () => start });
  t.after(() => vendor.close());
  const texts = exampleLines('zoom-operations').map((text) => text.replace('TIME', '2026-11-20T08:30:00Z'));
  vendor.add(...texts);
  const search = { query: [['category_type', 'account']] as const };
  const { records } = await pullOnce(exampleDefinition('zoom-operations'), values(vendor), { part, search });
  assert.deepEqual(
    records.map(({ text }) => text),
    texts.slice(1),
  );
});
