/** What users of other tools were burned by, second half: delivery, state, exit statuses, secrets and bytes. One test each. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { onReached } from '../../src/io/failpoint.ts';
import { ended, scratch } from '../support/program.ts';
import { thenReset } from '../support/raw-server.ts';
import { answer, bent } from '../faults/answers.ts';
import { elasticScene, ids, idsIn, onPost, recordIdOf, splunkScene } from '../faults/destinations.ts';
import { saidBy, scene } from '../faults/harness.ts';
import { watchMemory } from '../faults/peak-memory.ts';
import { heldPage, positionFile, toFile } from '../faults/processes.ts';
import { onPage } from '../faults/replies.ts';
import type { Fault } from '../faults/vendor.ts';

const minute = 60_000;
const hangUp = thenReset();

test('R7 delivered, then committed, whatever step fails: the disk at each of them in turn', async (context) => {
  const here = await elasticScene(context, { records: 12 });
  context.after(() => onReached(undefined));
  const failed: string[] = [];
  for (let nth = 1; ; nth++) {
    here.clock.now += 60_000;
    here.vendor.add(`n${nth}`, 30);
    let step = 0;
    onReached((point) => {
      if (!point.startsWith('position: ') || ++step !== nth) return;
      failed.push(point);
      throw Object.assign(new Error('full'), { code: 'ENOSPC' });
    });
    const result = await here.run();
    onReached(undefined);
    if (step < nth) {
      assert.equal(result.status, 0, result.stderr);
      break;
    }
    assert.equal(result.status, 74, `${failed.at(-1)}: ${result.stderr}`);
  }
  here.expectDelivered();
  assert.ok(new Set(failed).size >= 5, failed.join());
});

test('R8 a destination that fails once after records were noted gets them from the next run', async (context) => {
  const here = await splunkScene(context, { records: 5 });
  here.sink.hook = onPost(() => ({ status: 400, body: { text: 'Incorrect index', code: 7 } }));
  assert.equal((await here.run()).status, 78);
  here.sink.hook = undefined;
  here.clock.now += 60_000;
  here.expectSuccess(await here.run());
});

test('R9 records without an ID are known by their content: key order, escapes and volatile members make no new record', async (context) => {
  const here = await scene(context, {
    records: 0,
    define: (definition) => ({
      ...definition,
      records: { ...definition.records, id: { content: true, without: ['seen'] }, volatile: ['page'] },
    }),
  });
  const time = new Date(here.clock.now - 30_000).toISOString();
  here.vendor.add('a', 30, `{"time":"${time}","who":"Zo\\u00eb","seen":1,"n":{"a":1,"b":2}}`);
  here.vendor.add('b', 30, `{"time":"${time}","who":"Ada","seen":1,"page":1,"n":12345678901234567890}`);
  here.expectSuccess(await here.run());
  const originals = here.vendor.records.splice(0);
  here.clock.now += 60_000;
  here.vendor.add('b', 90, `{"n":12345678901234567890,"seen":2,"who":"Ada","time":"${time}"}`);
  here.vendor.add('a', 90, `{"n":{"b":2,"a":1},"who":"Zoë","seen":7,"time":"${time}"}`);
  const again = await here.run();
  assert.deepEqual([again.status, again.stdout], [0, '']);
  here.vendor.add('c', 90, `{"n":12345678901234567891,"seen":2,"who":"Ada","time":"${time}"}`);
  const other = await here.run();
  assert.equal(other.stdout.trimEnd(), here.vendor.records.at(-1)?.text, 'one digit makes another record');
  assert.equal(originals.length, 2);
});

for (const dedupe of ['changes', 'content']) {
  test(`R9 a volatile member of a record with an ID is no other content of it (--dedupe ${dedupe}), and all of it is delivered as it came`, async (context) => {
    const here = await scene(context, {
      records: 0,
      argv: ['--dedupe', dedupe],
      define: (definition) => ({ ...definition, records: { ...definition.records, volatile: ['seen'] } }),
    });
    const time = new Date(here.clock.now - 30_000).toISOString();
    const shown = (seen: string, who: string): string => `{"id":"a", "seen" : ${seen},"time":"${time}","who":"${who}"}`;
    const seconds = (): number => (here.clock.now - Date.parse(time)) / 1000;
    here.vendor.add('a', seconds(), shown('"x"', 'Ada'));
    here.expectSuccess(await here.run());
    for (const seen of ['"y"', '[1,{"a":"}"}]', 'null']) {
      here.vendor.records.length = 0;
      here.clock.now += 60_000;
      here.vendor.add('a', seconds(), shown(seen, 'Ada'));
      const { status, stdout, stderr } = await here.run();
      assert.deepEqual([status, stdout, stderr], [0, '', '']);
    }
    here.vendor.records.length = 0;
    here.vendor.add('a', seconds(), shown('"y"', 'Zoë'));
    const { status, stdout, stderr } = await here.run();
    assert.deepEqual([status, stdout], [0, `${shown('"y"', 'Zoë')}\n`]);
    assert.equal(stderr.includes('other content'), dedupe === 'changes', stderr);
  });
}

test('R15 a vendor’s Retry-After is obeyed in seconds and as a date; one beyond the run ends it with 75', async (context) => {
  const here = await scene(context);
  let limited = 0;
  const limit = (after: string) =>
    onPage(2, () => (limited++ === 0 ? answer(here, 429, '{}', { 'Retry-After': after }) : undefined));
  here.vendor.fault = limit('13');
  const first = await here.run();
  here.expectSuccess(first);
  assert.deepEqual(first.waits, [13_000]);

  for (let at = 0; at < 4; at++) here.vendor.add(`new${at}`, 5);
  limited = 0;
  here.vendor.fault = limit(new Date(here.clock.now + 21_000).toUTCString());
  const second = await here.run();
  here.expectSuccess(second);
  assert.deepEqual(second.waits, [21_000]);

  limited = 0;
  here.vendor.fault = limit('3600');
  const third = await here.run(['--max-runtime', '50s']);
  assert.deepEqual([third.status, third.waits], [75, []], third.stderr);
  assert.match(saidBy(third).problems.join(), /rate-limited until .*$/);
});

test('R16 HTTP 200 is not delivered: each document has its own answer', async (context) => {
  const here = await elasticScene(context, { records: 10 });
  here.sink.item = (id, _source, attempt) =>
    recordIdOf(id) === 'r3' && attempt < 3
      ? { status: 429, type: 'es_rejected_execution_exception', reason: 'full' }
      : undefined;
  here.expectSuccess(await here.run());
  assert.deepEqual(here.sink.bulks().map(idsIn), [ids(10), ['r3'], ['r3']]);
});

test('R17 two poison records among 128 cost at most 2 x 8 further requests, and the rest goes on', async (context) => {
  const here = await elasticScene(context, { records: 128 });
  here.sink.hook = onPost(({ body }) =>
    /:r(?:17|90)"/.test(body) ? { status: 400, body: { error: { type: 'parse', reason: 'poison' } } } : undefined,
  );
  const result = await here.run();
  assert.equal(result.status, 3, result.stderr);
  assert.ok(here.posts().length <= 1 + 16, `${here.posts().length} requests`);
  assert.deepEqual(
    here
      .setAside()
      .map(({ id }) => id)
      .sort(),
    ['r17', 'r90'],
  );
  here.expectDelivered();
});

test('R18 a position cut anywhere is never a first run: the one before is used, or the run refuses', async (context) => {
  const here = await scene(context, toFile(join(scratch(context), 'out.jsonl')));
  for (let run = 0; run < 3; run++) {
    here.expectSuccess(await here.run());
    here.clock.now += 60_000;
    here.vendor.add(`new${run}`, 30);
  }
  const whole = readFileSync(positionFile(here));
  const before = readFileSync(`${positionFile(here)}.previous`);
  for (let size = 0; size < whole.length; size += 41) {
    writeFileSync(positionFile(here), whole.subarray(0, size));
    writeFileSync(`${positionFile(here)}.previous`, before);
    here.expectSuccess(await here.run(), { warnings: [/is damaged/] });
    writeFileSync(positionFile(here), whole.subarray(0, size));
    writeFileSync(`${positionFile(here)}.previous`, before.subarray(0, Math.min(size, before.length - 1)));
    assert.equal((await here.run()).status, 78);
  }
});

test('R19 a second run ends at once with 75; after kill -9 of the first the next one starts at once', async (context) => {
  const here = await scene(context);
  const held = heldPage(here, 1);
  const child = here.start();
  const end = ended(child);
  await held.asked(end);
  assert.equal((await here.spawn()).status, 75);
  child.kill('SIGKILL');
  await end;
  here.vendor.fault = undefined;
  here.expectSuccess(await here.spawn());
});

test('R20 nothing that lost or postponed a record is 0, and every run accounts for every record in one line', async (context) => {
  const here = await scene(context, {
    records: 3,
    define: (definition) => ({ ...definition, records: { ...definition.records, total: 'total' } }),
  });
  const failures: readonly Fault[] = [
    () => hangUp,
    () => answer(here, 401, '{}'),
    () => answer(here, 403, '{}'),
    () => answer(here, 404, '{}'),
    () => answer(here, 500, '{}'),
    () => answer(here, 200, ''),
    () => answer(here, 200, '[]'),
    () => answer(here, 200, '{"records":null}'),
    () => answer(here, 200, '{"records":{}}'),
    (_asked, honest) => bent(here, honest, (body) => body.replace('"total":3', '"total":4')),
    onPage(2, (_asked, honest) => bent(here, honest, (body) => body.replace('"records"', '"items"'))),
  ];
  for (const [at, failure] of failures.entries()) {
    here.vendor.fault = failure;
    const result = await here.run(['--job', `failing-${at}`]);
    assert.ok(result.status !== null && result.status >= 65, `failure ${at}: ${result.status}`);
    const { problems, hints } = saidBy(result);
    assert.deepEqual([problems.length, hints.length], [1, 1], result.stderr);
  }
  here.vendor.fault = undefined;
  const first = await here.run(['-v', '--job', 'fine']);
  assert.match(first.stderr, /3 fetched, 3 delivered, position /);
  here.vendor.add('new', 1);
  here.clock.now += 60_000;
  const second = await here.run(['-v', '--job', 'fine']);
  assert.match(second.stderr, /4 fetched, 1 delivered, 3 seen before, position /);
});

test('R21 a reader that is gone and a full device commit nothing', async (context) => {
  const here = await scene(context);
  const full = await here.spawn([], { stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'] });
  const child = here.start();
  child.stdout?.destroy();
  const gone = await ended(child);
  assert.deepEqual([full.status, gone.status], [74, 74]);
  assert.deepEqual(full.watermarks.after, ['none']);
  here.clock.now += 60_000;
  here.expectSuccess(await here.spawn());
});

test('R22 no secret is seen anywhere at full verbosity, whatever fails and however it is logged', async (context) => {
  const here = await scene(context, { session: true });
  const leak = `{"error":"bad password canary-pass w0rd/+&\\" of canary-user, canary-session-1","records":[]}`;
  const failures = [
    undefined,
    () => hangUp,
    () => answer(here, 401, leak),
    () => answer(here, 500, leak),
    () => answer(here, 200, leak),
    () => answer(here, 302, leak, { Location: 'http://canary-user:x@127.0.0.1:9/?password=canary-pass' }),
  ];
  for (const format of ['text', 'json']) {
    for (const failure of failures) {
      here.vendor.fault = failure;
      here.expectNoSecrets(await here.run(['-vv', '--log-format', format]));
    }
  }
});

test('R23 what JSON.parse would spoil arrives with its SHA-256', async (context) => {
  const here = await scene(context, { records: 0 });
  const time = new Date(here.clock.now - 30_000).toISOString();
  const odd = [
    '"n":12345678901234567890123,"f":1.10,"e":1e400,"z":-0,"t":1E+2',
    '"b":1,"a":2,"b":3,"":4',
    '"s":"\\u00e9\\ud800\\/\\u0000 é😀 \\"","u":"\u2028\u2029\ufeff"',
    '"deep":[[[[{"x":[{},[],null,true]}]]]],"blank" : [ 1 , 2 ]',
  ];
  for (const [at, more] of odd.entries()) here.vendor.add(`r${at}`, 30, `{"id":"r${at}","time":"${time}",${more}}`);
  here.expectSuccess(await here.run());
  const sums = (texts: readonly string[]): string[] =>
    texts.map((text) => createHash('sha256').update(text).digest('hex')).sort();
  assert.deepEqual(sums(here.delivered()), sums(here.vendor.records.map(({ text }) => text)));
});

/** V8 of Node 24 and later lets more garbage gather before it collects. */
const collectsLater = Number(process.versions.node.split('.')[0]) >= 24;
/** Peak memory of a run, in megabytes, whatever the window. */
const mostMemory = collectsLater ? 180 : 150;
/** With a million IDs to remember. Seen on Node 26: 165 to 201 MB, the more the fewer processors were free to collect. */
const mostMemoryOfMillion = collectsLater ? 250 : 200;

