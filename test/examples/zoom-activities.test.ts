import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { exit, Problem } from '../../src/core/problem.ts';
import { exampleDefinition } from '../support/example-definition.ts';
import { pullOnce } from '../support/source-tools.ts';
import { sendJson } from '../support/vendors/server.ts';
import { startZoom } from '../support/vendors/zoom.ts';
import { part, start, values, zoomReport } from '../support/zoom.ts';

zoomReport('zoom-activities', 'activities');

test('zoom-activities: what Zoom says of wrong credentials is told', async (t: TestContext) => {
  const vendor = await startZoom({ report: 'activities', now: () => start });
  t.after(() => vendor.close());
  vendor.login.fault = (_, response) => {
    sendJson(response, 400, '{"reason":"Invalid client_id or client_secret","error":"invalid_client"}');
    return true;
  };
  await assert.rejects(
    pullOnce(exampleDefinition('zoom-activities'), values(vendor), { part }),
    (error) =>
      error instanceof Problem &&
      error.status === exit.noperm &&
      error.message.endsWith(': Invalid client_id or client_secret'),
  );
});
