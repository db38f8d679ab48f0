/** Group S of the catalogue, second part: settings that are wrong, answers that are lost or lie. */
import assert from 'node:assert/strict';
import { elasticScene, expectSetAside, ids, idsIn, kinds, onPost, scenes, sekoiaScene } from './destinations.ts';
import { fault, together } from './harness.ts';

// ---------------------------------------------------------------------------------------------------- settings

for (const [kind, status, body, said] of [
  ['elastic', 401, { error: { type: 'security_exception', reason: 'no such key' } }, 'security_exception: no such key'],
  ['elastic', 403, { error: { type: 'security_exception', reason: 'no right' } }, 'security_exception: no right'],
  ['splunk', 403, { text: 'Token disabled', code: 1 }, 'Token disabled'],
  ['splunk', 401, { text: 'Invalid authorization', code: 3 }, 'Invalid authorization'],
  ['sekoia', 401, { message: 'bad intake key' }, 'bad intake key'],
  ['sekoia', 403, { message: 'forbidden' }, 'forbidden'],
] as const) {
  fault('S12', `${kind} refuses the credentials (${status}): 77 at once, and nothing is set aside`, async (context) => {
    const here = await scenes[kind](context);
    here.sink.hook = onPost(() => ({ status, body }));
    const result = await here.run();
    assert.equal(here.posts().length, 1);
    assert.deepEqual([result.waits, here.setAside()], [[], []]);
    await here.expectProblem(result, {
      exit: 77,
      message: new RegExp(`^${kind} at http://127\\.0\\.0\\.1:\\d+ refused .* \\(HTTP ${status}\\): ${said}$`),
      hint: /^check (?:ELASTIC_USERNAME and ELASTIC_PASSWORD|SPLUNK_TOKEN|SEKOIA_INTAKE_KEY)/,
      lift: () => (here.sink.hook = undefined),
    });
  });
}

for (const body of [{ message: 'Unknown intake' }, 'Bad Request: invalid Content-Length'] as const) {
  const said = typeof body === 'string' ? body : body.message;
  fault('S12', `sekoia refuses everything with 400 and "${said}": 78, and nothing is set aside`, async (context) => {
    const here = await sekoiaScene(context);
    here.sink.hook = onPost(() => ({ status: 400, body }));
    const result = await here.run();
    assert.deepEqual([result.waits, here.setAside()], [[], []]);
    await here.expectProblem(result, {
      exit: 78,
      message: new RegExp(`^sekoia refused r1: ${said} \\(HTTP 400\\); it took no other record in this run$`),
      hint: /^check SEKOIA_INTAKE_KEY, SEKOIA_ENDPOINT and SEKOIA_URL.*; or it may be this one record, which is set aside/,
      lift: () => (here.sink.hook = undefined),
    });
  });
}

for (const kind of kinds) {
  fault('S13', `${kind} has no such address (404): 78, and nothing is set aside`, async (context) => {
    const here = await scenes[kind](context);
    here.sink.hook = onPost(() => ({ status: 404, body: '<html>not found' }));
    const result = await here.run();
    assert.equal(here.posts().length, 1);
    await here.expectProblem(result, {
      exit: 78,
      message: new RegExp(`^${kind} at http://127\\.0\\.0\\.1:\\d+ has no address for .* \\(HTTP 404\\)`),
      hint: /^check (?:ELASTIC_INDEX .* and ELASTIC_URL|SPLUNK_URL|SEKOIA_URL .* and SEKOIA_INTAKE_KEY) in the environment/,
      lift: () => (here.sink.hook = undefined),
    });
  });
}

fault('S13', 'an index that does not exist is said by each document: 78, and none is set aside', async (context) => {
  const here = await elasticScene(context);
  here.sink.item = () => ({ status: 404, type: 'index_not_found_exception', reason: 'no such index [audit]' });
  const result = await here.run();
  assert.deepEqual(here.setAside(), []);
  await here.expectProblem(result, {
    exit: 78,
    message: /does not write to audit: index_not_found_exception: no such index \[audit\]$/,
    hint: /^check ELASTIC_INDEX/,
    lift: () => (here.sink.item = undefined),
  });
});

for (const kind of kinds) {
  fault('S14', `${kind} redirects to another host (307): 76, and the other host sees nothing`, async (context) => {
    const here = await scenes[kind](context);
    const other = await scenes[kind](context);
    here.sink.hook = onPost(({ path }) => ({ status: 307, headers: { location: `${other.sink.url}${path}` } }));
    const result = await here.run();
    assert.equal(other.sink.requests.length, 0);
    await here.expectProblem(result, {
      exit: 76,
      message: /^http:\/\/127\.0\.0\.1:\d+ leads to http:\/\/127\.0\.0\.1:\d+, which is not followed$/,
      hint: /./,
      lift: () => (here.sink.hook = undefined),
    });
  });
}

// ---------------------------------------------------------------------------------------------------- lost answers

