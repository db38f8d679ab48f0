import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { toMillis } from '../../src/core/time.ts';
import type { Duration, Instant, Window, WindowRules } from '../../src/core/types.ts';
import {
  advance,
  overlapOf,
  settledBy,
  slices,
  stamper,
  windowOf,
  type NextWindow,
  type WindowRequest,
} from '../../src/core/window.ts';

const second = 1_000_000_000n;
const minute = 60n * second;
const hour = 60n * minute;
const day = 24n * hour;
const now = 1_795_165_200n * second;

const rules: WindowRules = { overlap: 5n * minute, delay: minute, firstRun: 7n * day, filter: 'event' };

/** A vendor's that can be asked for any moment. */
const anywhere = (at: Instant): Instant => at;

type Usual = 'usePosition' | 'edge';

/** `windowOf`, for a run that saves its position unless the request says otherwise. */
function windowFor(request: Omit<WindowRequest, Usual> & Partial<Pick<WindowRequest, Usual>>): NextWindow {
  return windowOf({ usePosition: true, edge: anywhere, ...request });
}

function slicesOf(window: Window, cut: WindowRules, first?: Duration, edge = anywhere): Generator<Window> {
  return slices(window, cut, first, edge);
}

test('a window reaches back over the overlap and stops short of the delay', () => {
  const window = windowFor({ watermark: now - hour, rules, serverNow: now });
  assert.deepEqual(window, { from: now - hour - 5n * minute, until: now - minute });
});

test('the user’s overlap, delay and first run go before the source’s', () => {
  const own = { overlap: 0n, delay: 2n * minute, firstRun: day };
  assert.deepEqual(windowFor({ watermark: now - hour, rules, serverNow: now, ...own }), {
    from: now - hour,
    until: now - 2n * minute,
  });
  assert.equal(windowFor({ watermark: undefined, rules, serverNow: now, ...own }).from, now - 2n * minute - day);
});

test('the first window begins the first run’s length before its end, never at now', () => {
  assert.deepEqual(windowFor({ watermark: undefined, rules, serverNow: now }), {
    from: now - minute - 7n * day,
    until: now - minute,
  });
  const until = now - 10n * day;
  assert.deepEqual(windowFor({ watermark: undefined, rules, serverNow: now, until }), {
    from: until - 7n * day,
    until,
  });
});

test('a first run that is to begin now reads a second, so that an answer tells the vendor’s time', () => {
  const begin = { watermark: undefined, rules, serverNow: now };
  const least = { from: now - minute - second, until: now - minute };
  assert.deepEqual(windowFor({ ...begin, firstRun: 0n }), least);
  assert.deepEqual(windowFor({ ...begin, rules: { ...rules, firstRun: 0n } }), least);
  assert.deepEqual(windowFor({ ...begin, since: now - 30n * second }), least);
  const later = windowFor({ ...begin, watermark: now - hour, since: now - 30n * second });
  assert.equal(later.from, later.until);
});

test('a first run that comes to nothing does not move the beginning', () => {
  const first = { watermark: undefined, rules, serverNow: now, firstRun: 0n };
  const { from } = windowFor(first);
  const next = { ...first, serverNow: now + hour, begin: from };
  assert.deepEqual(windowFor(next), { from, until: now + hour - minute });
  assert.equal(windowFor({ ...next, firstRun: day }).from, now + hour - minute - day, 'further back than it was');
  assert.equal(windowFor({ ...next, since: now }).from, now);
});

test('a search does not wait for records to settle, unless the user says so', () => {
  const search = { watermark: undefined, rules, serverNow: now, since: now - 30n * second, usePosition: false };
  assert.deepEqual(windowFor(search), { from: search.since, until: now });
  const until = now - 2n * second;
  assert.deepEqual(windowFor({ ...search, delay: 2n * second }), { from: search.since, until });
  const nothing = windowFor({ ...search, delay: minute });
  assert.equal(nothing.from, nothing.until);
});

test('asked bounds are taken as they are, but not into the server’s future', () => {
  const asked = { since: now - 2n * hour, until: now - hour };
  assert.deepEqual(windowFor({ watermark: undefined, rules, serverNow: now, ...asked }), {
    from: asked.since,
    until: asked.until,
  });
  assert.equal(windowFor({ watermark: undefined, rules, serverNow: now, until: now + day }).until, now);
});

test('a window is empty when the server’s clock stands before it', () => {
  const window = windowFor({ watermark: now + day, rules, serverNow: now });
  assert.equal(window.from, window.until);
  assert.deepEqual([...slicesOf(window, rules)], []);
});

