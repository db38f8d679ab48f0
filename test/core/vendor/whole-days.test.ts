/** A vendor that is asked by whole days, and read in slices that are shorter: each shows what earlier ones have shown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDefinition } from '../../../src/core/definition.ts';
import { restSource } from '../../../src/core/rest.ts';
import type { Tools } from '../../../src/core/tools.ts';
import { run } from '../../../src/run.ts';
import { memoryJob, memorySink } from '../../support/memory.ts';
import { memoryQuarantine, memoryStore } from '../../support/memory-store.ts';
import { noSearch, sourceTools } from '../../support/source-tools.ts';
import { sendJson, serve } from '../../support/vendors/server.ts';

const hour = 3_600_000;
const start = Date.parse('2026-11-20T16:00:00Z');

for (const filter of ['event', 'ingestion'] as const) {
  for (const inclusive of [false, true]) {
    const days = inclusive ? 'the last of which it names' : 'up to the one that it names';
    test(`a window by time of ${filter}, in whole days, ${days}: no slice delivers a record again`, async (context) => {
      const clock = { now: start };
      const records = Array.from({ length: 48 }, (_, at) => ({ id: `r${at}`, time: start - (at + 0.5) * hour }));
      const server = await serve({ now: () => clock.now }, ({ target }, response) => {
        const { searchParams } = new URL(target, 'http://acme');
        const [from = '', until = ''] = ['from', 'until'].map((name) => searchParams.get(name) ?? '');
        const events = records
          .map(({ id, time }) => ({ id, time: new Date(time).toISOString() }))
          .filter(({ time }) => time >= from && (time < until || (inclusive && time.startsWith(until))));
        sendJson(response, 200, JSON.stringify({ events }));
      });
      context.after(() => server.close());
      const definition = parseDefinition(
        {
          name: 'acme',
          summary: 'Acme.',
          settings: { ACME_URL: { summary: 'Address.' } },
          url: '{ACME_URL}',
          auth: { type: 'none' },
          request: { path: '/', query: { from: '{from}', until: '{until}' } },
          paging: { type: 'none' },
          window: { filter, time: { format: 'date', inclusive }, overlap: '15m', firstRun: '50h', longest: '6h' },
          records: { path: 'events', id: { paths: ['id'] }, time: { path: 'time', format: 'iso-ms' } },
        },
        'acme.yaml',
      );
      const sink = memorySink();
      const store = memoryStore();
      const tools: Tools = { ...sourceTools(), now: () => clock.now };
      for (const minutes of [0, 5, 5]) {
        clock.now += minutes * 60_000;
        const { problems } = await run({
          job: { ...memoryJob, firstRun: undefined },
          source: restSource(definition, { ACME_URL: server.origin }, noSearch, tools),
          sink,
          store,
          scope: { source: 'acme', sink: 'memory' },
          quarantine: memoryQuarantine(),
          tools,
        });
        assert.deepEqual(problems, []);
      }
      const delivered = sink.taken.map((text) => (JSON.parse(text) as { id: string }).id);
      assert.deepEqual(delivered.toSorted(), records.map(({ id }) => id).toSorted());
    });
  }
}
