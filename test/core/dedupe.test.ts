import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { conflict, createLedger, seen } from '../../src/core/dedupe.ts';
import { keyedHash } from '../../src/core/ledger/keyed-hash.ts';
import type { Ledger } from '../../src/core/types.ts';
import { emptyLedger } from '../support/empty-ledger.ts';
import { arrayBuffers } from '../support/garbage.ts';
import { problem } from '../support/problem.ts';

const stamp = 1_763_629_200_000;

function note(ledger: Ledger, key: string | Buffer, at = stamp, fingerprint = 0): number {
  const bytes = Buffer.from(key);
  const padded = Buffer.concat([Buffer.from('<<'), bytes, Buffer.from('>>')]); // keys are spans of something larger
  return ledger.note(padded, 2, 2 + bytes.length, at, fingerprint);
}

/** Whether the key is known; one that is not is noted by asking. */
function knows(ledger: Ledger, key: string | Buffer): boolean {
  return note(ledger, key, 0) < 0;
}

function linesOf(ledger: Ledger, only?: readonly number[]): string {
  return Buffer.concat([...ledger.lines(only)]).toString();
}

test('a key is new once, then seen, and a conflict with another fingerprint', () => {
  const ledger = createLedger(7);
  assert.equal(note(ledger, 'a', stamp, 1) >= 0, true);
  assert.equal(note(ledger, 'a', stamp, 1), seen);
  assert.equal(note(ledger, 'a', stamp, 2), conflict);
  assert.equal(note(ledger, 'a', stamp, 0), seen, 'an unknown fingerprint contradicts nothing');
  assert.equal(note(ledger, 'ab') >= 0, true);
  assert.equal(note(ledger, '') >= 0, true, 'the empty key is a key');
  assert.equal(note(ledger, ''), seen);
});

test('a changed record is remembered as long as the unchanged one would be', () => {
  const ledger = emptyLedger();
  ledger.keep(note(ledger, 'a', 100, 1));
  assert.equal(note(ledger, 'a', 500, 2), conflict);
  ledger.prune(200);
  assert.equal(note(ledger, 'a', 500, 2), conflict, 'a later window shows it once more');
});

test('only kept and awaited IDs are counted and written', () => {
  const ledger = emptyLedger();
  const kept = note(ledger, 'kept', stamp, 0xdeadbeef);
  const awaited = note(ledger, 'the awaited one');
  note(ledger, 'noted');
  ledger.keep(kept);
  ledger.wait(awaited, 'channel 1:7');
  assert.equal(ledger.size(), 2);
  assert.equal(
    linesOf(ledger),
    '1763629200000 deadbeef + kept\n1763629200000 00000000 ?channel%201%3A7 the awaited one\n',
  );
  assert.equal(linesOf(ledger, [kept]), '1763629200000 deadbeef + kept\n');
  assert.deepEqual(ledger.pending(), ['channel 1:7']);
});

test('what an acknowledgement never confirmed is forgotten and sent again', () => {
  const ledger = emptyLedger();
  const [first, second, third] = [note(ledger, 'a'), note(ledger, 'b'), note(ledger, 'c')];
  ledger.wait(first, 'x');
  ledger.wait(second, 'y');
  ledger.wait(third, 'y');
  assert.equal(ledger.settle('x', true).length, 1);
  assert.equal(ledger.settle('y', false).length, 2);
  assert.equal(ledger.settle('y', true).length, 0, 'settled once');
  assert.deepEqual(ledger.pending(), []);
  assert.equal(ledger.size(), 1);
  assert.deepEqual([knows(ledger, 'a'), knows(ledger, 'b'), knows(ledger, 'c')], [true, false, false]);
});

test('an acknowledgement is still to come as long as a record waits for it, as a journal tells of both', () => {
  const ledger = emptyLedger();
  const lines = ['?x a', '?x b', '+ a', '?y c', '+ b'].map((line) => Buffer.from(`${stamp} 00000000 ${line}\n`));
  const pending = lines.map((line) => {
    ledger.read(line);
    return ledger.pending();
  });
  assert.deepEqual(pending, [['x'], ['x'], ['x'], ['x', 'y'], ['y']]);
});

test('pruning forgets old and undelivered IDs, and nothing that an acknowledgement is still to come for', () => {
  const ledger = emptyLedger();
  ledger.keep(note(ledger, 'old', stamp - 1));
  ledger.wait(note(ledger, 'old but awaited', stamp - 1), 'x');
  ledger.keep(note(ledger, 'at the limit', stamp));
  note(ledger, 'noted only', stamp);
  ledger.prune(stamp);
  assert.equal(ledger.size(), 2);
  assert.deepEqual(
    ['old', 'old but awaited', 'at the limit', 'noted only'].map((key) => knows(ledger, key)),
    [false, true, true, false],
  );
  assert.equal(ledger.settle('x', true).length, 1);
});

test('an ID that a later window shows again is remembered as long as that one asks', () => {
  const ledger = emptyLedger();
  ledger.keep(note(ledger, 'a', stamp));
  note(ledger, 'a', stamp + 5000);
  note(ledger, 'a', stamp + 1);
  ledger.prune(stamp + 5000);
  assert.equal(knows(ledger, 'a'), true);
});

