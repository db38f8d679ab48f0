import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { linesSource } from '../../../src/core/vendor/lines-source.ts';
import { linesDefinition, type LineRules } from '../../../src/core/definition/lines.ts';
import { exit, Problem } from '../../../src/core/problem.ts';
import type { Tools } from '../../../src/core/tools.ts';
import type { Duration, Search, Source } from '../../../src/core/types.ts';
import { run } from '../../../src/run.ts';
import { arrayBuffers } from '../../support/garbage.ts';
import { fakeTools } from '../../support/fake-tools.ts';
import { memoryJob, memorySink } from '../../support/memory.ts';
import { memoryQuarantine, memoryStore } from '../../support/memory-store.ts';

const start = Date.UTC(2026, 10, 20, 9);
const minute = 60_000;
const noSearch: Search = { query: [], rawQuery: undefined, categories: [], limit: undefined, single: false };

interface Read {
  readonly ids: string[];
  readonly texts: string[];
  readonly times: number[];
  readonly refused: string[];
  readonly unmatched: number;
}

function sourceOf(
  chunks: AsyncIterable<Buffer>,
  { rules = {}, search = {}, tools = fakeTools({ now: start }), overlap }: Options = {},
): Source {
  return linesSource(linesDefinition(rules), chunks, { ...noSearch, ...search }, tools, overlap);
}

interface Options {
  readonly rules?: LineRules;
  readonly search?: Partial<Search>;
  readonly tools?: Tools;
  readonly overlap?: Duration;
}

async function* inPieces(text: string, size = Infinity): AsyncGenerator<Buffer, void, undefined> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, Math.min(at + size, bytes.length));
}

/** One slice, which begins at `until`. */
async function readSlice(source: Source, until: number = start): Promise<Read> {
  const read = {
    ids: [] as string[],
    texts: [] as string[],
    times: [] as number[],
    refused: [] as string[],
    unmatched: 0,
  };
  const slice = { from: 0n, until: BigInt(until) * 1_000_000n };
  for await (const page of source.pull({ branch: '', slice, bookmark: undefined, remembers: () => false })) {
    read.unmatched += page.unmatched;
    read.refused.push(...page.refused.map(({ text }) => text.toString()));
    for (const record of page.records) {
      read.ids.push(record.key.toString('utf8', record.keyStart, record.keyEnd));
      read.texts.push(record.bytes.toString('utf8', record.start, record.end));
      read.times.push(record.time);
    }
  }
  return read;
}

const exported = [
  '# spl audit export',
  '{"category":"aitl","thread":"th_1","record":{"id":"a1","clock":9007199254740993}}',
  '',
  '{"category":"system","record":{"id":"b2"}}',
  '{"category":"decision","id":"c3"}\r',
  '{"category":"dispatch","n":1.10}',
].join('\n');

for (const size of [1, 7, Infinity]) {
  test(`comments and blank lines are skipped, the rest keeps its bytes, in pieces of ${size}`, async () => {
    const { texts, ids } = await readSlice(sourceOf(inPieces(`${exported}\n`, size)));
    assert.deepEqual(texts, [
      '{"category":"aitl","thread":"th_1","record":{"id":"a1","clock":9007199254740993}}',
      '{"category":"system","record":{"id":"b2"}}',
      '{"category":"decision","id":"c3"}',
      '{"category":"dispatch","n":1.10}',
    ]);
    assert.deepEqual(ids.slice(0, 3), ['"a1"', '"b2"', '"c3"']);
    assert.match(ids[3] ?? '', /^sha256:[0-9a-f]{64}$/);
  });
}

test('--id-path names the ID, several are joined, and the usual places no longer count', async () => {
  const text = '{"id":"x","a":{"b":1},"c":"2"}\n';
  assert.deepEqual((await readSlice(sourceOf(inPieces(text), { rules: { id: { paths: ['a.b'] } } }))).ids, ['1']);
  assert.deepEqual((await readSlice(sourceOf(inPieces(text), { rules: { id: { paths: ['a.b', 'c'] } } }))).ids, [
    '[1,"2"]',
  ]);
  const usual = '{"id":"x","record":{"id":"y"}}\n';
  assert.deepEqual(
    (await readSlice(sourceOf(inPieces(usual), { rules: { id: { paths: ['record.id', 'id'] } } }))).ids,
    ['["y","x"]'],
  );
});

