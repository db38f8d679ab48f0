/** A vendor to whose windows neither end belongs, read in slices: what happened where two of them meet is in the second. */
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
  for (const format of ['epoch-ms', 'epoch-s'] as const) {
    test(`a window by time of ${filter}, in ${format}, to which neither end belongs: every record is delivered, once`, async (context) => {
      const clock = { now: start };
      // At each moment where one slice ends, and just beside it.
      const records = Array.from({ length: 24 }, (_, at) => [-1500, -1, 0, 1].map((beside) => ({ at, beside }))).flat();
      const texts = records.map(({ at, beside }) => `{"id":"r${at}.${beside}","time":${start - at * hour + beside}}`);
      const unit = format === 'epoch-s' ? 1000 : 1;
      const server = await serve({ now: () => clock.now }, ({ target }, response) => {
        const { searchParams } = new URL(target, 'http://acme');
        const [from = 0, until = 0] = ['after', 'before'].map((name) => Number(searchParams.get(name)) * unit);
        if (until - from > hour) return sendJson(response, 400, '{"message":"an hour at most"}');
        const events = texts.filter((text) => {
          const { time } = JSON.parse(text) as { time: number };
          return time > from && time < until && time <= clock.now;
        });
        sendJson(response, 200, `{"events":[${events.join(',')}]}`);
      });
      context.after(() => server.close());
      const definition = parseDefinition(
        {
          name: 'acme',
          summary: 'Acme.',
          settings: { ACME_URL: { summary: 'Address.' } },
          url: '{ACME_URL}',
          auth: { type: 'none' },
          request: { path: '/', query: { after: '{from}', before: '{until}' } },
          paging: { type: 'none' },
          window: { filter, time: { format, exclusive: true }, overlap: '0s', firstRun: '25h', longest: '1h' },
          records: { path: 'events', id: { paths: ['id'] }, time: { path: 'time', format: 'epoch-ms' } },
        },
        'acme.yaml',
      );
      const sink = memorySink();
      const store = memoryStore();
      const tools: Tools = { ...sourceTools(), now: () => clock.now };
      for (const minutes of [0, 1, 60]) {
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
      assert.deepEqual(sink.taken.toSorted(), texts.toSorted());
    });
  }
}