test('a key of any length is told apart, and a crafted one cannot pass for the digest of a long one', () => {
  const ledger = emptyLedger();
  const long = 'x'.repeat(3_000_000);
  assert.equal(note(ledger, `${long}1`) >= 0, true);
  assert.equal(note(ledger, `${long}2`) >= 0, true);
  assert.equal(note(ledger, `${long}1`), seen);
  ledger.keep(note(ledger, `${long}3`));
  const stored = /\+ (key-sha256:[0-9a-f]{64})\n/.exec(linesOf(ledger))?.[1] ?? '';
  assert.equal(stored.length, 75);
  assert.equal(note(ledger, stored) >= 0, true);
});

test('a key with a line break is a bug, not a line on disk', () => {
  assert.throws(() => note(emptyLedger(), 'a\n1 00000000 + forged'), /line break/);
});

test('malformed lines are refused', () => {
  for (const line of [
    'x',
    '1 00000000',
    '1 00000000 +',
    '1 0000000 + a',
    '1 0000000g + a',
    ' 00000000 + a',
    '1 00000000 - a',
    '1 00000000 ?x',
    '1 00000000 ? a',
    '1 00000000 ?%zz a',
    '1234567890123456 00000000 + a',
    '',
    '-1 00000000 + a',
  ]) {
    assert.throws(
      () => emptyLedger().read(Buffer.from(`1763629200000 00000000 + fine\n${line}\n`)),
      problem(78, /./, ''),
      line,
    );
  }
});

test('stamps outside of what can be stored are moved to its ends', () => {
  const ledger = emptyLedger();
  for (const [key, at] of [
    ['a', -5],
    ['b', Number.NaN],
    ['c', Number.POSITIVE_INFINITY],
    ['d', 12.7],
  ] as const) {
    ledger.keep(note(ledger, key, at));
  }
  assert.deepEqual(
    linesOf(ledger)
      .trimEnd()
      .split('\n')
      .map((line) => Number(line.split(' ')[0])),
    [0, 0, 2 ** 48 - 1, 12],
  );
});

test('the hash is HalfSipHash-1-3', () => {
  // the first vectors of Linux's lib/test_siphash.c for 32-bit machines: key 00..07, messages of 0 to 5 bytes 00, 01, …
  const vectors = [0x5814c896, 0xe7e864ca, 0xbc4b0e30, 0x01539939, 0x7e059ea6, 0x88e3d89b];
  const message = new DataView(Uint8Array.of(0, 1, 2, 3, 4, 5).buffer);
  for (const [length, expected] of vectors.entries()) {
    assert.equal(keyedHash(message, 0, length, 0x03020100, 0x07060504) >>> 0, expected);
  }
});

for (const [what, keyOf, most] of [
  ['of any 34 bytes', (index: number) => `"${'x'.repeat(24)}${index.toString(36).padStart(8, '0')}"`, 65],
  ['of 32 hexadecimal digits', (index: number) => `"${'0'.repeat(24)}${index.toString(16).padStart(8, '0')}"`, 47],
] as const) {
  test(`a million IDs ${what} take at most ${most} bytes each`, { timeout: 60_000 }, () => {
    const count = 1_000_000;
    const key = Buffer.alloc(34);
    const ledger = createLedger(3);
    const before = arrayBuffers();
    for (let index = 0; index < count; index += 1) {
      key.write(keyOf(index), 'latin1');
      ledger.keep(ledger.note(key, 0, 34, stamp + index, index));
    }
    assert.equal(ledger.size(), count);
    const bytes = (arrayBuffers() - before) / count;
    assert.ok(bytes <= most, `${bytes} bytes an ID`);
    ledger.prune(stamp + count - 10);
    assert.equal(ledger.size(), 10);
    assert.equal(linesOf(ledger).split('\n').length, 11);
  });
}

// ---------------------------------------------------------------------------------------------------- model

interface Remembered {
  stamp: number;
  fingerprint: number;
  state: 'noted' | 'kept' | 'awaited';
  pending: string;
  entry: number | undefined;
}

const keys = fc.oneof(
  fc.constantFrom('a', 'b', 'ab', '', ' ', '? x', '+ y', 'k'.repeat(1024), 'k'.repeat(1025), 'k'.repeat(600_000)),
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replaceAll(/[\n\r]/g, '')),
);
const steps = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constant('note'), keys, fc.nat(9), fc.nat(2)) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('keep'), keys, fc.nat(9), fc.nat(2)) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('wait'), keys, fc.nat(9), fc.nat(2)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('settle'), keys, fc.nat(9), fc.nat(2)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('prune'), keys, fc.nat(9), fc.nat(2)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('read'), keys, fc.nat(9), fc.nat(2)) },
);