test('lines without an ID are told apart by their content, twins by their number', async () => {
  const { ids } = await readSlice(sourceOf(inPieces('{"n":1}\n{"n":2}\n{"n":1}\n')));
  assert.equal(new Set(ids).size, 3);
  assert.equal(ids[2], `${ids[0]}#2`);
});

test('a category is asked for by its old name or its new one; --query looks into the line', async () => {
  for (const category of ['aitl', 'decision']) {
    const read = await readSlice(sourceOf(inPieces(`${exported}\n`), { search: { categories: [category] } }));
    assert.deepEqual([read.ids, read.unmatched], [['"a1"', '"c3"'], 2]);
  }
  const read = await readSlice(sourceOf(inPieces(`${exported}\n`), { search: { query: [['record.id', 'b2']] } }));
  assert.deepEqual(read.ids, ['"b2"']);
  assert.throws(() => sourceOf(inPieces(''), { search: { rawQuery: 'x' } }), { status: exit.usage });
});

test('a line has a time where --time-path says so', async () => {
  const rules: LineRules = { time: { path: 'at', format: 'epoch-s' } };
  const { times } = await readSlice(sourceOf(inPieces('{"at":1795132800}\n{"x":1}\n'), { rules }));
  assert.deepEqual(times, [1_795_132_800_000, Number.NaN]);
});

test('a malformed line is refused alone', async () => {
  const read = await readSlice(sourceOf(inPieces('{"id":1}\n{"id":}\n{"id":3}\n')));
  assert.deepEqual([read.ids, read.refused], [['1', '3'], ['{"id":}']]);
});

test('a torn last line ends the slice in peace, so that the lines before it are delivered; the next slice tells of it', async () => {
  const source = sourceOf(inPieces('{"id":1}\n{"id":2,"x":"to'));
  assert.deepEqual((await readSlice(source)).ids, ['1']);
  assert.equal(source.stream?.isOpen(), true);
  await assert.rejects(readSlice(source), (error) => {
    assert.ok(error instanceof Problem);
    assert.match(error.message, /^standard input was cut off in its last line$/);
    return error.status === exit.protocol && error.again === undefined;
  });
});

test('an input that cannot be read any more ends the slice in peace, too; a page of HTML has nothing to deliver before it is told', async () => {
  const problem = new Problem(exit.ioerr, 'standard input cannot be read (EIO)');
  async function* broken(): AsyncGenerator<Buffer, void, undefined> {
    yield Buffer.from('{"id":1}\n{"id":2}\n{"id":');
    throw problem;
  }
  const source = sourceOf(broken());
  assert.deepEqual((await readSlice(source)).ids, ['1', '2']);
  assert.equal(source.stream?.isOpen(), true);
  await assert.rejects(readSlice(source), (error) => error === problem);

  const page = sourceOf(inPieces('<html>log in</html>\n'));
  await assert.rejects(readSlice(page), { status: exit.protocol });
});

test('a single query reads one piece, and tells of more only when there is more', async () => {
  const search = { single: true };
  async function* pieces(...texts: readonly string[]): AsyncGenerator<Buffer, void, undefined> {
    for (const text of texts) yield Buffer.from(text);
  }
  const whole = sourceOf(pieces('{"id":1}\n{"id":2}', '', ''), { search });
  assert.deepEqual((await readSlice(whole)).ids, ['1', '2']);
  assert.deepEqual([whole.truncated(), whole.stream?.isOpen()], [false, false]);

  const longer = sourceOf(pieces('', '{"id":1}\n', '', '{"id":2}\n', '{"id":3}\n'), { search });
  assert.deepEqual((await readSlice(longer)).ids, ['1']);
  assert.deepEqual([longer.truncated(), longer.guessed(), longer.stream?.isOpen()], [true, false, false]);
});