test('R24 ten thousand pages in one window, with cursors of 2 KB, need little memory', async (context) => {
  const here = await scene(context, { records: 0 });
  const last = 10_000;
  const time = new Date(here.clock.now - minute).toISOString();
  const texts = Array.from({ length: last }, (_, at) => `{"id":"r${at}","time":"${time}"}`);
  const long = 'x'.repeat(2000);
  let page = 0;
  here.vendor.fault = () => {
    const text = texts[page++] ?? '';
    return answer(
      here,
      200,
      `{"records":[${text}],"next":${page < last ? `"${long}${page}"` : 'null'},"total":${last}}`,
    );
  };
  const memory = watchMemory(here);
  const { status, stderr, stdout } = await here.spawn([], { environment: memory.environment });
  assert.deepEqual([status, stderr], [0, '']);
  assert.deepEqual(stdout.split('\n').slice(0, -1), texts);
  context.diagnostic(`${memory.megabytes()} MB`);
  assert.ok(memory.megabytes() < mostMemory, `${memory.megabytes()} MB`);
});

test('R24 a page of 100 MB needs little memory', async (context) => {
  const output = join(scratch(context), 'out.jsonl');
  const here = await scene(context, { records: 0, ...toFile(output) });
  const time = new Date(here.clock.now - minute).toISOString();
  const [count, pad] = [50_000, 'x'.repeat(2000)];
  const body = Array.from({ length: count }, (_, at) => `{"id":"r${at}","time":"${time}","pad":"${pad}"}`).join(',');
  here.vendor.fault = () => answer(here, 200, `{"records":[${body}],"next":null}`);
  assert.ok(body.length > 100e6);
  const memory = watchMemory(here);
  const { status, stderr } = await here.spawn([], { environment: memory.environment });
  assert.deepEqual([status, stderr], [0, '']);
  assert.ok(readFileSync(output).equals(Buffer.from(`${body.replaceAll('},{', '}\n{')}\n`)), 'byte for byte');
  context.diagnostic(`${memory.megabytes()} MB`);
  assert.ok(memory.megabytes() < mostMemory, `${memory.megabytes()} MB`);
});