test('the ledger behaves as a Map does', () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 60 }), fc.nat(), (run, seed) => {
      let ledger = createLedger(seed);
      const model = new Map<string, Remembered>();
      for (const [step, key, time, number] of run) {
        const known = model.get(key);
        if (step === 'note') {
          const result = note(ledger, key, time, number);
          if (known === undefined) {
            assert.ok(result >= 0);
            model.set(key, { stamp: time, fingerprint: number, state: 'noted', pending: '', entry: result });
          } else if (number !== 0 && known.fingerprint !== 0 && number !== known.fingerprint) {
            assert.equal(result, conflict);
            known.stamp = Math.max(known.stamp, time);
          } else {
            assert.equal(result, seen);
            known.stamp = Math.max(known.stamp, time);
          }
        } else if (step === 'keep' && known?.entry !== undefined) {
          ledger.keep(known.entry);
          known.state = 'kept';
        } else if (step === 'wait' && known?.entry !== undefined && known.state === 'noted') {
          ledger.wait(known.entry, `ack ${number}`);
          known.state = 'awaited';
          known.pending = `ack ${number}`;
        } else if (step === 'settle') {
          const waiting = [...model].filter(([, at]) => at.state === 'awaited' && at.pending === `ack ${number}`);
          const arrived = time % 2 === 0;
          assert.equal(ledger.settle(`ack ${number}`, arrived).length, waiting.length);
          for (const [name, at] of waiting) {
            if (arrived) at.state = 'kept';
            else model.delete(name);
          }
        } else if (step === 'prune') {
          ledger.prune(time);
          for (const [name, at] of model) {
            at.entry = undefined; // the numbers have changed
            if (at.state === 'noted' || (at.state === 'kept' && at.stamp < time)) model.delete(name);
          }
        } else if (step === 'read') {
          const text = Buffer.concat([...ledger.lines()]);
          ledger = createLedger(seed + 1);
          ledger.read(text);
          assert.ok(Buffer.concat([...ledger.lines()]).equals(text));
          for (const [name, at] of model) {
            at.entry = undefined;
            if (at.state === 'noted') model.delete(name);
          }
        }
        const live = [...model.values()].filter((at) => at.state !== 'noted');
        assert.equal(ledger.size(), live.length);
      }
      for (const key of new Set(run.map(([, each]) => each))) assert.equal(knows(ledger, key), model.has(key));
      const pending = new Set([...model.values()].filter((at) => at.state === 'awaited').map((at) => at.pending));
      for (const name of pending) assert.ok(ledger.pending().includes(name));
    }),
    { numRuns: 150 },
  );
});

test('keys that are too long, or look like their digests, are still known after they were written and read', () => {
  const long = 'k'.repeat(1025);
  const [line = ''] = /key-sha256:\S+/.exec(linesOf(withKept(long))) ?? [];
  for (const key of [long, 'k'.repeat(1024), line]) {
    let ledger = withKept(key);
    for (let turn = 0; turn < 3; turn += 1) {
      const lines = linesOf(ledger);
      ledger = createLedger(turn);
      ledger.read(Buffer.from(lines));
      assert.deepEqual([note(ledger, key), ledger.size()], [seen, 1]);
      assert.equal(knows(ledger, long), key === long);
    }
  }
});

function withKept(key: string): Ledger {
  const ledger = emptyLedger();
  ledger.keep(note(ledger, key));
  return ledger;
}

test('with many segments and rebuilt tables every ID is still found, before and after pruning', () => {
  const ledger = createLedger(11);
  const count = 40_000;
  const name = (index: number): string => `${index}-${'p'.repeat((index * 7919) % 200)}`;
  for (let index = 0; index < count; index += 1) ledger.keep(note(ledger, name(index), stamp + index, index));
  for (let index = 0; index < count; index += 1) assert.equal(note(ledger, name(index), stamp, index), seen);
  const copy = createLedger(12);
  for (const block of ledger.lines()) copy.read(block);
  for (const each of [ledger, copy]) {
    each.prune(stamp + count / 2);
    assert.equal(each.size(), count / 2);
    for (let index = 0; index < count; index += 1) assert.equal(knows(each, name(index)), index >= count / 2);
  }
});

test('a stamp of any year is on disk as it is', () => {
  const stamps = [0, 9_999_999, 10_000_000, 10_999_999, 99_999_999, Date.UTC(2003, 5, 1), Date.UTC(2026, 10, 20)];
  const ledger = emptyLedger();
  for (const stamp of stamps) ledger.keep(ledger.note(Buffer.from(`${stamp}`), 0, `${stamp}`.length, stamp, 0));
  const lines = Buffer.concat([...ledger.lines()])
    .toString()
    .trimEnd()
    .split('\n');
  assert.deepEqual(
    lines.map((line) => Number(line.split(' ')[0])),
    stamps,
  );
});

test('a ledger that was pruned has room for as many as before', { timeout: 20_000 }, () => {
  const ledger = emptyLedger();
  const add = (from: number, to: number, stamp: number): void => {
    for (let id = from; id < to; id += 1) ledger.keep(ledger.note(Buffer.from(`${id}`), 0, `${id}`.length, stamp, 0));
  };
  add(0, 100, 1);
  add(100, 500, 1000);
  ledger.prune(500);
  add(500, 3000, 1000);
  assert.equal(ledger.size(), 2900);
});
