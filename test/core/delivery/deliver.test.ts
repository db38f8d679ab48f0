import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Hint } from '../../../src/core/hint.ts';
import fc from 'fast-check';
import { type Packed, packer } from '../../../src/core/batch.ts';
import { type Delivered, nothingDelivered } from '../../../src/core/delivery/delivered.ts';
import { jsonLine } from '../../../src/core/wire/json-line.ts';
import { exit, Problem } from '../../../src/core/problem.ts';
import { attempts } from '../../../src/core/retry.ts';
import type { Batch, Outcome, Reply } from '../../../src/core/types.ts';
import { fakeTools } from '../../support/fake-tools.ts';
import { auditRecords, textOf } from '../../support/records.ts';
import { problem } from '../../support/problem.ts';
import { deliverTo } from '../../support/send-all.ts';

/** Entries are 100, 101, ... so that they are not mistaken for indices. */
function packed(count: number): Packed {
  const packing = packer(
    { encode: jsonLine, limits: () => ({ records: 10_000, bytes: 10_000_000, record: 1_000_000 }) },
    '',
  );
  for (const [index, record] of auditRecords(count).entries()) packing.add(record, 100 + index);
  const taken = packing.take();
  assert.ok(taken);
  return taken;
}

/** The numbers of the records in a request. */
function numbers(batch: Batch): number[] {
  return batch.records.map((record) => Number(/"n":(\d+)/.exec(textOf(record))?.[1]));
}

/** A sink that notes its requests and answers each by a function. */
function fakeSink(answer: (asked: number[], request: number) => Reply) {
  const requests: number[][] = [];
  return {
    name: 'fake',
    requests,
    send(batch: Batch): Promise<Reply> {
      assert.equal(batch.body.toString(), batch.records.map((record) => `${textOf(record)}\n`).join(''));
      const asked = numbers(batch);
      requests.push(asked);
      return Promise.resolve().then(() => answer(asked, requests.length));
    },
  };
}

const kept = (asked: readonly number[]): Reply => ({ outcomes: asked.map(() => 'kept' as const) });
const range = (from: number, until: number): number[] =>
  Array.from({ length: until - from }, (_, index) => from + index);

test('a batch that is taken at once is one request', async () => {
  const sink = fakeSink(kept);
  const delivered = await deliverTo(sink, packed(4), fakeTools({ now: 0 }));
  assert.deepEqual(delivered, { ...nothingDelivered, kept: [100, 101, 102, 103] });
  assert.equal(sink.requests.length, 1);
});

test('only the records that failed for now are sent again, in their order', async () => {
  const sink = fakeSink((asked, request) =>
    request === 1
      ? { outcomes: asked.map((n): Outcome => (n === 1 || n === 3 ? { again: 'busy' } : 'kept')) }
      : request === 2
        ? { outcomes: ['kept', { again: 'busy' }] }
        : kept(asked),
  );
  const delivered = await deliverTo(sink, packed(5), fakeTools({ now: 0 }));
  assert.deepEqual(sink.requests, [[0, 1, 2, 3, 4], [1, 3], [3]]);
  assert.deepEqual(delivered.kept, [100, 101, 102, 103, 104]);
});

test('what failed for now is sent again before what comes after it', async () => {
  const sink = fakeSink((asked, request) => {
    if (asked.length > 2) return { split: 'size', tooLarge: true };
    return request === 2 ? { again: 'busy' } : kept(asked);
  });
  await deliverTo(sink, packed(4), fakeTools({ now: 0 }));
  assert.deepEqual(sink.requests, [
    [0, 1, 2, 3],
    [0, 1],
    [0, 1],
    [2, 3],
  ]);
});

test('a request that is made again at once, as after a new login, does not count as repeated', async () => {
  let repeated = 0;
  const sink = fakeSink((asked, request) => {
    if (request === 1) throw new Problem(exit.noperm, 'the session is over', { again: { after: 0 } });
    return kept(asked);
  });
  await deliverTo(sink, packed(2), fakeTools({ now: 0 }), { repeated: () => void (repeated += 1) });
  assert.deepEqual([sink.requests.length, repeated], [2, 0]);
});

test('a batch of which nothing was taken goes at once in another form, and is no repeat', async () => {
  const sink = fakeSink((asked, request) => (request === 1 ? { again: 'fake does not take gzip' } : kept(asked)));
  const clock = fakeTools({ now: 0 });
  let repeated = 0;
  await deliverTo(sink, packed(2), clock, { repeated: () => void (repeated += 1) });
  assert.deepEqual(
    [sink.requests, clock.waits, repeated],
    [
      [
        [0, 1],
        [0, 1],
      ],
      [],
      0,
    ],
  );
});