test('an outage longer than the vendor keeps records is a gap with exact bounds', () => {
  const forgetful = { ...rules, retention: day };
  assert.deepEqual(windowFor({ watermark: now - 30n * hour, rules: forgetful, serverNow: now }), {
    from: now - 24n * hour,
    until: now - minute,
    gap: { from: now - 30n * hour, until: now - 24n * hour },
  });
});

test('neither the overlap nor a first run can open a gap', () => {
  const forgetful = { ...rules, retention: day };
  for (const watermark of [now - day, undefined]) {
    assert.deepEqual(windowFor({ watermark, rules: forgetful, serverNow: now }), {
      from: now - day,
      until: now - minute,
    });
  }
});

test('what a first run was to read is a gap once the vendor no longer keeps what has happened since that run', () => {
  const forgetful = { ...rules, retention: day };
  const begin = now - 9n * day;
  for (const [begun, gap] of [
    [now - day - 1n, { from: begin, until: now - day }],
    [now - day, undefined],
    [undefined, undefined],
  ] as const) {
    assert.deepEqual(windowFor({ watermark: undefined, rules: forgetful, serverNow: now, begin, begun }), {
      from: now - day,
      until: now - minute,
      ...(gap && { gap }),
    });
  }
});

test('asking for what the vendor no longer keeps is a gap', () => {
  const forgetful = { ...rules, retention: day };
  const asked = { since: now - 3n * day, until: now - 2n * day };
  assert.deepEqual(windowFor({ watermark: undefined, rules: forgetful, serverNow: now, ...asked }), {
    from: asked.until,
    until: asked.until,
    gap: { from: asked.since, until: asked.until },
  });
});

test('a start after the watermark leaves a gap, since the position will move past it', () => {
  const window = windowFor({ watermark: now - day, rules, serverNow: now, since: now - hour });
  assert.deepEqual(window, { from: now - hour, until: now - minute, gap: { from: now - day, until: now - hour } });
  assert.equal(windowFor({ watermark: now - hour, rules, serverNow: now, since: now - day }).gap, undefined);
});

test('a start after the watermark that the vendor no longer reaches leaves a gap from the watermark on', () => {
  const forgetful = { ...rules, retention: day };
  const asked = { watermark: now - 3n * day, since: now - 2n * day };
  assert.deepEqual(windowFor({ rules: forgetful, serverNow: now, ...asked }), {
    from: now - day,
    until: now - minute,
    gap: { from: asked.watermark, until: now - day },
  });
});

test('after a short first slice each may be twice as long as the one before, up to the longest', () => {
  const lengths = [...slicesOf({ from: now - 4n * hour, until: now }, { ...rules, longest: hour }, 10n * minute)].map(
    ({ from, until }) => (until - from) / minute,
  );
  assert.deepEqual(lengths, [10n, 20n, 40n, 60n, 60n, 50n]);
});

test('without a time filter the window has no start and is one slice, even when nothing is new', () => {
  const cursor: WindowRules = { ...rules, filter: 'none', longest: hour };
  const window = windowFor({ watermark: now, rules: cursor, serverNow: now });
  assert.deepEqual(window, { from: 0n, until: now - minute });
  assert.deepEqual([...slicesOf(window, cursor)], [window]);
  assert.deepEqual(windowFor({ watermark: now, rules: { ...cursor, retention: day }, serverNow: now }), window);
  assert.deepEqual([...slicesOf({ from: now, until: now }, cursor)], [{ from: now, until: now }]);
});

test('slices cover the window once, oldest first, none too long', () => {
  const lengths = fc.option(fc.bigInt({ min: 0n, max: 3n * day }), { nil: undefined });
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 30n * day }), lengths, lengths, (length, longest, preferred) => {
      const window = { from: now - length, until: now };
      const least = [longest ?? length, preferred ?? length].reduce((a, b) => (a < b ? a : b));
      fc.pre(least * 2000n > length);
      const cut = [...slicesOf(window, { ...rules, ...(longest !== undefined && { longest }), slice: preferred })];
      let reached = window.from;
      for (const slice of cut) {
        assert.equal(slice.from, reached);
        assert.ok(slice.until > slice.from);
        assert.ok(slice.until - slice.from <= (least > second ? least : second));
        reached = slice.until;
      }
      assert.equal(reached, window.until);
    }),
  );
});

test('no slice is shorter than the vendor answers, where the window can be cut so, and none longer than it allows', () => {
  const length = fc.bigInt({ min: 60n, max: 7200n });
  fc.assert(
    fc.property(
      fc.bigInt({ min: 30n, max: 20_000n }),
      length,
      fc.bigInt({ min: 1n, max: 7200n }),
      (whole, most, first) => {
        const window = { from: now - whole * second, until: now };
        const bounds = { longest: most * second, shortest: 30n * second };
        const pieces = [...slicesOf(window, { ...rules, ...bounds }, first * second)];
        assert.equal(pieces[0]?.from, window.from);
        assert.equal(pieces.at(-1)?.until, window.until);
        for (const [at, { from, until }] of pieces.entries()) {
          assert.ok(until - from >= bounds.shortest && until - from <= bounds.longest);
          assert.equal(from, pieces[at - 1]?.until ?? window.from);
        }
      },
    ),
  );
});

