/** Scenes with a destination that can be broken: the fakes of test/support/sinks, with the scene's canaries as credentials. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fakeElastic, type ElasticOptions, type FakeElastic } from '../support/sinks/elastic.ts';
import { fakeSekoia, type FakeSekoia } from '../support/sinks/sekoia.ts';
import type { Answer, FakeServer, Received } from '../support/sinks/server.ts';
import { fakeSplunk, type FakeSplunk, type SplunkOptions } from '../support/sinks/splunk.ts';
import { unwrapped } from '../support/unwrapped.ts';
import { canaries, scene, type Result, type Scene, type SceneOptions } from './harness.ts';

/** A scene whose records go to `sink`. What is in its quarantine counts as delivered. */
export interface SinkScene<Fake extends FakeServer = FakeServer> extends Scene {
  readonly sink: Fake;
  /** Requests that carry records. */
  posts(): readonly Received[];
  /** IDs of the records in the quarantine, in their order, and the reasons. */
  setAside(): readonly { readonly id: string; readonly reason: string }[];
}

/** The whole window is one page, unless the scene says otherwise. */
const onePage: NonNullable<SceneOptions['define']> = (definition) => ({ ...definition, limits: { page: 500 } });

export async function elasticScene(
  context: TestContext,
  options: SceneOptions & ElasticOptions = {},
): Promise<SinkScene<FakeElastic>> {
  const credentials = Buffer.from(`${canaries.username}:${canaries.password}`).toString('base64');
  const sink = await fakeElastic({ authorization: `Basic ${credentials}`, index: 'audit', ...options });
  const environment = {
    ELASTIC_URL: sink.url,
    ELASTIC_INDEX: 'audit',
    ELASTIC_USERNAME: canaries.username,
    ELASTIC_PASSWORD: canaries.password,
  };
  const taken = (): string[] => [...sink.documents.values()].map(withoutTimestamp).map(unwrapped);
  return sinkScene(context, { sink, name: 'elastic', environment, path: '/_bulk', taken, options });
}

export async function splunkScene(
  context: TestContext,
  options: SceneOptions & SplunkOptions = {},
): Promise<SinkScene<FakeSplunk>> {
  const sink = await fakeSplunk({ token: canaries.apiKey, ...options });
  const environment = { SPLUNK_URL: sink.url, SPLUNK_TOKEN: canaries.apiKey };
  const taken = (): string[] => sink.lines.map((line) => line.slice(line.indexOf('"event":') + 8, -1));
  return sinkScene(context, { sink, name: 'splunk', environment, path: '/event', taken, options });
}

export async function sekoiaScene(context: TestContext, options: SceneOptions = {}): Promise<SinkScene<FakeSekoia>> {
  const sink = await fakeSekoia({ key: canaries.apiKey });
  const environment = { SEKOIA_URL: sink.url, SEKOIA_INTAKE_KEY: canaries.apiKey };
  return sinkScene(context, {
    sink,
    name: 'sekoia',
    environment,
    path: '/plain/batch',
    taken: () => sink.lines,
    options,
  });
}

interface SinkSceneParts<Fake> {
  readonly sink: Fake;
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  /** How the path of a request with records ends. */
  readonly path: string;
  readonly taken: () => readonly string[];
  readonly options: SceneOptions;
}

async function sinkScene<Fake extends FakeServer>(
  context: TestContext,
  { sink, name, environment, path, taken, options }: SinkSceneParts<Fake>,
): Promise<SinkScene<Fake>> {
  context.after(() => sink.close());
  const here = await scene(context, {
    define: onePage,
    ...options,
    argv: ['--sink', name, ...(options.argv ?? [])],
    environment: { ...environment, ...options.environment },
    delivered: () => [...taken(), ...quarantined().map(({ record }) => record)],
  });
  const file = join(here.stateDirectory, 'faults.quarantine.jsonl');

  function quarantined(): { record: string; reason: string }[] {
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, 'utf8').split('\n');
    return lines.filter(Boolean).map((line) => JSON.parse(line) as { record: string; reason: string });
  }

  return {
    ...here,
    sink,
    posts: () => sink.requests.filter((received) => received.path.endsWith(path)),
    setAside: () =>
      quarantined().map(({ record, reason }) => ({ id: (JSON.parse(record) as { id: string }).id, reason })),
  };
}

/** The record again, without the field that the elastic sink puts in front. */
function withoutTimestamp(source: string): string {
  return source.replace(/^\{"@timestamp":"[^"]*",/, '{');
}

/** The vendor's ID of a record, from that of its document. */
export function recordIdOf(documentId: string): string {
  return documentId.replace(/^[^:]*:(?:[0-9a-f]{8}:)?/, '');
}

/** IDs of the records in a `_bulk` request, in their order, as the vendor gave them. */
export function idsIn(received: Received | undefined): string[] {
  return [
    ...(received?.body ?? '').matchAll(/^\{"create":\{"_id":"acme\.[0-9a-f]{12}:[0-9a-f]{8}:([^"]+)"\}\}$/gm),
  ].map(([, id]) => id ?? '');
}

/** Strikes requests with records only. */
export function onPost(strike: (received: Received, number: number) => Answer | 'hang' | 'reset' | 'late' | undefined) {
  let posts = 0;
  return (received: Received): Answer | 'hang' | 'reset' | 'late' | undefined =>
    received.method === 'POST' && !received.path.endsWith('/ack') ? strike(received, ++posts) : undefined;
}

export const scenes = { elastic: elasticScene, splunk: splunkScene, sekoia: sekoiaScene } as const;
export const kinds = ['elastic', 'splunk', 'sekoia'] as const;
const lookIntoQuarantine = {
  hint: /^each line there says why, and holds the record; when that is fixed, deliver it again, as the README says$/,
  watermark: 'moved',
} as const;

/** `3 records were not delivered but set aside in …`, and nothing else went wrong. */
export async function expectSetAside(
  here: SinkScene,
  result: Result,
  ids: readonly string[],
  reason: RegExp,
): Promise<void> {
  const aside = here.setAside();
  assert.deepEqual(aside.map(({ id }) => id).sort(), [...ids].sort());
  for (const each of aside) assert.match(each.reason, reason);
  const count = ids.length === 1 ? '1 record was' : `${ids.length} records were`;
  const message = new RegExp(`^${count} not delivered but set aside in .*faults\\.quarantine\\.jsonl$`);
  await here.expectProblem(result, { exit: 3, message, ...lookIntoQuarantine });
  assert.equal(here.setAside().length, ids.length, 'the next run set nothing aside again');
}

/** `r1` to `r<count>`. */
export function ids(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `r${at + 1}`);
}
