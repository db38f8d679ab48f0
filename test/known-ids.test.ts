/** Elasticsearch has a document under the ID of a record already (409): it is that record, because IDs name the content. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { elasticScene, type SinkScene } from './faults/destinations.ts';
import { saidBy, type Result } from './faults/harness.ts';
import type { FakeElastic } from './support/sinks/elastic.ts';

/** A vendor that shows a record again when it is edited; what was delivered is soon forgotten here. */
async function editing(
  t: TestContext,
): Promise<{ here: SinkScene<FakeElastic>; show(id: string, verdict: string): void }> {
  const here = await elasticScene(t, {
    records: 0,
    define: (definition) => ({ ...definition, window: { ...definition.window, filter: 'ingestion', overlap: '0s' } }),
  });
  const first = new Date(here.clock.now).toISOString();
  const show = (id: string, verdict: string): void =>
    void here.vendor.add(id, 1, `{"id":"${id}","time":"${first}","n":12345678901234567890,"verdict":"${verdict}"}`);
  return { here, show };
}

/** The next run, long after: of what was delivered, only what the test adds is shown again. */
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

test('an edited record whose ID is forgotten is delivered, and one that is shown as it was is not stored again', async (t) => {
  const { here, show } = await editing(t);
  show('a', 'allowed');
  here.expectSuccess(await here.run());
  here.expectSuccess(await later(here, () => show('a', 'denied')));
  assert.deepEqual(verdicts(here), ['allowed', 'denied']);
  const again = await later(here, () => show('a', 'denied'));
  assert.deepEqual([again.status, saidBy(again).warnings], [0, []]);
  assert.deepEqual(verdicts(here), ['allowed', 'denied']);
});

test('an edit of the last of twenty digits makes another content', async (t) => {
  const { here, show } = await editing(t);
  show('a', 'allowed');
  await here.run();
  const result = await later(here, () => {
    show('a', 'allowed');
    const last = here.vendor.records.at(-1)!;
    here.vendor.records.splice(-1, 1, { ...last, text: last.text.replace('67890,', '67891,') });
  });
  here.expectSuccess(result);
  assert.equal(here.sink.documents.size, 2);
});

test('an edited record is delivered as well when the run before ended with 3, or the first attempt met a server that was busy', async (t) => {
  const { here, show } = await editing(t);
  show('a', 'allowed');
  here.sink.item = (id) => (id.endsWith(':bad') ? { status: 400, type: 'document_parsing_exception' } : undefined);
  show('bad', 'none');
  assert.equal((await here.run()).status, 3);
  const result = await later(here, () => {
    show('a', 'denied');
    let posts = 0;
    here.sink.hook = ({ path }) => (path.endsWith('/_bulk') && posts++ === 0 ? { status: 503 } : undefined);
  });
  here.expectSuccess(result);
  assert.deepEqual(verdicts(here), ['allowed', 'denied']);
});

test('a record that changed within the overlap has the same document, whichever run knew its earlier content', async (t) => {
  const here = await elasticScene(t);
  here.expectSuccess(await here.run());
  const [first] = here.vendor.records;
  here.vendor.records[0] = { ...first!, text: first!.text.replace('1.10', '1.20') };
  assert.equal((await here.run()).status, 0);
  assert.equal(here.sink.documents.size, 7);
  assert.equal((await here.run(['--state-dir', `${here.directory}/lost`])).status, 0);
  assert.equal(here.sink.documents.size, 7, 'a host that never saw it as it was');
});

test('where IDs alone count, an edited record gets no second document', async (t) => {
  const { here, show } = await editing(t);
  const argv = ['--dedupe', 'id'];
  show('a', 'allowed');
  await here.run(argv);
  here.vendor.records.length = 0;
  const result = await later(here, () => show('a', 'denied'), argv);
  assert.deepEqual([result.status, saidBy(result).warnings], [0, []]);
  assert.equal(here.sink.documents.size, 1);
});

test('what a run sent that was killed is known in the next one', async (t) => {
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
  assert.equal(here.sink.documents.size, 1);
});