test('a window that is shorter than the vendor answers begins earlier, where its records are still known; an empty one stays so', () => {
  const strict: WindowRules = { ...rules, delay: 0n, shortest: 30n * second };
  const asked = { watermark: now - hour, rules: strict, serverNow: now };
  assert.deepEqual(windowFor({ ...asked, watermark: undefined, since: now - 10n * second, usePosition: false }), {
    from: now - 30n * second,
    until: now,
  });
  assert.equal(windowFor({ ...asked, watermark: undefined, firstRun: 0n }).from, now - 30n * second);
  assert.equal(windowFor({ ...asked, watermark: now - second, overlap: 0n }).from, now - 31n * second);
  assert.equal(overlapOf({ overlap: 0n }, strict), 30n * second, 'IDs are remembered as far back');
  const settled = windowFor({ ...asked, watermark: now - second, settled: now - 5n * second });
  assert.equal(settled.from, now - 30n * second);
  assert.deepEqual(windowFor({ ...asked, since: now }), { from: now, until: now });
});

test('windows begin and slices end at edges, and cover the window all the same', () => {
  const edge = (at: bigint): bigint => at - (at % minute);
  const serverNow = now + 37n * second;
  const window = windowFor({ watermark: undefined, rules, serverNow, delay: 0n, firstRun: 10n * minute, edge });
  assert.deepEqual(window, { from: now - 10n * minute, until: serverNow });
  for (const length of [10n, 90n, 600n]) {
    const pieces = [...slicesOf(window, { ...rules, slice: length * second }, undefined, edge)];
    assert.deepEqual([pieces[0]?.from, pieces.at(-1)?.until], [window.from, window.until]);
    for (const [index, { from, until }] of pieces.entries()) {
      assert.equal(from, pieces[index - 1]?.until ?? window.from);
      assert.equal(edge(from), from);
      assert.ok(until - from <= (length < 60n ? minute : length * second), `${length}`);
    }
  }
});

test('the watermark never goes back, never past the slice, and never past the server’s time less the delay', () => {
  const moments = fc.bigInt({ min: 0n, max: 4n * now });
  const durations = fc.bigInt({ min: 0n, max: day });
  const maybe = fc.option(moments, { nil: undefined });
  fc.assert(
    fc.property(maybe, moments, durations, maybe, durations, (watermark, from, length, serverNow, delay) => {
      const slice = { from, until: from + length };
      const next = advance(watermark, slice, serverNow, delay);
      if (watermark !== undefined) assert.ok(next >= watermark);
      if (next !== (watermark ?? 0n)) {
        assert.ok(next <= slice.until);
        if (serverNow !== undefined) assert.ok(next <= serverNow - delay);
        assert.equal(next % second, 0n);
      }
    }),
    { numRuns: 500 },
  );
});

test('an empty but complete slice moves the watermark to its end', () => {
  assert.equal(advance(now - hour, { from: now - hour, until: now - minute }, now, minute), now - minute);
  assert.equal(advance(now, { from: now - hour, until: now - minute }, now, minute), now);
});

test('a time outside the slice, or none, is remembered until the slice’s end at least, and a month longer at most', () => {
  const slice = { from: now - hour, until: now + 1n };
  const end = toMillis(now) + 1;
  assert.equal(stamper(slice, 'event')(Number.NaN), end);
  assert.equal(stamper(slice, 'event')(toMillis(now - day)), end);
  assert.equal(stamper(slice, 'event')(toMillis(now + day)), toMillis(now + day));
  assert.equal(stamper(slice, 'event')(toMillis(now + 30_000n * day)), end + 30 * 86_400_000);
  assert.equal(stamper(slice, 'event')(toMillis(now - minute)), toMillis(now - minute));
  assert.equal(stamper(slice, 'ingestion')(toMillis(now - minute)), end);
  assert.equal(stamper(slice, 'none')(toMillis(now - minute)), end);
});

interface Event {
  /** Event time, nanoseconds. */
  readonly time: bigint;
  /** How much later the vendor stores it. */
  readonly late: bigint;
}

/**
 * A vendor whose filter is as fine as `unit`, and a run at each tick, cut off after so many slices (`cuts`; none is cut
 * off when they are used up): how often is each event delivered?
 */
