/** What users of other tools were burned by, first half: windows, pages and memory of what was read. One test each. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { firstPosition, placeOf } from '../../src/core/position.ts';
import { positionStore } from '../../src/io/position-file.ts';
import { processorTime } from '../support/processor-time.ts';
import { ended, scratch } from '../support/program.ts';
import { thenReset } from '../support/raw-server.ts';
import { answer } from '../faults/answers.ts';
import { saidBy, scene, type Scene, type SceneOptions } from '../faults/harness.ts';
import { positionFile, toFile } from '../faults/processes.ts';
import type { Asked, VendorRecord } from '../faults/vendor.ts';

const minute = 60_000;
const day = 1440 * minute;
const hangUp = thenReset();
const pages = (page: number): Pick<SceneOptions, 'define'> => ({
  define: (definition) => ({ ...definition, limits: { page } }),
});

/** A parameter of each request for records. */
function asked({ vendor }: Scene, name: string): (string | null)[] {
  return vendor.requests.map(({ path }) => new URL(path, 'http://vendor').searchParams.get(name));
}

/** This second, as a watermark. */
function secondOf({ clock }: Scene): string {
  return `${Math.floor(clock.now / 1000)}000000000`;
}

test('R1 a job whose cron skipped 1, 7, 60 or 500 ticks loses nothing: windows begin at the position, not at now', async (context) => {
  const here = await scene(context, pages(500));
  here.expectSuccess(await here.run());
  for (const ticks of [1, 7, 60, 500]) {
    for (let tick = 1; tick <= ticks; tick++) {
      here.clock.now += minute;
      here.vendor.add(`${ticks}-${tick}`, 30);
    }
    here.expectSuccess(await here.run());
  }
});

test('R2 a first run reaches back, after a failure as well; a position that was lost is never taken for a first run', async (context) => {
  const here = await scene(context);
  here.vendor.add('old', 59 * 60);
  here.vendor.fault = () => hangUp;
  assert.equal((await here.run()).status, 69);
  here.vendor.fault = undefined;
  here.expectSuccess(await here.run());

  here.clock.now += minute;
  here.vendor.add('new', 30);
  const [path, previous] = [positionFile(here), `${positionFile(here)}.previous`];
  const backup = join(here.directory, 'backup');
  copyFileSync(path, backup);
  rmSync(path);
  const fallback = await here.run();
  assert.equal(fallback.status, 0);
  assert.match(saidBy(fallback).warnings.join(), /^position file .* is missing: going on from the one before/);
  writeFileSync(path, '');
  writeFileSync(previous, '');
  assert.equal((await here.run()).status, 78, 'both damaged');
  rmSync(previous);
  assert.equal((await here.run()).status, 78, 'one damaged, one gone');
});

test('R3 records that become visible late, by up to the overlap, are delivered once', async (context) => {
  const here = await scene(context, pages(500));
  for (let round = 0; round < 30; round++) {
    here.clock.now += minute;
    for (const late of [5, 60, 240, 590]) if ((round + late) % 3 !== 0) here.vendor.add(`${round}-${late}`, late);
    here.expectSuccess(await here.run());
  }
});

test('R4 fifty thousand records of one millisecond over fifty pages, killed between any two of them, arrive once', async (context) => {
  const output = join(scratch(context), 'out.jsonl');
  const here = await scene(context, { records: 0, ...toFile(output) });
  const last = 50;
  for (let at = 0; at < last * 1000; at++) here.vendor.add(`r${at}`, 60);
  const all = here.vendor.records.splice(0); // it would sort them for every page
  const replies = Array.from({ length: last }, (_, at) => {
    const texts = all.slice(at * 1000, (at + 1) * 1000).map(({ text }) => text);
    const next = at + 1 < last ? `"c${(at + 1) * 2}"` : 'null';
    return answer(here, 200, `{"records":[${texts.join(',')}],"next":${next},"total":${last * 1000}}`);
  });
  for (let page = 2; page <= last; page++) {
    here.vendor.fault = (each) => {
      if (each.kind !== 'page' || each.page !== page) return each.kind === 'page' ? replies[each.page - 1] : undefined;
      child.kill('SIGKILL');
      return () => undefined;
    };
    const child = here.start();
    assert.equal((await ended(child)).signal, 'SIGKILL', `page ${page}`);
  }
  here.vendor.records.push(...all);
  assert.ok(statSync(output).size > 0, 'there was something to take back');
  here.vendor.fault = (each) => (each.kind === 'page' ? replies[each.page - 1] : undefined);
  here.expectSuccess(await here.spawn());
});

