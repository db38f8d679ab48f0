/** Elasticsearch has a document under the ID of a record already (409): what counts as delivered, and what does not. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { elasticScene, type SinkScene } from './faults/destinations.ts';
import { saidBy, type Result, type SceneOptions } from './faults/harness.ts';
import type { ElasticOptions, FakeElastic } from './support/sinks/elastic.ts';

/** A vendor that shows a record again when it is edited; what was delivered is soon forgotten here. */
async function editing(
  t: TestContext,
  options: SceneOptions & ElasticOptions = {},
): Promise<{ here: SinkScene<FakeElastic>; show(id: string, verdict: string): void }> {
  const here = await elasticScene(t, {
    records: 0,
    define: (definition) => ({ ...definition, window: { ...definition.window, filter: 'ingestion', overlap: '0s' } }),
    ...options,
  });
  const first = new Date(here.clock.now).toISOString();
  const show = (id: string, verdict: string): void =>
    void here.vendor.add(id, 1, `{"id":"${id}","time":"${first}","n":12345678901234567890,"verdict":"${verdict}"}`);
  return { here, show };
}

/** The next run, long after: what was delivered is shown again by nobody but the test. */
async function later(here: SinkScene<FakeElastic>, show: () => void, argv: readonly string[] = []): Promise<Result> {
  here.clock.now += 60_000;
  await here.run(argv); // nothing new, and the ID is forgotten
  here.clock.now += 60_000;
  show();
  return here.run(argv);
}

function verdicts({ sink }: SinkScene<FakeElastic>): string[] {
  return [...sink.documents.values()].map((text) => /"verdict":"([^"]*)"/.exec(text)?.[1] ?? '');
}

for (const readable of [true, false]) {
  const how = readable ? 'can be read' : 'may not be read';
  test(`an edited record whose ID is forgotten is delivered under another one: what is there ${how}`, async (t) => {
    const { here, show } = await editing(t, { readable });
    show('a', 'allowed');
    here.expectSuccess(await here.run());
    const result = await later(here, () => show('a', 'denied'));
    const said = readable
      ? /^1 record with an ID .*, with other content: delivered as well/
      : /\(HTTP 403\): delivered as well/;
    here.expectSuccess(result, { warnings: [said] });
    assert.deepEqual(verdicts(here), ['allowed', 'denied']);
    const again = await later(here, () => void here.vendor.records.push(here.vendor.records.at(-1)!));
    assert.equal(again.status, 0);
    assert.deepEqual(verdicts(here), ['allowed', 'denied'], 'its other ID names its content');
  });
}

test('a record that is shown again as it was is not delivered again, if what is there can be read', async (t) => {
  const { here, show } = await editing(t, { readable: true, argv: ['--add', 'site=north'] });
  show('a', 'allowed');
  await here.run();
  here.sink.documents.set(
    ...[...here.sink.documents].map(([id, text]) => [id, `{"event":{"kind":"event"},${text.slice(1)}`] as const)[0]!,
  );
  const result = await later(here, () => {
    show('a', 'allowed');
    show('b', 'allowed');
  });
  assert.deepEqual([result.status, saidBy(result).warnings], [0, []]);
  assert.equal(here.sink.documents.size, 2);
});

test('an edit in the last of twenty digits is one', async (t) => {
  const { here, show } = await editing(t, { readable: true });
  show('a', 'allowed');
  await here.run();
  const result = await later(here, () => {
    show('a', 'allowed');
    const last = here.vendor.records.at(-1)!;
    here.vendor.records.splice(-1, 1, { ...last, text: last.text.replace('67890,', '67891,') });
  });
  assert.equal(saidBy(result).warnings.length, 1);
  assert.equal(here.sink.documents.size, 2);
});

test('whoever goes by IDs alone, or asks for an old period once more, gets no second document', async (t) => {
  for (const argv of [
    ['--dedupe', 'id'],
    ['-c', '--since', '1h'],
  ]) {
    const { here, show } = await editing(t);
    show('a', 'allowed');
    await here.run(argv);
    here.vendor.records.length = 0;
    const result = await later(here, () => show('a', 'denied'), argv);
    assert.deepEqual([result.status, saidBy(result).warnings], [0, []], argv.join(' '));
    assert.equal(here.sink.documents.size, 1);
  }
});

test('what a run sent whose answer was lost counts as delivered, in this run', async (t) => {
  const { here, show } = await editing(t);
  await here.run();
  here.clock.now += 60_000;
  show('a', 'allowed');
  show('b', 'allowed');
  let posts = 0;
  here.sink.hook = ({ path }) => (path.endsWith('/_bulk') && posts++ === 0 ? 'late' : undefined);
  here.expectSuccess(await here.run());
  assert.equal(posts, 2);
});

test('what a run sent that was killed counts as delivered, in the next one', async (t) => {
  const { here, show } = await editing(t);
  here.clock.now = Date.now() - 10_000; // what is shown is no future for a real process
  assert.equal((await here.spawn()).status, 0);
  here.clock.now += 3000;
  show('a', 'allowed');
  let child: ChildProcess | undefined;
  here.sink.hook = ({ path }) => {
    if (!path.endsWith('/_bulk')) return undefined;
    child?.kill('SIGKILL');
    return 'late';
  };
  child = here.start();
  await once(child, 'exit');
  assert.equal(here.sink.documents.size, 1);
  here.sink.hook = undefined;
  here.expectSuccess(await here.spawn());
});