fault('S15', 'elastic stores a batch and its answer is lost: sent again, there once', async (context) => {
  const here = await elasticScene(context);
  here.sink.hook = onPost((_received, number) => (number === 1 ? 'late' : undefined));
  here.expectSuccess(await here.run());
  assert.deepEqual(here.sink.bulks().map(idsIn), [ids(6), ids(6)]);
});

for (const kind of ['splunk', 'sekoia'] as const) {
  fault(
    'S15',
    `${kind} stores a batch and its answer is lost: that batch is there twice, byte for byte`,
    async (context) => {
      const here = await scenes[kind](context);
      here.sink.hook = onPost((_received, number) => (number === 1 ? 'late' : undefined));
      const result = await here.run();
      assert.equal(result.status, 0, result.stderr);
      const [first, second, ...more] = here.posts();
      assert.deepEqual([first?.body, more], [second?.body, []]);
      const texts = here.vendor.records.map(({ text }) => text);
      assert.deepEqual([...here.delivered()].sort(), [...texts, ...texts].sort());
    },
  );
}

together('time limits', () => {
  fault(
    'S15',
    'a destination that never answers an upload is given up after --timeout, five times',
    async (context) => {
      const here = await elasticScene(context);
      here.sink.hook = onPost(() => 'hang');
      const result = await here.run(['--timeout', '1s']);
      assert.equal(here.posts().length, 5);
      await here.expectProblem(result, {
        exit: 69,
        message: /^sink http:\/\/127\.0\.0\.1:\d+ .*POST \/audit\/_bulk\) \(5 attempts\)$/,
        hint: /--timeout$|^check the network/,
        lift: () => (here.sink.hook = undefined),
      });
    },
  );
});

const portal = '<!DOCTYPE html><title>Welcome to the guest network</title>';

for (const kind of kinds) {
  fault('S16', `a page of HTML with status 200 in place of ${kind} is no acknowledgement: 76`, async (context) => {
    const here = await scenes[kind](context);
    here.sink.hook = onPost(() => ({ status: 200, headers: { 'content-type': 'text/html' }, body: portal }));
    const result = await here.run();
    assert.equal(here.posts().length, 5);
    await here.expectProblem(result, {
      exit: 76,
      message:
        /did not (?:account for what it was sent|answer as an? (?:intake|HTTP Event Collector)).*\(5 attempts\)$/,
      hint: /^check (?:ELASTIC|SPLUNK|SEKOIA)_URL in the environment: a proxy or another service may be answering there$/,
      lift: () => (here.sink.hook = undefined),
    });
  });
}

for (const [what, body] of [
  ['an empty body', ''],
  ['no IDs', { event_ids: [] }],
  ['more IDs than events', { event_ids: ['1', '2', '3', '4', '5', '6', '7'] }],
] as const) {
  fault('S17', `sekoia answers with ${what}: sent again twice at most, then 69`, async (context) => {
    const here = await sekoiaScene(context);
    here.sink.hook = onPost(() => ({ status: 200, body }));
    const result = await here.run();
    assert.equal(here.posts().length, 3);
    await here.expectProblem(result, {
      exit: 69,
      message: /^sekoia at .* did not confirm each of 6 events/,
      hint: /^the next run sends them again/,
      lift: () => (here.sink.hook = undefined),
    });
  });
}

fault(
  'S17',
  'sekoia always leaves one event out of its IDs: it is found and set aside, the others go on',
  async (context) => {
    const here = await sekoiaScene(context);
    const times = new Map<string, number>();
    here.sink.hook = onPost(({ body }) => {
      const taken = body.split('\n').filter((line) => line !== '' && !line.includes('"r3"'));
      for (const line of taken) times.set(line, (times.get(line) ?? 0) + 1);
      here.sink.lines.splice(0, Infinity, ...times.keys()); // each once: how often is counted apart
      return { status: 200, body: { event_ids: taken.map((_, at) => `id-${at}`) } };
    });
    const result = await here.run();
    assert.ok(Math.max(...times.values()) <= 4, 'once, and once for each time that six can be halved');
    await expectSetAside(here, result, ['r3'], /^the intake gave it no ID$/);
  },
);

for (const kind of ['elastic', 'splunk'] as const) {
  fault('S16', `a page of HTML with status 400 in place of ${kind} is no word about a record: 76`, async (context) => {
    const here = await scenes[kind](context);
    here.sink.hook = onPost(() => ({ status: 400, headers: { 'content-type': 'text/html' }, body: portal }));
    const result = await here.run();
    assert.deepEqual(here.setAside(), []);
    await here.expectProblem(result, {
      exit: 76,
      message: /HTTP 400|did not answer as an HTTP Event Collector/,
      hint: /^check (?:ELASTIC|SPLUNK)_URL in the environment: a proxy or another service may be answering there$/,
      lift: () => (here.sink.hook = undefined),
    });
  });
}
