/** Records without an ID of a job that shows some of its rows, and does not finish. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDefinition } from '../../../src/core/definition.ts';
import { second } from '../../../src/core/time.ts';
import { pullOnce } from '../../support/source-tools.ts';
import { sendJson, serve } from '../../support/vendors/server.ts';

const definition = parseDefinition(
  {
    name: 'acme',
    summary: 'Acme.',
    settings: { ACME_URL: { summary: 'Address.' } },
    url: '{ACME_URL}',
    auth: { type: 'none' },
    job: {
      request: { method: 'POST', path: '/jobs', json: { from: '{from}', until: '{until}' } },
      id: 'job',
      total: 'total',
    },
    request: { path: '/jobs/{job}', query: { offset: '{offset}', limit: '{limit}' } },
    paging: { type: 'offset', stop: ['short-page'] },
    window: { filter: 'event', time: 'epoch-s' },
    records: { path: 'rows', id: { content: true }, time: { path: 'at', format: 'epoch-s' }, missing: 'null' },
    limits: { page: 2 },
  },
  'acme.yaml',
);

test('rows that a job showed before it came to a stop are those that the jobs of its halves show', async () => {
  // Each row like the others of its minute.
  const rows = [60, 60, 60, 60, 60, 3000, 3000].map((at) => ({ at, event: 'login failed' }));
  const jobs: { from: number; until: number }[] = [];
  const server = await serve({}, ({ target, body }, response) => {
    if (target === '/jobs') {
      jobs.push(JSON.parse(body) as { from: number; until: number });
      return sendJson(response, 200, JSON.stringify({ job: jobs.length }));
    }
    const { pathname, searchParams } = new URL(target, 'http://acme');
    const number = Number(pathname.split('/')[2]);
    const { from = 0, until = 0 } = jobs[number - 1] ?? {};
    const found = rows.filter(({ at }) => at >= from && at < until);
    const offset = Number(searchParams.get('offset') ?? 0);
    const isStuck = number === 1 && offset >= 4;
    const shown = found.slice(offset, offset + 2);
    sendJson(response, 200, JSON.stringify({ rows: isStuck ? null : shown }));
  });
  const { records } = await pullOnce(
    definition,
    { ACME_URL: server.origin },
    { part: { slice: { from: 0n, until: 3600n * second } } },
  );
  await server.close();
  assert.equal(jobs.length, 3);
  assert.equal(new Set(records.map(({ id }) => id)).size, rows.length);
});
