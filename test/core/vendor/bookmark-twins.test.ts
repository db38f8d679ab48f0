/** Records without an ID that are equal to the last byte, of a vendor whose cursor is kept: each of them is another one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDefinition } from '../../../src/core/definition.ts';
import { exit, Problem } from '../../../src/core/problem.ts';
import { restSource } from '../../../src/core/rest.ts';
import type { Tools } from '../../../src/core/types.ts';
import { run } from '../../../src/run.ts';
import { memoryJob, memorySink } from '../../support/memory.ts';
import { memoryQuarantine, memoryStore } from '../../support/memory-store.ts';
import { noSearch, sourceTools } from '../../support/source-tools.ts';
import { sendJson, serve } from '../../support/vendors/server.ts';

const start = Date.parse('2026-11-20T09:00:00Z');
const hour = 3_600_000;

const definition = parseDefinition(
  {
    name: 'acme',
    summary: 'Acme.',
    settings: { ACME_URL: { summary: 'Address.' } },
    url: '{ACME_URL}',
    auth: { type: 'none' },
    request: { path: '/', query: { from: '{from}', cursor: '{cursor}' } },
    paging: { type: 'cursor', path: 'next', bookmark: true, stop: ['empty-page'] },
    window: { filter: 'event', time: 'epoch-ms' },
    records: { path: 'events', id: { content: true }, time: { path: 'time', format: 'epoch-ms' } },
  },
  'acme.yaml',
);

test('twins that come after a long while are each delivered, though the run that had the first of them failed before the second', async (context) => {
  const clock = { now: start + hour };
  let rows = 2;
  const server = await serve({ now: () => clock.now }, ({ target }, response) => {
    const at = Number(new URL(target, 'http://acme').searchParams.get('cursor') ?? 0);
    const events = at < rows ? [{ event: 'login failed', time: start }] : [];
    sendJson(response, 200, JSON.stringify({ events, next: String(at + events.length) }));
  });
  context.after(() => server.close());
  const sink = memorySink();
  const store = memoryStore();
  const tools: Tools = { ...sourceTools(), now: () => clock.now };
  const tick = async (): Promise<number[]> => {
    const { problems } = await run({
      job: { ...memoryJob, firstRun: undefined },
      source: restSource(definition, { ACME_URL: server.origin }, noSearch, tools),
      sink,
      store,
      scope: { source: 'acme', sink: 'memory' },
      quarantine: memoryQuarantine(),
      tools,
    });
    clock.now += hour;
    return problems.map(({ status }) => status);
  };
  sink.answer = () => {
    if (sink.taken.length > 0) throw new Problem(exit.unavailable, 'memory is down', {});
    return undefined;
  };
  assert.deepEqual(await tick(), [exit.unavailable]);
  sink.answer = () => undefined;
  assert.deepEqual(await tick(), []);
  rows = 4;
  assert.deepEqual(await tick(), []);
  assert.equal(sink.taken.length, 4);
});
