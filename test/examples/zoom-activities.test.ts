import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit } from '../../src/core/problem.ts';
import { pullOnce } from '../support/source-tools.ts';
import { sendJson } from '../support/vendors/server.ts';
import { zoomReport } from '../support/zoom.ts';
import { problem } from '../support/problem.ts';

const { definition, part, started } = zoomReport('zoom-activities', 'activities');

test('zoom-activities: what Zoom says about wrong credentials is shown', async (t) => {
  const { vendor, values } = await started(t, 0);
  vendor.login.fault = (_, response) => {
    sendJson(response, 400, '{"reason":"Invalid client_id or client_secret","error":"invalid_client"}');
    return true;
  };
  await assert.rejects(
    pullOnce(definition, values, { part }),
    problem(exit.noperm, /: Invalid client_id or client_secret$/),
  );
});