test('a single query of an input that goes on for more than a minute, with nothing in it, was cut short', async () => {
  const clock = { now: start };
  async function* quiet(): AsyncGenerator<Buffer, void, undefined> {
    yield Buffer.from('{"id":1}\n');
    for (;;) {
      clock.now += 1000;
      yield Buffer.alloc(0);
    }
  }
  const source = sourceOf(quiet(), { search: { single: true }, tools: fakeTools(clock) });
  assert.deepEqual((await readSlice(source)).ids, ['1']);
  assert.deepEqual([source.truncated(), source.guessed(), source.stream?.isOpen()], [true, true, false]);
});

test('a last line without a line break is whole when its record is', async () => {
  assert.deepEqual((await readSlice(sourceOf(inPieces('{"id":1}\n{"id":2}')))).ids, ['1', '2']);
});

test('an idle input yields empty pages; after a minute the slice ends, and the next one goes on', async () => {
  const clock = { now: start };
  async function* endless(): AsyncGenerator<Buffer, void, undefined> {
    for (let number = 0; number < 100; number++) {
      clock.now += 1000;
      yield number % 10 === 0
        ? Buffer.from(`{"id":${number}}\n{"id":`)
        : number % 10 === 1
          ? Buffer.from(`"x${number}"}\n`)
          : Buffer.alloc(0);
    }
  }
  const source = sourceOf(endless(), { tools: fakeTools(clock) });
  const first = await readSlice(source);
  assert.equal(clock.now, start + 60_000);
  assert.equal(source.stream?.isOpen(), true);
  const second = await readSlice(source);
  assert.equal(source.stream?.isOpen(), false);
  assert.deepEqual([...first.ids, ...second.ids].length, 20);
  assert.ok(first.ids.length > 5 && second.ids.length > 5);
});

test('a slice ends when the clock is set back: what it delivered is not to wait until that time has come again', async () => {
  const clock = { now: start };
  async function* idle(): AsyncGenerator<Buffer, void, undefined> {
    yield Buffer.from('{"id":"a"}\n');
    clock.now -= 60 * minute;
    for (let turn = 0; turn < 100; turn++, clock.now += minute / 10) yield Buffer.alloc(0);
  }
  const source = sourceOf(idle(), { tools: fakeTools(clock) });
  assert.deepEqual((await readSlice(source)).ids, ['"a"']);
  assert.ok(clock.now < start - 50 * minute, 'it ended at once');
  assert.equal(source.stream?.isOpen(), true);
});

test('a request to stop ends the slice in peace, so that what was read is delivered; the next slice tells of it', async () => {
  const controller = new AbortController();
  const problem = new Problem(exit.terminate, 'stopped by SIGTERM');
  async function* interrupted(): AsyncGenerator<Buffer, void, undefined> {
    yield Buffer.from('{"id":1}\n{"id":2');
    controller.abort(problem);
    throw problem;
  }
  const source = sourceOf(interrupted(), { tools: fakeTools({ now: start }, controller.signal) });
  assert.deepEqual((await readSlice(source)).ids, ['1']);
  assert.equal(source.stream?.isOpen(), true);
  await assert.rejects(readSlice(source), (error) => error === problem);
});

/** What comes in slices of a minute, a piece of text a minute; what was delivered is remembered for ten. */
async function* readMinutes(pieces: readonly string[]): AsyncGenerator<Read, void, undefined> {
  const clock = { now: start };
  async function* arriving(): AsyncGenerator<Buffer, void, undefined> {
    for (const piece of pieces) {
      yield Buffer.from(piece);
      clock.now += minute;
    }
  }
  const source = sourceOf(arriving(), { tools: fakeTools(clock), overlap: 10n * 60_000_000_000n });
  while (source.stream?.isOpen() === true) yield readSlice(source, clock.now);
}

test('lines without an ID that did not come for a while are forgotten: an endless input needs no more memory', async () => {
  const pieces = Array.from({ length: 200 }, (_, at) =>
    Array.from({ length: 1000 }, (_line, number) => `{"at":${at},"n":${number}}\n`).join(''),
  );
  const before = arrayBuffers(); // Node's own: three million bytes on Node 26
  let lines = 0;
  let least = Infinity; // what is being read is among it, sometimes more, sometimes less
  for await (const { ids } of readMinutes(pieces)) {
    lines += ids.length;
    if (lines >= 150_000 && lines % 10_000 === 0) least = Math.min(least, arrayBuffers() - before);
  }
  assert.equal(lines, 200_000);
  assert.ok(least < 4_000_000, `${least} bytes for ${lines} lines`); // twice as much if all were known
});