/** An answer with the records in another order than the vendor's own. */
function inOrder(here: Scene, { path }: Asked, order: (one: VendorRecord, other: VendorRecord) => number): Buffer {
  const { searchParams } = new URL(path, 'http://vendor');
  const [from, until] = [Date.parse(searchParams.get('from') ?? ''), Date.parse(searchParams.get('until') ?? '')];
  const offset = Number((searchParams.get('cursor') ?? 'c0').slice(1));
  const found = here.vendor.records.filter(({ time }) => time >= from && time <= until).toSorted(order);
  const texts = found.slice(offset, offset + 2).map(({ text }) => text);
  const next = offset + 2 < found.length ? `"c${offset + 2}"` : 'null';
  return answer(here, 200, `{"records":[${texts.join(',')}],"next":${next},"total":${found.length}}`);
}

const orders: Readonly<Record<string, (one: VendorRecord, other: VendorRecord) => number>> = {
  'oldest first': (one, other) => one.time - other.time,
  'newest first': (one, other) => other.time - one.time,
  'in no order': (one, other) => (one.id < other.id ? -1 : 1),
};

for (const [what, order] of Object.entries(orders)) {
  test(`R5 pages ${what}, and any of them fails: the position waits until all of the window was read`, async (context) => {
    // A vendor each: one that fails in run after run is asked for less.
    for (let page = 1; page <= 4; page++) {
      const here = await scene(context, { records: 0 });
      for (const [at, id] of ['m', 'c', 'x', 'a', 'q', 'k', 'z', 'e'].entries()) here.vendor.add(id, 100 - at);
      here.vendor.fault = (each) => (each.kind === 'page' && each.page === page ? hangUp : inOrder(here, each, order));
      const result = await here.run();
      assert.equal(result.status, 69, result.stderr);
      assert.deepEqual(result.watermarks.after, ['none']);
      here.vendor.fault = (each) => inOrder(here, each, order);
      here.expectSuccess(await here.run());
    }
  });

  test(`R6 records that arrive while pages are read by offset, ${what}: the end of the window stands, and none is lost`, async (context) => {
    const here = await scene(context, {
      define: (definition) => ({
        ...definition,
        request: { path: '/audit', query: { from: '{from}', until: '{until}', cursor: 'c{offset}', size: '2' } },
        paging: { type: 'offset', stop: ['empty-page'] },
      }),
    });
    let late = 0;
    here.vendor.fault = (each) => {
      if (each.kind === 'page' && late < 3) {
        here.clock.now += 1000;
        here.vendor.add(`new${late}`, 0);
        here.vendor.add(`late${late++}`, 30);
      }
      return inOrder(here, each, order);
    };
    const result = await here.run();
    assert.equal(new Set(asked(here, 'until')).size, 1, 'one end for all pages');
    assert.ok(result.status === 0 || result.watermarks.after[0] === 'none', result.stderr);
    here.clock.now += minute;
    here.expectSuccess(await here.run());
  });
}

/** Bytes on disk of one remembered ID of 38 bytes, all told. */
const mostBytesOfId = 70;

test(`R10 what was delivered is remembered on disk: 200,000 IDs of 38 bytes in ${mostBytesOfId} bytes each, read in a moment`, async (context) => {
  const directory = join(scratch(context), 'state');
  mkdirSync(directory, { mode: 0o700 });
  const scope = { source: 'a', sink: 'b' };
  const position = firstPosition(scope);
  const { ledger } = placeOf(position, '', 1);
  for (let at = 0; at < 200_000; at++) {
    const key = Buffer.from(`"${String(at).padStart(8, '0')}-1a2b-4c3d-8e4f-5a6b7c8d9e0f"`);
    ledger.keep(ledger.note(key, 0, key.length, 1_795_000_000_000 + at, at));
  }
  const store = positionStore(directory, 'job', scope);
  await store.load();
  await store.save(position);
  assert.ok(statSync(store.path).size < 200_000 * mostBytesOfId, 'the ID itself, and little besides');
  const spent = await processorTime(async () => {
    const loaded = await positionStore(directory, 'job', scope).load();
    assert.equal(loaded?.branches.get('')?.ledger.size(), 200_000);
  });
  assert.ok(spent < 2000, `${spent} ms`); // some 400
});

