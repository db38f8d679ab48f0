/** The sink of Elasticsearch with a fake cluster of its own, and what it makes of one record. */
import { after } from 'node:test';
import { byteBuffer } from '../../src/core/bytes.ts';
import type { Delivered } from '../../src/core/delivery/delivered.ts';
import type { AuditRecord, Sink } from '../../src/core/types.ts';
import { elastic, elasticWireForm } from '../../src/sinks/elastic.ts';
import { sendAll } from './send-all.ts';
import { openSinkHttp } from './sink-http.ts';
import { sinkTools } from './sink-tools.ts';
import { type ElasticOptions, fakeElastic, type FakeElastic } from './sinks/elastic.ts';

const servers: FakeElastic[] = [];
after(async () => {
  for (const server of servers) await server.close();
});

export interface ElasticSink {
  readonly server: FakeElastic;
  readonly sink: Sink;
  /** Delivers them, whose entries are their places in the list. */
  send(records: readonly AuditRecord[]): Promise<Delivered>;
}

/** A cluster that is closed when the tests of a file have ended, and a sink that writes to `audit` there. */
export async function start(
  options: ElasticOptions = {},
  settings: Readonly<Record<string, string>> = {},
): Promise<ElasticSink> {
  const server = await fakeElastic(options);
  servers.push(server);
  const tools = sinkTools({ http: openSinkHttp });
  const sink = elastic.create({ ELASTIC_URL: server.url, ELASTIC_INDEX: 'audit', ...settings }, tools);
  return { server, sink, send: (records) => sendAll(sink, records, tools) };
}

/** The lines that are sent for a record. */
export function encoded(record: AuditRecord, trustsIds = false): string[] {
  const buffer = byteBuffer();
  elasticWireForm({}, { ...sinkTools(), trustsIds })(record, buffer, '');
  return buffer.view().toString().split('\n');
}

/** The `_id` of a record's document. */
export function idOf(record: AuditRecord, trustsIds?: boolean): string {
  return (JSON.parse(encoded(record, trustsIds)[0] ?? '') as { create: { _id: string } }).create._id;
}