test('a line that comes again within the overlap has the next number, and one that does not begins with the first', async () => {
  const twin = '{"n":1}';
  const pieces = Array.from({ length: 60 }, (_, at) => ([0, 9, 18, 59].includes(at) ? twin : `{"at":${at}}`));
  const numbers: string[] = [];
  for await (const { ids, texts } of readMinutes(pieces.map((piece) => `${piece}\n`))) {
    for (const [at, text] of texts.entries()) if (text === twin) numbers.push(ids[at]?.slice(71) ?? 'none');
  }
  assert.deepEqual(numbers, ['', '#2', '#3', '']);
});

test('no line of a stream is taken for one that was delivered before, however often and at whatever time it comes', async () => {
  const arrivals = fc.array(fc.tuple(fc.nat(3), fc.nat(4 * minute)), { minLength: 1, maxLength: 80 });
  await fc.assert(
    fc.asyncProperty(arrivals, async (lines) => {
      const clock = { now: start };
      async function* arriving(): AsyncGenerator<Buffer, void, undefined> {
        for (const [content, pause] of lines) {
          yield Buffer.from(`{"n":${content}}\n`);
          clock.now += pause;
        }
      }
      const overlap = 5n * 60_000_000_000n;
      const tools = fakeTools(clock);
      const { summary, problems } = await run({
        job: { ...memoryJob, overlap },
        source: sourceOf(arriving(), { tools, overlap }),
        sink: memorySink(),
        store: memoryStore(),
        scope: { source: 'stdin', sink: 'memory' },
        quarantine: memoryQuarantine(),
        tools,
      });
      assert.deepEqual([problems, summary.delivered, summary.seen], [[], lines.length, 0]);
    }),
    { numRuns: 200 },
  );
});

test('what a stream delivers after the clock was set back is remembered: the next run leaves it out', async () => {
  const store = memoryStore();
  const clock = { now: start };
  const tools = fakeTools(clock);
  async function* setBack(): AsyncGenerator<Buffer, void, undefined> {
    yield Buffer.from('{"id":1}\n');
    clock.now -= 2 * 1440 * minute;
    yield Buffer.from('{"id":2}\n');
    clock.now += 2 * minute;
    yield Buffer.from('{"id":3}\n');
  }
  const counts: number[][] = [];
  for (const lines of [setBack(), inPieces('{"id":1}\n{"id":2}\n{"id":3}\n{"id":4}\n')]) {
    const { summary, problems } = await run({
      job: memoryJob,
      source: sourceOf(lines, { tools }),
      sink: memorySink(),
      store,
      scope: { source: 'stdin', sink: 'memory' },
      quarantine: memoryQuarantine(),
      tools,
    });
    assert.deepEqual(problems, []);
    counts.push([summary.delivered, summary.seen]);
  }
  assert.deepEqual(counts, [
    [3, 0],
    [1, 3],
  ]);
});

test('the same broken line in many runs is set aside each time, stops no run, and counts for nothing in a later one', async () => {
  const store = memoryStore();
  const quarantine = memoryQuarantine();
  const sink = memorySink();
  sink.answer = ({ body }) =>
    body.includes('poison') ? { outcomes: [{ refused: 'no mapping for poison' }] } : undefined;
  const lines = ['bad line\n{"id":"poison"}\n', 'bad line\n{"id":1}\n'];
  for (const text of [...Array<string>(12).fill('bad line\n'), ...lines]) {
    const { problems } = await run({
      job: memoryJob,
      source: sourceOf(inPieces(text)),
      sink,
      store,
      scope: { source: 'stdin', sink: 'memory' },
      quarantine,
      tools: fakeTools({ now: start }),
    });
    assert.deepEqual(
      problems.map(({ status }) => status),
      [exit.partial],
    );
  }
  assert.deepEqual([quarantine.added.length, sink.taken], [15, ['{"id":1}']]);
});