test('R11 an empty window moves the position to its end; one that failed does not', async (context) => {
  const here = await scene(context, { records: 0 });
  const first = await here.run();
  assert.equal(first.watermarks.after[0], secondOf(here));
  here.clock.now += 30 * day;
  for (const [status, broken] of [
    [69, () => hangUp],
    [76, () => answer(here, 200, '<html>', { 'Content-Type': 'text/html' })],
    [76, () => answer(here, 200, '{"error":"try later","records":[]}')],
    [76, () => answer(here, 200, '{}')],
  ] as const) {
    here.vendor.fault = broken;
    const { watermarks, ...result } = await here.run();
    assert.equal(result.status, status, result.stderr);
    assert.deepEqual(watermarks.after, watermarks.before);
  }
  here.vendor.fault = undefined;
  const last = await here.run();
  assert.equal(last.watermarks.after[0], secondOf(here));
});

test('R12 a record from the future is delivered and moves nothing, and neither does an end in the future', async (context) => {
  const here = await scene(context);
  const future = new Date(here.clock.now + 30 * day).toISOString();
  here.vendor.records.push({ id: 'f', time: here.clock.now - 1000, text: `{"id":"f","time":"${future}"}` });
  const result = await here.run(['-v']);
  assert.match(result.stderr, /1 dated in the future/);
  assert.equal(result.watermarks.after[0], secondOf(here));
  const until = new Date(here.clock.now + day).toISOString();
  const asking = await here.run(['-c', '--until', until]);
  assert.equal(asking.watermarks.after[0], secondOf(here));
  here.vendor.add('next', -5);
  here.clock.now += minute;
  here.expectSuccess(await here.run());
});

for (const [what, nextOf] of [
  ['A, A', () => 'A'],
  ['A, B, A, B', (cursor: string | null) => (cursor === 'A' ? 'B' : 'A')],
  ['a circle of 7', (cursor: string | null) => String((Number(cursor) + 1) % 7)],
] as const) {
  test(`R13 cursors that go in circles (${what}) end the run, and nothing is committed`, async (context) => {
    const here = await scene(context);
    let page = 0;
    here.vendor.fault = ({ path }) => {
      const cursor = new URL(path, 'http://vendor').searchParams.get('cursor');
      const record = `{"id":"p${page++}","time":"${new Date(here.clock.now - 9000).toISOString()}"}`;
      return answer(here, 200, `{"records":[${record}],"next":"${nextOf(cursor)}","total":9999}`);
    };
    const result = await here.run();
    assert.equal(result.status, 76, result.stderr);
    assert.match(saidBy(result).problems.join(), /its paging goes in circles$/);
    assert.ok(page <= 16, `${page} pages`);
    assert.deepEqual(result.watermarks.after, ['none']);
  });
}

test('R14 a cap that cut the window is 3, moves nothing, and the next run brings the rest; a filter here ends no paging', async (context) => {
  const here = await scene(context, { records: 20 });
  const capped = await here.run(['-x', '-c']);
  assert.deepEqual([capped.status, capped.stdout.trimEnd().split('\n').length], [3, 2]);
  assert.deepEqual(capped.watermarks.after, ['none']);
  assert.match(saidBy(capped).hints.join(), /; until then the position stays, and each run with -x asks for the same/);
  here.expectSuccess(await here.run());
  const found = await here.run(['--since', '1h', '--query', 'id=r20']);
  assert.equal(found.stdout.trimEnd(), here.vendor.records.at(-1)?.text);
});

test('R25 an outage longer than the vendor keeps records is a gap with both bounds, told once with 3, and then it goes on', async (context) => {
  const here = await scene(context, {
    define: (definition) => ({ ...definition, window: { ...definition.window, retention: '7d' } }),
  });
  here.expectSuccess(await here.run());
  const left = new Date(here.clock.now).toISOString().replace('.000', '');
  here.clock.now += 30 * day;
  const kept = new Date(here.clock.now - 7 * day).toISOString().replace('.000', '');
  here.vendor.add('back', 30);
  const result = await here.run();
  assert.equal(result.status, 3, result.stderr);
  const [problem = ''] = saidBy(result).problems;
  assert.match(
    problem,
    new RegExp(`^records from ${left}(?:\\.0+)? to ${kept}(?:\\.0+)? are gone: acme no longer keeps them$`),
  );
  here.clock.now += minute;
  here.expectSuccess(await here.run());
  assert.match(readFileSync(positionFile(here), 'utf8'), /"exit": 0/);
});
