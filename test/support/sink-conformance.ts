/** What every destination on the network must do, whatever its protocol: one test each, run by each sink's test file. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Delivered } from '../../src/core/delivery/delivered.ts';
import { exit, Problem } from '../../src/core/problem.ts';
import type { SettingValues } from '../../src/core/setting.ts';
import type { SinkDefinition } from '../../src/core/sink-tools.ts';
import type { AuditRecord } from '../../src/core/types.ts';
import { sendAll } from './send-all.ts';
import { openSinkHttp } from './sink-http.ts';
import { auditRecord, auditRecords, textOf } from './records.ts';
import { makeSink, sinkTools } from './sink-tools.ts';
import type { FakeTools } from './fake-tools.ts';
import type { FakeServer, Received } from './sinks/server.ts';

/** A destination under test, with its fake server. */
export interface Conformance {
  readonly definition: SinkDefinition;
  readonly values: SettingValues;
  /** What to set for credentials that the server refuses. */
  readonly wrongKey: SettingValues;
  /** Texts that may appear nowhere. */
  readonly secrets: readonly string[];
  readonly server: FakeServer;
  /** Is it a request that carries records? */
  isData(received: Received): boolean;
  /** The records that the server stored, as they arrived. */
  received(): string[];
  /** Makes the server refuse the record with that ID for good. */
  refuse(id: string): void;
}

/** Records that a careless destination would alter. */
const delicate = [
  '{"id":"d0","n":9007199254740993123,"x":1.10,"y":1e400,"z":-0.0}',
  '{"id":"d1","b":1,"a":2,"b":3}',
  '{"id":"d2","s":"\\u00e9 é 💥 \\" \\\\ \\/ \\ud83d"}',
  '{"id":"d3", "spaced" : [ 1 ,2 ]}',
  '{"id":"d4","deep":{"a":[{"b":{"c":null}}]},"empty":{},"text":"{\\"index\\":{}}\\n"}',
];