test('what a sink says about single records is reported when it has said so often enough', async () => {
  const sink = fakeSink((asked) => ({ outcomes: asked.map(() => ({ again: 'busy' })) }));
  await assert.rejects(deliverTo(sink, packed(2), fakeTools({ now: 0 })), {
    status: exit.unavailable,
    message: 'busy (5 attempts)',
  });
});

test('a request counts as repeated unless the sink says of each record that it did not take it', async () => {
  for (const [again, expected] of [
    [[true, true], 0],
    [[true, undefined], 1],
    [[undefined, true], 1],
  ] as const) {
    const sink = fakeSink((asked, request) =>
      request === 1
        ? { outcomes: ['kept', ...again.map((untaken) => ({ again: 'busy', ...(untaken && { untaken }) }))] }
        : kept(asked),
    );
    let repeated = 0;
    await deliverTo(sink, packed(3), fakeTools({ now: 0 }), { repeated: () => void (repeated += 1) });
    assert.equal(repeated, expected);
  }
});

test('parts of a batch count as repeated where the sink has taken some of it and does not say which, until one is sent alone', async () => {
  for (const [more, expected] of [
    [{ tooLarge: true, repeats: true }, 2],
    [{ repeats: true }, 2],
    [{ tooLarge: true }, 0],
    [{}, 0],
  ] as const) {
    const sink = fakeSink((asked) => (asked.includes(1) ? { split: 'no ID', ...more } : kept(asked)));
    let repeated = 0;
    const { refused } = await deliverTo(sink, packed(4), fakeTools({ now: 0 }), {
      repeated: () => void (repeated += 1),
    });
    assert.deepEqual([refused.map(({ entry }) => entry), repeated], [[101], expected]);
  }
});

test('a refused record is set aside with its reason, and its neighbours are kept', async () => {
  const sink = fakeSink((asked) => ({
    outcomes: asked.map((n): Outcome => (n === 2 ? { refused: 'no such field' } : 'kept')),
  }));
  const delivered = await deliverTo(sink, packed(4), fakeTools({ now: 0 }));
  assert.deepEqual(delivered.kept, [100, 101, 103]);
  assert.deepEqual(
    delivered.refused.map(({ entry, record, reason }) => [entry, textOf(record), reason]),
    [[102, '{"id":"r2","n":2}', 'no such field']],
  );
});

test('a sink that takes nothing is tried five times, with growing random waits, and then it is 69', async () => {
  const sink = fakeSink(() => {
    throw new Problem(exit.unavailable, 'fake is down', { again: {} });
  });
  const clock = fakeTools({ now: 0 });
  await assert.rejects(deliverTo(sink, packed(3), clock), problem(exit.unavailable, /fake is down/));
  assert.equal(sink.requests.length, attempts);
  assert.equal(clock.waits.length, attempts - 1);
  assert.ok((clock.waits[3] ?? 0) > (clock.waits[0] ?? 0));
});

test('a problem that may pass is waited out; its status is reported when it does not', async () => {
  const busy = new Problem(exit.tempfail, 'fake is rate limited', { again: { after: 7000 }, hint: 'slow down' });
  const passing = fakeSink((asked, request) => {
    if (request < 3) throw busy;
    return kept(asked);
  });
  const clock = fakeTools({ now: 0 });
  await deliverTo(passing, packed(3), clock);
  assert.deepEqual(clock.waits, [7000, 7000]);

  const lasting = fakeSink(() => {
    throw busy;
  });
  await assert.rejects(deliverTo(lasting, packed(3), fakeTools({ now: 0 })), {
    status: exit.tempfail,
    hint: 'slow down',
  });
});

test('a problem that does not pass is thrown at once', async () => {
  const sink = fakeSink(() => {
    throw new Problem(exit.noperm, 'fake refused the key');
  });
  await assert.rejects(deliverTo(sink, packed(3), fakeTools({ now: 0 })), { status: exit.noperm });
  assert.equal(sink.requests.length, 1);
});

test('an asked wait is never shortened: one beyond the end of the run is 75 at once', async () => {
  const sink = fakeSink(() => {
    throw new Problem(exit.unavailable, 'fake is busy', { again: { after: 60_000 } });
  });
  const clock = { ...fakeTools({ now: 0 }), deadline: () => 50_000 };
  await assert.rejects(deliverTo(sink, packed(3), clock), { status: exit.tempfail });
  assert.deepEqual(clock.waits, []);
});

