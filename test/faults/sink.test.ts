/** Group S of the catalogue, first part: destinations that are down, take a part, or refuse whole batches. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { connect, type AddressInfo } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';
import type { TestContext } from 'node:test';
import { certificateAuthority } from '../support/certificates.ts';
import { closedPort } from '../support/raw-server.ts';
import {
  elasticScene,
  expectSetAside,
  ids,
  idsIn,
  kinds,
  onPost,
  scenes,
  sekoiaScene,
  splunkScene,
  type SinkScene,
  recordIdOf,
} from './destinations.ts';
import { fault } from './harness.ts';

// ---------------------------------------------------------------------------------------------------- connection

for (const kind of kinds) {
  fault('S01', `${kind} is down: tried five times, then 69, and the position waits`, async (context) => {
    const here = await scenes[kind](context);
    here.sink.hook = () => 'reset';
    const result = await here.run();
    assert.deepEqual(result.waits, [250, 500, 1000, 2000]);
    await here.expectProblem(result, {
      exit: 69,
      message: /^sink http:\/\/127\.0\.0\.1:\d+ .*\(.*(?:GET|POST) .*\) \(5 attempts\)$/,
      hint: /^check the network and the service/,
      lift: () => (here.sink.hook = undefined),
    });
  });
}

fault('S01', 'nothing listens where the destination should be: 69', async (context) => {
  const here = await elasticScene(context);
  const url = `http://127.0.0.1:${await closedPort()}`;
  const result = await here.run(['--job', 'elsewhere'], { environment: { ELASTIC_URL: url } });
  await here.expectProblem(
    { ...result, watermarks: { before: [], after: [] } },
    {
      exit: 69,
      message: /^sink http:\/\/127\.0\.0\.1:\d+ refused the connection \(ECONNREFUSED, GET \/\) \(5 attempts\)$/,
      hint: /^check the host and port in [A-Z]+_URL in the environment, and/,
    },
  );
});

/** TLS in front of a destination, on a port of its own. */
async function tlsFront(context: TestContext, options: TlsOptions, url: string): Promise<string> {
  const server = createServer(options, (socket) => {
    const target = connect(Number(new URL(url).port), '127.0.0.1');
    target.on('error', () => socket.destroy());
    socket.on('error', () => target.destroy());
    socket.pipe(target).pipe(socket);
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  return `https://localhost:${(server.address() as AddressInfo).port}`;
}

fault('S01', 'a destination whose certificate is not trusted gets no record and no credential: 76', async (context) => {
  const authority = certificateAuthority();
  context.after(() => authority.remove());
  const here = await splunkScene(context);
  const environment = { SPLUNK_URL: await tlsFront(context, authority.issue(), here.sink.url) };
  const result = await here.run([], { environment });
  assert.equal(here.sink.requests.length, 0);
  await here.expectProblem(result, {
    exit: 76,
    message: /^sink https:\/\/localhost:\d+ .*(?:UNABLE_TO|SELF_SIGNED)/,
    hint: /--ca-file/,
    recovery: { argv: ['--ca-file', authority.certFile], environment },
  });
});

// ---------------------------------------------------------------------------------------------------- outcomes by item

fault('S02', 'of 100 documents, only the 3 that got 429 are sent again, in their order', async (context) => {
  const here = await elasticScene(context, { records: 100 });
  const three = ['r5', 'r50', 'r95'];
  here.sink.item = (id, _source, attempt) =>
    attempt === 1 && three.includes(recordIdOf(id))
      ? { status: 429, type: 'es_rejected_execution_exception', reason: 'queue is full' }
      : undefined;
  here.expectSuccess(await here.run());
  assert.deepEqual(here.sink.bulks().map(idsIn), [ids(100), three]);
});

fault(
  'S03',
  'of 100 documents, the 3 that do not fit the mapping are set aside, 97 go through, once',
  async (context) => {
    const here = await elasticScene(context, { records: 100 });
    const three = ['r1', 'r50', 'r100'];
    here.sink.item = (id) =>
      three.includes(recordIdOf(id))
        ? { status: 400, type: 'document_parsing_exception', reason: 'failed' }
        : undefined;
    const result = await here.run(['-v', '--log-format', 'text']);
    assert.match(result.stderr, /100 fetched, 97 delivered, 3 set aside/);
    assert.equal(here.sink.bulks().length, 1);
    await expectSetAside(
      here,
      { ...result, stderr: without(result.stderr) },
      three,
      /^document_parsing_exception: failed$/,
    );
  },
);

/** Without the debug lines of -v. */
function without(stderr: string): string {
  return stderr
    .split('\n')
    .filter((line) => /^(?:hint|audit-export): (?!debug)(?!\d{4}-)/.test(line))
    .join('\n');
}

for (const seed of [1, 2, 3, 4, 5]) {
  fault(
    'S04',
    `a shuffled mix of 201, 409, 429, 400 and 503: every record ends where it belongs (${seed})`,
    async (context) => {
      const here = await elasticScene(context, { records: 60 });
      const fates = [201, 201, 201, 201, 409, 409, 429, 503, 503, 400];
      const fateOf = (id: string): number => fates[(Number(id.slice(1)) * 7 + seed * 3) % 11] ?? 201;
      here.sink.item = (name, source, attempt) => {
        const fate = fateOf(recordIdOf(name));
        if (fate === 409) {
          here.sink.documents.set(name, source);
          return { status: 409, type: 'version_conflict_engine_exception', reason: 'it is there' };
        }
        if (fate === 400) return { status: 400, type: 'illegal_argument_exception', reason: 'bad' };
        return attempt <= 2 && (fate === 429 || fate === 503) ? { status: fate, type: 'busy', reason: '' } : undefined;
      };
      const result = await here.run();
      const refused = ids(60).filter((id) => fateOf(id) === 400);
      const later = ids(60).filter((id) => fateOf(id) === 429 || fateOf(id) === 503);
      assert.deepEqual(here.sink.bulks().map(idsIn), [ids(60), later, later]);
      for (const [id, source] of here.sink.documents) assert.ok(source.includes(`"id":"${recordIdOf(id)}"`), id);
      await expectSetAside(here, result, refused, /^illegal_argument_exception: bad$/);
    },
  );
}

/** What a `_bulk` answers that stores everything, but for the named records, which get 429. */
function bulkText(
  here: SinkScene<Awaited<ReturnType<typeof elasticScene>>['sink']>,
  body: string,
  busy: readonly string[],
) {
  const lines = body.trimEnd().split('\n');
  return lines.flatMap((line, at) => {
    if (at % 2 === 1) return [];
    const id = (JSON.parse(line) as { create: { _id: string } }).create._id;
    if (busy.includes(recordIdOf(id)))
      return ['{"create" : {"status" : 429, "error" : {"type" : "busy", "reason" : "full"}}}'];
    here.sink.documents.set(id, lines[at + 1] ?? '');
    return ['{"create" : {"status" : 201}}'];
  });
}

for (const [what, before] of [
  ['"errors" : true, with blanks', '"errors" : true, '],
  ['no "errors" at all', ''],
  ['"errors": false, which is not so', '"errors": false, '],
] as const) {
  fault('S05', `a reply with ${what}: only its items count`, async (context) => {
    const here = await elasticScene(context);
    here.sink.hook = onPost(({ body }, number) =>
      number > 1
        ? undefined
        : { status: 200, body: `{${before}"took" : 3, "items" : [${bulkText(here, body, ['r2']).join(', ')}]}` },
    );
    here.expectSuccess(await here.run());
    assert.deepEqual(here.sink.bulks().map(idsIn), [ids(6), ['r2']]);
  });
}

for (const [what, bend] of [
  ['fewer items than documents', (items: string[]) => items.slice(1)],
  ['more items than documents', (items: string[]) => [...items, '{"create":{"status":201}}']],
  ['items of another action', (items: string[]) => items.map(() => '{"index":{"status":201}}')],
  ['no items', () => []],
] as const) {
  fault('S05', `a reply with ${what} acknowledges nothing: sent again, then 76`, async (context) => {
    const here = await elasticScene(context);
    here.sink.hook = onPost(({ body }) => ({
      status: 200,
      body: `{"took":1,"errors":false,"items":[${bend(bulkText(here, body, [])).join(',')}]}`,
    }));
    const result = await here.run();
    assert.equal(here.posts().length, 5);
    await here.expectProblem(result, {
      exit: 76,
      message: /did not account for what it was sent \(6 documents\) \(5 attempts\)$/,
      hint: /^check ELASTIC_URL/,
      lift: () => (here.sink.hook = undefined),
    });
  });
}

fault('S06', 'after the state was lost everything is sent again, is there already, and is success', async (context) => {
  const here = await elasticScene(context, { records: 30 });
  here.expectSuccess(await here.run());
  rmSync(here.stateDirectory, { recursive: true });
  here.expectSuccess(await here.run());
  assert.deepEqual(here.sink.bulks().map(idsIn), [ids(30), ids(30)]);
});

fault('S07', 'a record that changed at the vendor after its delivery is told, and sent as well', async (context) => {
  const here = await elasticScene(context);
  here.expectSuccess(await here.run());
  const [first] = here.vendor.records;
  assert.ok(first);
  const original = first.text;
  const changed = { ...first, text: original.replace('1.10', '1.20') };
  here.vendor.records[0] = changed;
  const result = await here.run(['-v', '--log-format', 'text']);
  assert.equal(result.status, 0);
  assert.match(result.stderr, /1 of them with a known ID and other content/);
  assert.match(result.stderr, /warning: 1 record with an ID that was delivered with other content/);
  here.vendor.records.push(first);
  here.expectDelivered();
});

// ---------------------------------------------------------------------------------------------------- whole batches

fault(
  'S08',
  'a batch that is too large (413) is halved until it fits; a record that never fits is set aside',
  async (context) => {
    const here = await elasticScene(context, { records: 20, largest: 1000 });
    const long = here.vendor.add(
      'long',
      15,
      `{"id":"long","time":"${new Date(here.clock.now - 15_000).toISOString()}","x":"${'x'.repeat(1000)}"}`,
    );
    const result = await here.run();
    await expectSetAside(here, result, [long.id], /^too large for the server \(HTTP 413\)$/);
  },
);

for (const kind of kinds) {
  fault('S09', `${kind} limits the rate (429) and is left alone for exactly as long as it asks`, async (context) => {
    const here = await scenes[kind](context);
    here.sink.hook = onPost((_received, number) =>
      number === 1 ? { status: 429, headers: { 'retry-after': '7' }, body: {} } : undefined,
    );
    const result = await here.run();
    here.expectSuccess(result);
    assert.deepEqual(result.waits, [7000]);
  });

  fault('S09', `${kind} limits the rate (429) for longer than the run may last: 75 at once`, async (context) => {
    const here = await scenes[kind](context);
    here.sink.hook = onPost(() => ({ status: 429, headers: { 'retry-after': '120' }, body: {} }));
    const result = await here.run(['--max-runtime', '50s']);
    assert.deepEqual(result.waits, []);
    await here.expectProblem(result, {
      exit: 75,
      message: /limits the rate of .* \(HTTP 429\): rate-limited until \S+Z$/,
      hint: /^progress is kept, and the next run continues from here/,
      lift: () => (here.sink.hook = undefined),
    });
  });

  fault(
    'S09',
    `${kind} limits the rate (429) for two hours: 75 at once, nobody sleeps with the lock held`,
    async (context) => {
      for (const asked of ['7200', new Date(Date.now() + 7_200_000).toUTCString()]) {
        const here = await scenes[kind](context);
        here.sink.hook = onPost(() => ({ status: 429, headers: { 'retry-after': asked }, body: {} }));
        const result = await here.run();
        assert.deepEqual(result.waits, []);
        await here.expectProblem(result, {
          exit: 75,
          message: /limits the rate of .* \(HTTP 429\): rate-limited until \S+Z$/,
          hint: /^progress is kept, and the next run continues from here/,
          lift: () => (here.sink.hook = undefined),
        });
      }
    },
  );

  fault('S09', `${kind} limits the rate (429) again and again: 75`, async (context) => {
    const here = await scenes[kind](context);
    here.sink.hook = onPost(() => ({ status: 429, headers: { 'retry-after': '60' }, body: {} }));
    const result = await here.run();
    assert.deepEqual(result.waits, [60_000, 60_000, 60_000, 60_000]);
    await here.expectProblem(result, {
      exit: 75,
      message: /limits the rate of .* \(HTTP 429\) \(5 attempts\)$/,
      hint: /^run it less often, or ask for a higher rate limit$/,
      lift: () => (here.sink.hook = undefined),
    });
  });
}

fault(
  'S10',
  'one record makes the destination refuse 64 (400): it is found in 7 more requests at most',
  async (context) => {
    const here = await elasticScene(context, { records: 64 });
    here.sink.hook = onPost(({ body }) =>
      body.includes(':r37"')
        ? { status: 400, body: { error: { type: 'x_content_parse_exception', reason: 'poison' }, status: 400 } }
        : undefined,
    );
    const result = await here.run();
    assert.ok(here.posts().length <= 1 + 7, `${here.posts().length} requests`);
    await expectSetAside(here, result, ['r37'], /^x_content_parse_exception: poison$/);
  },
);

for (const [which, poison] of [
  ['the first', 'r1'],
  ['the last', 'r6'],
] as const) {
  fault(
    'S10',
    `sekoia refuses ${which} event, and speaks of a key: it is set aside, the others go on`,
    async (context) => {
      for (const endpoint of ['plain/batch', 'plain']) {
        const here = await sekoiaScene(context, { environment: { SEKOIA_ENDPOINT: endpoint } });
        here.sink.hook = onPost(({ body }) =>
          body.includes(`"${poison}"`) ? { status: 400, body: 'event 0: invalid key "user name" in json' } : undefined,
        );
        await expectSetAside(
          here,
          await here.run(),
          [poison],
          /^event 0: invalid key "user name" in json \(HTTP 400\)$/,
        );
      }
    },
  );
}

fault(
  'S10',
  'a poison event alone in its run is 78 and waits for others; with them it is set aside',
  async (context) => {
    const here = await sekoiaScene(context, { records: 0 });
    here.vendor.add('poison', 30);
    here.sink.hook = onPost(({ body }) =>
      body.includes('"poison"') ? { status: 400, body: { message: 'bad event' } } : undefined,
    );
    for (let time = 0; time < 2; time++) {
      const { status, stderr } = await here.run();
      assert.equal(status, 78, stderr);
      assert.deepEqual(here.setAside(), []);
      here.clock.now += 60_000;
    }
    here.vendor.add('good', 30);
    await expectSetAside(here, await here.run(), ['poison'], /^bad event \(HTTP 400\)$/);
  },
);

fault(
  'S11',
  'half of all records refused is a systematic fault: 65, and nothing is drained into a file',
  async (context) => {
    const here = await elasticScene(context, { records: 100 });
    here.sink.item = (id) =>
      Number(recordIdOf(id).slice(1)) % 2 === 0
        ? { status: 400, type: 'mapper_exception', reason: 'conflict' }
        : undefined;
    const result = await here.run();
    assert.deepEqual(here.setAside(), []);
    await here.expectProblem(result, {
      exit: 65,
      message:
        /^50 of 100 records were refused, too many to set aside: elastic refused r\d+: mapper_exception: conflict$/,
      hint: /^fix the cause and run again/,
      lift: () => (here.sink.item = undefined),
    });
  },
);

fault(
  'S11',
  'what refuses every record ends the run with 65, also where a run has few: no more than ten in a row are set aside',
  async (context) => {
    const here = await elasticScene(context, { records: 0 });
    const conflict = { status: 400, type: 'mapper_exception', reason: 'conflict' };
    here.sink.item = () => conflict;
    async function tick(id: string): Promise<Awaited<ReturnType<typeof here.run>>> {
      here.clock.now += 60_000;
      here.vendor.add(id, 30);
      return here.run();
    }
    for (let nth = 1; nth <= 10; nth++) assert.equal((await tick(`refused${nth}`)).status, 3);
    assert.equal(here.setAside().length, 10);
    const eleventh = await tick('waiting1');
    assert.equal(here.setAside().length, 10, 'nothing more is set aside');
    assert.equal((await tick('waiting2')).status, 65, 'and so it stays');
    await here.expectProblem(eleventh, {
      exit: 65,
      message:
        /^11 records in a row were refused over the last runs, too many to set aside: elastic refused waiting1: mapper_exception: conflict$/,
      hint: /^fix the cause and run again, for the position stays; or have one run .* --max-quarantine 100; .* set aside before is in .*faults\.quarantine\.jsonl$/,
      lift: () => (here.sink.item = undefined),
    });
    here.sink.item = (id) => (recordIdOf(id).startsWith('refused') ? conflict : undefined);
    for (let nth = 11; nth <= 20; nth++) assert.equal((await tick(`refused${nth}`)).status, 3, 'the count begins anew');
    assert.equal((await tick('accepted')).status, 0);
    assert.equal((await tick('refused21')).status, 3);
  },
);