export function sinkConformance(name: string, start: () => Promise<Conformance>): void {
  async function withSink(
    body: (
      at: Conformance & {
        tools: FakeTools;
        send(records: readonly AuditRecord[]): Promise<Delivered>;
        probe(): Promise<string | undefined>;
      },
    ) => Promise<void>,
    more: (at: Conformance) => SettingValues = () => ({}),
  ): Promise<void> {
    const at = await start();
    const tools = sinkTools({ http: openSinkHttp });
    const sink = makeSink(at.definition, { ...at.values, ...more(at) }, tools);
    try {
      await sink.open?.(undefined);
      await body({
        ...at,
        tools,
        probe: async () => sink.probe?.(),
        send: (records) => sendAll(sink, records, tools),
      });
    } finally {
      await sink.close();
      await at.server.close();
    }
  }

  const rejects = (promise: Promise<unknown>, status: number, at: Conformance): Promise<void> =>
    assert.rejects(promise, (error) => {
      assert.ok(error instanceof Problem, String(error));
      assert.equal(error.status, status, error.message);
      assert.ok(error.hint !== undefined, `no hint: ${error.message}`);
      for (const secret of at.secrets) assert.ok(!`${error.message} ${error.hint}`.includes(secret), error.message);
      return true;
    });

  test(`${name}: every record arrives, byte for byte and in order`, () =>
    withSink(async ({ send, received }) => {
      const records = [
        ...delicate.map((text, index) => auditRecord(text, `"d${index}"`, 1_763_596_800_000 + index)),
        ...auditRecords(300),
      ];
      const { kept, refused, awaited } = await send(records);
      assert.equal(kept.length + awaited.flatMap(({ entries }) => entries).length, records.length);
      assert.deepEqual(refused, []);
      assert.deepEqual(received(), records.map(textOf));
    }));

  test(`${name}: a record that is refused is isolated, its neighbours arrive once`, () =>
    withSink(async ({ send, received, refuse }) => {
      refuse('r3');
      const records = auditRecords(10);
      const { refused } = await send(records);
      assert.deepEqual(
        refused.map(({ entry }) => entry),
        [3],
      );
      assert.ok((refused[0]?.reason.length ?? 0) > 0);
      assert.deepEqual(received(), records.filter((_, index) => index !== 3).map(textOf));
    }));

  test(`${name}: a rate limit is waited out as long as it says, and each record then arrives once`, () =>
    withSink(async ({ server, send, received, tools, isData }) => {
      let limited = 2;
      server.hook = (request) => {
        if (!isData(request) || limited === 0) return undefined;
        limited -= 1;
        return { status: 429, headers: { 'retry-after': '7' }, body: '' };
      };
      await send(auditRecords(5));
      assert.deepEqual(tools.waits.slice(0, 2), [7000, 7000]);
      assert.deepEqual(received(), auditRecords(5).map(textOf));
    }));

  test(`${name}: a rate limit that lasts is 75`, () =>
    withSink(async (at) => {
      at.server.hook = (request) => (at.isData(request) ? { status: 429, body: '' } : undefined);
      await rejects(at.send(auditRecords(2)), exit.tempfail, at);
    }));

  test(`${name}: a server that fails is tried again, and is 69 when it keeps failing`, () =>
    withSink(async (at) => {
      let failures = 3;
      at.server.hook = (request) => {
        if (!at.isData(request) || failures === 0) return undefined;
        failures -= 1;
        return { status: 503, body: '<html>\u0000unavailable' };
      };
      await at.send(auditRecords(5));
      assert.deepEqual(at.received(), auditRecords(5).map(textOf));
      failures = Infinity;
      await rejects(at.send(auditRecords(5)), exit.unavailable, at);
    }));

  test(`${name}: credentials that are refused are 77 at once, and nothing is set aside`, () =>
    withSink(
      async (at) => {
        await rejects(at.send(auditRecords(5)), exit.noperm, at);
        assert.equal(at.server.requests.length, 1);
        assert.deepEqual(at.received(), []);
      },
      (at) => at.wrongKey,
    ));

  test(`${name}: an address where nothing listens is 69`, () =>
    withSink(async (at) => {
      await at.server.close();
      await rejects(at.send(auditRecords(1)), exit.unavailable, at);
    }));

  test(`${name}: a probe says what it found, and sends no record`, () =>
    withSink(async ({ probe, server, received, isData }) => {
      assert.match((await probe()) ?? '', /\w/);
      assert.ok(server.requests.length > 0);
      assert.ok(!server.requests.some((request) => isData(request) && request.body.length > 2));
      assert.deepEqual(received(), []);
    }));

  test(`${name}: a probe where nothing listens is 69`, () =>
    withSink(async (at) => {
      await at.server.close();
      await rejects(at.probe(), exit.unavailable, at);
    }));

  test(`${name}: an address where something else answers is 78 or 76, never delivered`, () =>
    withSink(async (at) => {
      at.server.hook = () => ({ status: 404, body: '<html>not here' });
      await rejects(at.send(auditRecords(1)), exit.config, at);
      at.server.hook = () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<html>please log in' });
      await rejects(at.send(auditRecords(1)), exit.protocol, at);
    }));

  test(`${name}: a connection that breaks is tried again, and no record is lost`, () =>
    withSink(async ({ server, send, received, isData }) => {
      let broken = false;
      server.hook = (request) => {
        if (!isData(request) || broken) return undefined;
        broken = true;
        return 'reset';
      };
      await send(auditRecords(5));
      assert.deepEqual(received(), auditRecords(5).map(textOf));
    }));

  test(`${name}: a batch that is too large goes in parts`, () =>
    withSink(async ({ server, send, received, isData }) => {
      server.hook = (request) => (isData(request) && request.bytes > 3000 ? { status: 413, body: '' } : undefined);
      const records = auditRecords(100);
      await send(records);
      assert.deepEqual(received(), records.map(textOf));
    }));

  test(`${name}: the scope says where it goes, and holds no secret`, () =>
    withSink(async (at) => {
      const { scope } = makeSink(at.definition, at.values, sinkTools({ http: openSinkHttp }));
      assert.ok(scope.includes(new URL(at.server.url).host), scope);
      for (const secret of at.secrets) assert.ok(!scope.includes(secret));
    }));
}
