/** Group S of the catalogue, third part: Splunk's own ways, and what stands around a sink. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onReached } from '../../src/io/failpoint.ts';
import { listPositions } from '../../src/io/position-file/list.ts';
import { elasticScene, expectSetAside, ids, kinds, onPost, scenes, splunkScene } from './destinations.ts';
import { fault, scene } from './harness.ts';

// ---------------------------------------------------------------------------------------------------- splunk

const withAcks = { ack: true, environment: { SPLUNK_ACK: 'true' } } as const;
const notYet = { exit: 75, message: /^splunk has not yet acknowledged 1 batch$/, hint: /nothing is lost$/ } as const;

fault(
  'S18',
  'an acknowledgement that does not come is asked for by the next run, which sends nothing again',
  async (context) => {
    const here = await splunkScene(context, withAcks);
    here.sink.indexed = false;
    const result = await here.run();
    await here.expectProblem(result, { ...notYet, lift: () => (here.sink.indexed = true) });
    assert.equal(here.posts().length, 1);
  },
);

fault(
  'S18',
  'an acknowledgement that has not come for five minutes never will: the batch is sent again',
  async (context) => {
    const here = await splunkScene(context, withAcks);
    here.sink.indexed = false;
    assert.equal((await here.run()).status, 75);
    here.clock.now += 6 * 60_000;
    assert.equal((await here.run()).status, 75);
    here.sink.indexed = true;
    const result = await here.run();
    assert.equal(result.status, 0, result.stderr);
    assert.deepEqual(
      here.posts().map(({ body }) => body),
      [here.posts()[0]?.body, here.posts()[0]?.body],
    );
  },
);

fault('S19', 'numbers that start again after a restart never acknowledge another batch', async (context) => {
  const here = await splunkScene(context, withAcks);
  here.sink.indexed = false;
  assert.equal((await here.run()).status, 75);
  here.sink.lines.length = 0; // it forgot what it had not indexed
  here.sink.restart();
  here.sink.indexed = true;
  here.vendor.add('new', 5);
  here.clock.now += 60_000;
  await here.run();
  here.clock.now += 6 * 60_000;
  const result = await here.run();
  assert.equal(result.status, 0, result.stderr);
  const texts = new Set(here.delivered());
  assert.deepEqual([...texts].sort(), here.vendor.records.map(({ text }) => text).sort(), 'all seven are there');
});

fault(
  'S20',
  'Splunk names one bad event: it is set aside, those before it are not sent again, the rest is',
  async (context) => {
    const here = await splunkScene(context, { records: 9 });
    here.sink.bad = ({ event }) => ((event as { id: string }).id === 'r4' ? 6 : undefined);
    const result = await here.run();
    assert.deepEqual(
      here.posts().map(({ body }) => [...body.matchAll(/"record_id":"(\w+)"/g)].map(([, id]) => id)),
      [ids(9), ids(9).slice(4)],
    );
    await expectSetAside(here, result, ['r4'], /\(code 6\)$/);
  },
);

const busy = { status: 503, body: { text: 'Server is busy', code: 9 } };

fault('S21', 'a Splunk that is busy (503, code 9) is waited for', async (context) => {
  const here = await splunkScene(context);
  here.sink.hook = onPost((_received, number) => (number <= 2 ? busy : undefined));
  here.expectSuccess(await here.run());
});

fault('S21', 'a Splunk that stays busy is unavailable: 69', async (context) => {
  const here = await splunkScene(context);
  here.sink.hook = onPost(() => busy);
  await here.expectProblem(await here.run(), {
    exit: 69,
    message: /^splunk at .* failed on the events \(HTTP 503\).* \(5 attempts\)$/,
    hint: /^the next run goes on; if it lasts, look at the load and the queues of Splunk/,
    lift: () => (here.sink.hook = undefined),
  });
});

// ---------------------------------------------------------------------------------------------------- around a sink

fault(
  'S22',
  'a slow destination holds the source back: one write at a time, a bounded number of records ahead',
  async (context) => {
    const size = 250_000;
    const here = await scene(context, {
      records: 0,
      define: (definition) => ({ ...definition, limits: { page: 10 } }),
    });
    for (let at = 0; at < 100; at++) {
      const time = new Date(here.clock.now - 60_000).toISOString();
      here.vendor.add(`r${at}`, 60, `{"id":"r${at}","time":"${time}","x":"${'x'.repeat(size)}"}`);
    }
    const written: string[] = [];
    let writing = 0;
    let ahead = 0;
    const result = await here.run([], {
      async write(bytes) {
        writing += 1;
        assert.equal(writing, 1, 'one write at a time');
        await sleep(50); // long enough for a source that is not held back to run away
        ahead = Math.max(
          ahead,
          here.vendor.requests.length * 10 * size - Buffer.concat(written.map(Buffer.from)).length,
        );
        written.push(bytes.toString());
        writing -= 1;
      },
    });
    assert.equal(result.status, 0, result.stderr);
    assert.equal(written.join('').split('\n').length - 1, 100);
    assert.ok(ahead < 14e6, `${ahead} bytes ahead of the destination, of 25 MB`);
  },
);

fault(
  'S23',
  'the destination took everything and the disk has no room for the position: 74, and no loss',
  async (context) => {
    const here = await elasticScene(context);
    context.after(() => onReached(undefined));
    onReached((point) => {
      const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
      if (point === 'position: temp opened' && here.posts().length > 0) throw full;
    });
    const result = await here.run();
    assert.equal(here.delivered().length, 6);
    await here.expectProblem(result, {
      exit: 74,
      message: /^cannot save the position in .*faults\.position: the disk is full \(ENOSPC\)$/,
      hint: /^free some space/,
      lift: () => onReached(undefined),
    });
  },
);

fault(
  'S24',
  'of two jobs with one destination each, the one that is down holds back neither the other nor its position',
  async (context) => {
    const here = await elasticScene(context);
    here.sink.hook = () => 'reset';
    const archive = ['--sink', 'file', '--output', join(here.directory, 'archive.jsonl'), '--job', 'archive'];
    assert.deepEqual([(await here.run(archive)).status, (await here.run()).status], [0, 69]);
    const watermarks = async (): Promise<(bigint | undefined)[]> =>
      (await listPositions(here.stateDirectory)).map(({ position }) =>
        'branches' in position ? position.branches.get('')?.watermark : undefined,
      );
    const [one, other] = await watermarks();
    assert.ok(one !== undefined && other === undefined);
    here.sink.hook = undefined;
    here.expectSuccess(await here.run());
    assert.equal((await watermarks())[0], one);
  },
);

for (const kind of ['elastic', 'splunk'] as const) {
  fault('S25', `${kind} does not take compressed uploads (415): plain from then on, refused once`, async (context) => {
    const here = await scenes[kind](context, { records: 1200, acceptsGzip: false });
    const result = await here.run();
    here.expectSuccess(result);
    const encodings = here.posts().map(({ headers }) => headers['content-encoding']);
    assert.deepEqual([encodings[0], encodings.length > 2], ['gzip', true]);
    // Those that were in flight when the first was refused may be refused as well.
    assert.ok(encodings.filter((encoding) => encoding === 'gzip').length <= (kind === 'elastic' ? 3 : 1));
    assert.deepEqual(result.waits, []);
  });
}

const block = 'index [audit] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark]';

for (const status of [403, 429]) {
  fault(
    'S26',
    `an index that is read-only because the disk is full (${status}) is no fault of the credentials: 75`,
    async (context) => {
      const here = await elasticScene(context);
      here.sink.item = () => ({ status, type: 'cluster_block_exception', reason: block });
      const result = await here.run();
      assert.equal(here.posts().length, 5);
      assert.deepEqual(here.setAside(), []);
      await here.expectProblem(result, {
        exit: 75,
        message: /^elastic at .* takes no more at the moment: cluster_block_exception: .* \(5 attempts\)$/,
        hint: /disk space$/,
        lift: () => (here.sink.item = undefined),
      });
    },
  );

  fault('S26', `the same for the whole request (${status})`, async (context) => {
    const here = await elasticScene(context);
    here.sink.hook = onPost(() => ({
      status,
      body: { error: { type: 'cluster_block_exception', reason: block }, status },
    }));
    await here.expectProblem(await here.run(), {
      exit: 75,
      message: /^elastic at .*(?:takes no more at the moment|limits the rate of).*cluster_block_exception/,
      hint: /./,
      lift: () => (here.sink.hook = undefined),
    });
  });
}

const hostile = [
  '"_index":"other","_id":"x","index":{"_index":"other"}',
  '"create":{"_index":"<other-{now/d}>"},"pipeline":"p"',
  '"text":"\\n{\\"create\\":{\\"_index\\":\\"other\\"}}\\n{}"',
  '"event":"x","index":"other","host":"other","source":"other","fields":{"index":"other"}',
];

for (const kind of kinds) {
  fault('S27', `no field of a record chooses where it goes at ${kind}`, async (context) => {
    const here = await scenes[kind](context, { records: 0 });
    for (const [at, more] of hostile.entries()) {
      const time = new Date(here.clock.now - 30_000).toISOString();
      here.vendor.add(
        `r${at}`,
        30,
        `{"id":${JSON.stringify(`r${at}"}}\n{"create":{"_index":"other`)},"time":"${time}",${more}}`,
      );
    }
    here.expectSuccess(await here.run());
    const bodies = here
      .posts()
      .map(({ body }) => body)
      .join('');
    const lines = bodies.trimEnd().split('\n');
    assert.equal(lines.length, kind === 'elastic' ? 8 : 4);
    if (kind === 'elastic') {
      for (const { path, query } of here.posts())
        assert.deepEqual([path, query.get('pipeline')], ['/audit/_bulk', null]);
      for (const line of lines.filter((_line, at) => at % 2 === 0)) {
        const action = JSON.parse(line) as Record<string, Record<string, unknown>>;
        assert.deepEqual([Object.keys(action), Object.keys(action['create'] ?? {})], [['create'], ['_id']]);
      }
    }
    if (kind === 'splunk') {
      for (const line of lines) {
        const keys = Object.keys(JSON.parse(line) as object);
        assert.deepEqual(keys, ['time', 'host', 'source', 'sourcetype', 'fields', 'event']);
      }
    }
  });
}