test('an asked wait of more than a quarter of an hour is left to the next run: 75, and what was taken is known', async () => {
  const sink = fakeSink((asked, request) => {
    if (request > 1) throw new Problem(exit.tempfail, 'fake is rate limited', { again: { after: 7_200_000 } });
    return { outcomes: asked.map((n) => (n === 0 ? 'kept' : { again: 'busy' })) };
  });
  const clock = fakeTools({ now: 0 });
  const certain: Delivered[] = [];
  await assert.rejects(deliverTo(sink, packed(3), clock, { soFar: (delivered) => void certain.push(delivered) }), {
    status: exit.tempfail,
    message: /^fake is rate limited: rate-limited until 1970-01-01T02:00:00.\d+Z$/,
    hint: 'progress is kept, and the next run continues from here; run it less often if this repeats',
  });
  assert.deepEqual(clock.waits, [250]);
  assert.deepEqual(certain[0]?.kept, [100]);
});

test('whatever fails, there is a next step, also where the sink names none', async () => {
  for (const answer of [
    (): Reply => ({ again: 'fake is down' }),
    (asked: number[]): Reply => ({ outcomes: asked.map(() => ({ again: 'no shards' })) }),
    (): Reply => {
      throw new Problem(exit.unavailable, 'fake is gone', { again: {} });
    },
  ]) {
    await assert.rejects(
      deliverTo(fakeSink(answer), packed(3), fakeTools({ now: 0 })),
      problem(exit.unavailable, /\(5 attempts\)$/, /the next run/),
    );
  }
});

test('attempts are counted anew when something was taken', async () => {
  const sink = fakeSink((asked) => ({ outcomes: asked.map((_, at) => (at === 0 ? 'kept' : { again: 'busy' })) }));
  const delivered = await deliverTo(sink, packed(20), fakeTools({ now: 0 }));
  assert.equal(delivered.kept.length, 20);
  assert.equal(sink.requests.length, 20);
});

test('a sink that asks to slow down is left alone for that long', async () => {
  const clock = fakeTools({ now: 0 });
  await deliverTo(
    fakeSink((asked) => ({ outcomes: asked.map(() => 'kept'), after: 5000 })),
    packed(2),
    clock,
  );
  assert.deepEqual(clock.waits, [5000]);
});

test('a sink that refuses a record, and asks to slow down, is left alone as well', async () => {
  const clock = fakeTools({ now: 0 });
  const sink = fakeSink(() => ({ outcomes: ['kept', { refused: 'no mapping' }], after: 2000 }));
  await deliverTo(sink, packed(2), clock);
  assert.deepEqual(clock.waits, [2000]);
});

test('a sink that asks to slow down for hours does not hold the run up for hours: everything is delivered', async () => {
  const clock = fakeTools({ now: 0 });
  const { kept } = await deliverTo(
    fakeSink((asked) => ({ outcomes: asked.map(() => 'kept'), after: 7_200_000 })),
    packed(2),
    clock,
  );
  assert.deepEqual(kept, [100, 101]);
  assert.deepEqual(clock.waits, [60_000]);
});

test('a stop request during that rest loses no outcome', async () => {
  const clock = {
    ...fakeTools({ now: 0 }),
    wait: () => Promise.reject(new Problem(exit.terminate, 'stopped by SIGTERM')),
  };
  const delivered = await deliverTo(
    fakeSink((asked) => ({ outcomes: asked.map(() => 'kept'), after: 5000 })),
    packed(2),
    clock,
  );
  assert.deepEqual(delivered.kept, [100, 101]);
});

test('a stop request between attempts ends the run, and says what was taken before', async () => {
  const clock = {
    ...fakeTools({ now: 0 }),
    wait: () => Promise.reject(new Problem(exit.terminate, 'stopped by SIGTERM')),
  };
  const sink = fakeSink((asked) => ({ outcomes: asked.map((n) => (n === 1 ? { again: 'busy' } : 'kept')) }));
  const certain: Delivered[] = [];
  await assert.rejects(deliverTo(sink, packed(3), clock, { soFar: (delivered) => void certain.push(delivered) }), {
    status: exit.terminate,
  });
  assert.deepEqual(certain, [{ ...nothingDelivered, kept: [100, 102] }]);
});

