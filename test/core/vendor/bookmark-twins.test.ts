/** Records without an ID that are equal to the last byte, of a vendor whose cursor is kept: each of them is another one. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { parseDefinition } from '../../../src/core/definition.ts';
import { exit, Problem } from '../../../src/core/problem.ts';
import { restSource } from '../../../src/core/rest.ts';
import type { Tools } from '../../../src/core/tools.ts';
import { run } from '../../../src/run.ts';
import { memoryJob, memorySink } from '../../support/memory.ts';
import { memoryQuarantine, memoryStore } from '../../support/memory-store.ts';
import { noSearch, sourceTools } from '../../support/source-tools.ts';
import { sendJson, serve } from '../../support/vendors/server.ts';

const start = Date.parse('2026-11-20T09:00:00Z');
const minute = 60_000;
const hour = 60 * minute;

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

/** The vendor's rows, each like all others and shown once, behind the cursor; and runs that go on from it. */
async function scene(context: TestContext, step: number) {
  const clock = { now: start + hour };
  const here = { clock, rows: 2, sink: memorySink(), beforeReply: (_at: number): void => {} };
  const server = await serve({ now: () => clock.now }, ({ target }, response) => {
    const at = Number(new URL(target, 'http://acme').searchParams.get('cursor') ?? 0);
    here.beforeReply(at);
    const isThere = at < here.rows;
    const events = isThere
      ? [
          { event: 'login failed', time: start },
          { page: at, time: start },
        ]
      : []; // no page twice
    sendJson(response, 200, JSON.stringify({ events, next: String(isThere ? at + 1 : at) }));
  });
  context.after(() => server.close());
  const store = memoryStore();
  const tools: Tools = { ...sourceTools(), now: () => clock.now };
  const tick = async (): Promise<number[]> => {
    const { problems } = await run({
      job: { ...memoryJob, firstRun: undefined },
      source: restSource(definition, { ACME_URL: server.origin }, noSearch, tools),
      sink: here.sink,
      store,
      scope: { source: 'acme', sink: 'memory' },
      quarantine: memoryQuarantine(),
      tools,
    });
    clock.now += step;
    return problems.map(({ status }) => status);
  };
  const twins = (): number => here.sink.taken.filter((text) => text.includes('login')).length;
  return { here, sink: here.sink, twins, tick };
}

test('twins that come after a long while are each delivered, though the run that had the first of them failed before the second', async (context) => {
  const { here, sink, twins, tick } = await scene(context, hour);
  sink.answer = () => {
    if (sink.taken.length > 0) throw new Problem(exit.unavailable, 'memory is down', {});
    return undefined;
  };
  assert.deepEqual(await tick(), [exit.unavailable]);
  sink.answer = () => undefined;
  assert.deepEqual(await tick(), []);
  here.rows = 4;
  assert.deepEqual(await tick(), []);
  assert.equal(twins(), 4);
});

test('twins are each delivered, though the second of an earlier run is forgotten before the third', async (context) => {
  const { here, twins, tick } = await scene(context, 2 * minute);
  here.rows = 1;
  assert.deepEqual(await tick(), []);
  here.rows = 3;
  here.beforeReply = (at) => void (here.clock.now += at === 1 ? 10 * minute : 0); // the third is told that much later
  assert.deepEqual(await tick(), []);
  here.beforeReply = () => {};
  assert.deepEqual(await tick(), []);
  here.rows = 6;
  assert.deepEqual(await tick(), []);
  assert.equal(twins(), 6);
});