function deliveries(
  events: readonly Event[],
  ticks: readonly bigint[],
  rules: WindowRules,
  unit: bigint,
  length: bigint,
  first = second,
  cuts: readonly number[] = [],
): number[] {
  const counts = events.map(() => 0);
  const ledger = new Map<number, number>();
  let watermark: bigint | undefined;
  let settled: bigint | undefined;
  for (const [run, tick] of ticks.entries()) {
    const window = windowFor({ watermark, settled, rules, serverNow: tick });
    let rest = cuts[run] ?? Infinity;
    for (const slice of slicesOf(window, { ...rules, slice: length }, first)) {
      if (rest-- <= 0) break;
      events.forEach((event, id) => {
        const stored = event.time + event.late;
        const filtered = rules.filter === 'event' ? event.time : stored;
        const shown = filtered >= slice.from - (slice.from % unit) && filtered < slice.until - (slice.until % unit);
        if (stored > tick || !shown || ledger.has(id)) return;
        ledger.set(id, stamper(slice, rules.filter)(toMillis(event.time)));
        counts[id] = (counts[id] ?? 0) + 1;
      });
      const begin = settled ?? (watermark === undefined ? slice.from : watermark - rules.overlap);
      settled = settledBy(begin, slice, tick, rules.delay + rules.overlap);
      watermark = advance(watermark, slice, tick, rules.delay);
      const before = toMillis(watermark - rules.overlap);
      for (const [id, stamp] of ledger) if (stamp < before) ledger.delete(id);
    }
    if (rest >= 0) settled = undefined;
  }
  return counts;
}

test('a slice is settled when it was read late enough, and everything before it is', () => {
  const slice = { from: now - hour, until: now - hour + minute };
  assert.equal(settledBy(slice.from, slice, now, 5n * minute), slice.until, 'looked at long after');
  assert.equal(settledBy(slice.from, slice, slice.until, 5n * minute), slice.from, 'looked at once, just then');
  assert.equal(settledBy(slice.from, slice, slice.until + 10n * second, minute), slice.from + 10n * second);
  assert.equal(settledBy(slice.from - 1n, slice, now, 0n), slice.from - 1n, 'a moment before it is not');
  assert.equal(settledBy(now, slice, now, 0n), now, 'never back');
  const fraction = { from: slice.until, until: slice.until + 1636n * 1_000_000n };
  const after = { from: fraction.until, until: fraction.until + second };
  assert.equal(
    settledBy(settledBy(fraction.from, fraction, now, 0n), after, now, 0n),
    after.until,
    'to the nanosecond',
  );
});

for (const filter of ['event', 'ingestion'] as const) {
  test(`by ${filter} time every record is delivered exactly once, late ones within the overlap too`, () => {
    const start = now;
    const overlaps = fc.bigInt({ min: 0n, max: 20n }).map((seconds) => seconds * second);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.bigInt({ min: 0n, max: minute }), fc.bigInt({ min: 0n, max: 10n })), { maxLength: 30 }),
        fc.array(fc.bigInt({ min: 1n, max: 20n * second }), { minLength: 1, maxLength: 12 }),
        overlaps,
        fc.constantFrom(1n, 1_000_000n, second),
        fc.bigInt({ min: 0n, max: minute }),
        fc.bigInt({ min: 1n, max: 10n * second }),
        fc.array(fc.nat(6), { maxLength: 12 }),
        (seeds, pauses, overlap, unit, length, first, cuts) => {
          // An event may be as late as overlap and delay together allow; by ingestion nothing is ever late.
          const model = { overlap, delay: 2n * second, firstRun: hour, filter };
          const events = seeds.map(([offset, tenths]) => ({ time: start + offset, late: (overlap * tenths) / 10n }));
          const ticks = pauses.reduce<bigint[]>((list, pause) => [...list, (list.at(-1) ?? start) + pause], []);
          const last = start + 10n * minute;
          const counts = deliveries(
            events,
            [...ticks, last - minute, last],
            model,
            unit,
            length,
            first,
            cuts.slice(0, pauses.length),
          );
          assert.deepEqual(
            counts,
            events.map(() => 1),
          );
        },
      ),
      { numRuns: 500 },
    );
  });
}

test('what is settled is read again from the beginning of its second on', () => {
  const { from } = windowFor({ watermark: now, settled: now - 400_000_000n, rules, serverNow: now + minute });
  assert.equal(from, now - second);
});

test('a record later than overlap and delay is lost: the model can fail', () => {
  const late = { time: now - 30n * minute, late: 10n * minute };
  const ticks = [now - 25n * minute, now];
  const model: WindowRules = { overlap: 0n, delay: 0n, firstRun: hour, filter: 'event' };
  assert.deepEqual(deliveries([late], ticks, model, 1n, hour), [0]);
});