test('records whose acknowledgement is still to come are returned under its name', async () => {
  const sink = fakeSink((asked, request) =>
    request === 1
      ? {
          outcomes: asked.map((n): Outcome => (n < 2 ? 'kept' : n === 2 ? { refused: 'bad' } : { again: 'rest' })),
          pending: 'a:0',
          after: 0,
        }
      : { outcomes: asked.map(() => 'kept'), pending: 'a:1' },
  );
  const clock = fakeTools({ now: 0 });
  const delivered = await deliverTo(sink, packed(5), clock);
  assert.deepEqual(clock.waits, []);
  assert.deepEqual(delivered.kept, []);
  assert.deepEqual(delivered.awaited, [
    { pending: 'a:0', entries: [100, 101] },
    { pending: 'a:1', entries: [103, 104] },
  ]);
  assert.deepEqual(
    delivered.refused.map(({ entry }) => entry),
    [102],
  );
});

test('too many outcomes, or too few, are a bug and not a delivery', async () => {
  await assert.rejects(
    deliverTo(
      fakeSink(() => ({ outcomes: ['kept'] })),
      packed(2),
      fakeTools({ now: 0 }),
    ),
    /1 outcomes for 2 records/,
  );
});

for (const size of [1, 2, 3, 8, 100, 1000]) {
  test(`one poison record among ${size} costs at most ceil(log2 n) + 2 further requests`, async () => {
    const places = size > 8 ? [0, 1, Math.floor(size / 2), size - 2, size - 1] : range(0, size);
    for (const poison of places) {
      const sink = fakeSink((asked) => (asked.includes(poison) ? { split: 'spoilt' } : kept(asked)));
      const delivered = await deliverTo(sink, packed(size), fakeTools({ now: 0 }));
      assert.deepEqual(
        delivered.refused.map(({ entry, reason }) => [entry, reason]),
        [[100 + poison, 'spoilt']],
      );
      assert.deepEqual(
        delivered.kept,
        range(100, 100 + size).filter((entry) => entry !== 100 + poison),
      );
      assert.ok(
        sink.requests.length - 1 <= Math.ceil(Math.log2(size)) + 2,
        `${sink.requests.length} requests for poison at ${poison} of ${size}`,
      );
    }
  });
}

test('a sink that only takes few records at once is not mistaken for one with poison in it', async () => {
  const sink = fakeSink((asked) => (asked.length > 3 ? { split: 'too many at once' } : kept(asked)));
  const delivered = await deliverTo(sink, packed(50), fakeTools({ now: 0 }));
  assert.equal(delivered.kept.length, 50);
});

test('no record is set aside that was not sent alone, though a limit on bytes says only that something is bad', async () => {
  const sink = fakeSink((asked) =>
    asked.reduce((bytes, n) => bytes + (n === 3 ? 900 : 10), 0) > 905 ? { split: 'invalid' } : kept(asked),
  );
  const { refused } = await deliverTo(sink, packed(8), fakeTools({ now: 0 }));
  assert.deepEqual(refused, []);
  assert.ok(sink.requests.some((asked) => asked.length === 1 && asked[0] === 3));
});

test('refusals are reported as they are known, so that a sink that refuses everything is not asked about each record', async () => {
  const sink = fakeSink((asked) => ({
    outcomes: asked.map((_, at) => (at === 0 ? { refused: 'no' } : { again: 'rest' })),
  }));
  const certain: Delivered[] = [];
  const stop = new Problem(exit.data, 'too many');
  await assert.rejects(
    deliverTo(sink, packed(1000), fakeTools({ now: 0 }), {
      soFar: (delivered) => void certain.push(delivered),
      mayRefuse(count, reason) {
        assert.equal(reason, 'fake refused r0: no');
        if (count > 10) throw stop;
      },
    }),
    stop,
  );
  assert.equal(sink.requests.length, 11);
  assert.equal(certain[0]?.refused.length, 11);
});

test('a sink that refuses everything costs one request a record once two were refused alone, and any other is asked as before once it takes one', async () => {
  const stopped = new Problem(exit.config, 'it takes none');
  const listeners = {
    mayRefuse(count: number) {
      if (count > 100) throw stopped;
    },
  };
  const sink = fakeSink(() => ({ split: 'unknown field' }));
  await assert.rejects(deliverTo(sink, packed(1000), fakeTools({ now: 0 }), listeners), stopped);
  assert.ok(sink.requests.length <= 125, `${sink.requests.length}`); // 1,010 otherwise
  assert.equal(new Set(sink.requests.filter(({ length }) => length === 1).flat()).size, 101, 'each was refused alone');

  // The first fifty are bad; and two of them.
  for (const [bad, most] of [
    [50, 75],
    [2, 25],
  ] as const) {
    const other = fakeSink((asked) => (asked.some((n) => n < bad) ? { split: 'spoilt' } : kept(asked)));
    const delivered = await deliverTo(other, packed(1000), fakeTools({ now: 0 }), listeners);
    assert.deepEqual(
      delivered.refused.map(({ entry }) => entry),
      range(100, 100 + bad),
    );
    assert.deepEqual(delivered.kept, range(100 + bad, 1100));
    assert.ok(other.requests.length <= most, `${bad}: ${other.requests.length}`);
  }
});