test('R24 a million records, all of them remembered, are pulled and then known again in bounded memory', async (context) => {
  const output = join(scratch(context), 'out.jsonl');
  const here = await scene(context, { records: 0, ...toFile(output) });
  const time = new Date(here.clock.now - minute).toISOString();
  const [pages, each] = [100, 10_000];
  const replies = Array.from({ length: pages }, (_, page) => {
    const id = (at: number): string => `${String(page * each + at).padStart(8, '0')}-1a2b-4c3d-8e4f-5a6b7c8d9e0f`;
    const texts = Array.from({ length: each }, (_, at) => `{"id":"${id(at)}","time":"${time}"}`);
    return answer(
      here,
      200,
      `{"records":[${texts.join(',')}],"next":${page + 1 < pages ? `"c${2 * (page + 1)}"` : 'null'}}`,
    );
  });
  here.vendor.fault = (asked) => (asked.kind === 'page' ? replies[asked.page - 1] : undefined);
  const memory = watchMemory(here);
  for (const [said, grown] of [
    [/1,?000,?000 fetched, 1,?000,?000 delivered/, true],
    [/1,?000,?000 fetched, 0 delivered, 1,?000,?000 seen before/, false],
  ] as const) {
    const before = statSync(output, { throwIfNoEntry: false })?.size ?? 0;
    const { status, stderr } = await here.spawn(['-v', '--log-format', 'text'], { environment: memory.environment });
    assert.equal(status, 0, stderr);
    assert.match(stderr, said);
    assert.equal(statSync(output).size > before, grown);
    context.diagnostic(`${memory.megabytes()} MB`);
    assert.ok(memory.megabytes() < mostMemoryOfMillion, `${memory.megabytes()} MB`);
  }
});