test('a doubt goes with the refused record until a record of the batch is kept', async () => {
  const sink = fakeSink((asked) =>
    asked.some((n) => n === 0 || n === 3) ? { split: 'no', tooLarge: true, doubt: 'FAKE_KEY' } : kept(asked),
  );
  const told: (Hint | undefined)[] = [];
  const { refused } = await deliverTo(sink, packed(4), fakeTools({ now: 0 }), {
    mayRefuse: (_count, _reason, doubt) => void told.push(doubt),
  });
  assert.deepEqual(
    refused.map(({ entry, doubt }) => [entry, doubt]),
    [
      [100, 'FAKE_KEY'],
      [103, 'FAKE_KEY'],
    ],
  );
  assert.deepEqual(sink.requests, [[0, 1, 2, 3], [0, 1], [0], [1], [2, 3], [2], [3]]);
  assert.deepEqual(told, ['FAKE_KEY', undefined, undefined, undefined]);
});

test('a batch that is too large goes in halves', async () => {
  const sink = fakeSink((asked) => (asked.length > 3 ? { split: 'too large', tooLarge: true } : kept(asked)));
  const delivered = await deliverTo(sink, packed(8), fakeTools({ now: 0 }));
  assert.deepEqual(sink.requests, [range(0, 8), range(0, 4), [0, 1], [2, 3], range(4, 8), [4, 5], [6, 7]]);
  assert.equal(delivered.kept.length, 8);
});

test('whatever a sink answers, each record gets exactly one outcome, the right one, and the order is kept', async () => {
  const verdicts = fc.array(
    fc.record({
      /** How often the record fails for now before it gets its end. */
      fails: fc.integer({ min: 0, max: 3 }),
      end: fc.constantFrom('kept', 'refused', 'poison'),
      large: fc.boolean(),
    }),
    { minLength: 1, maxLength: 40 },
  );
  await fc.assert(
    fc.asyncProperty(
      verdicts,
      fc.integer({ min: 1, max: 12 }),
      fc.infiniteStream(fc.nat(9)),
      async (all, room, chance) => {
        const fails = all.map((verdict) => verdict.fails);
        const finals = all.map(() => 0);
        let fruitless = 0;
        const sink = fakeSink((asked, request) => {
          assert.ok(request < 5000, 'does not end');
          assert.deepEqual(
            asked,
            asked.toSorted((a, b) => a - b),
          );
          if (fruitless < attempts - 1 && chance.next().value === 0) {
            fruitless += 1;
            if (chance.next().value < 5) throw new Problem(exit.unavailable, 'reset', { again: {} });
            return { again: 'down' };
          }
          fruitless = 0;
          if (asked.length > 1 && asked.filter((n) => all[n]?.large).length > room)
            return { split: 'size', tooLarge: true };
          if (asked.some((n) => all[n]?.end === 'poison')) return { split: 'poison' };
          // The first record always makes progress, so that attempts do not run out.
          return {
            outcomes: asked.map((n, at): Outcome => {
              const left = fails[n] ?? 0;
              if (left > 0 && at > 0) {
                fails[n] = left - 1;
                return { again: 'busy' };
              }
              finals[n] = (finals[n] ?? 0) + 1;
              return all[n]?.end === 'kept' ? 'kept' : { refused: 'refused' };
            }),
          };
        });
        const delivered = await deliverTo(sink, packed(all.length), fakeTools({ now: 0 }));
        const ends = (end: string): number[] =>
          [...all.entries()].filter(([, verdict]) => verdict.end === end).map(([n]) => 100 + n);
        assert.deepEqual(delivered.kept, ends('kept'));
        assert.deepEqual(
          delivered.refused.filter(({ reason }) => reason === 'refused').map(({ entry }) => entry),
          ends('refused'),
        );
        assert.deepEqual(
          delivered.refused.filter(({ reason }) => reason === 'poison').map(({ entry }) => entry),
          ends('poison'),
        );
        assert.ok(finals.every((count, n) => count === (all[n]?.end === 'poison' ? 0 : 1)));
      },
    ),
    { numRuns: 300 },
  );
});
