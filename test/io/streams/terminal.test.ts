import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import type { Output } from '../../../src/core/sink-tools.ts';
import { besideProgress, progressLine, type TextOutput } from '../../../src/io/streams/terminal.ts';

function paper(isTerminal: boolean): TextOutput & { written: string } {
  return {
    isTerminal,
    written: '',
    columns: () => 20,
    write(text) {
      this.written += text;
    },
  };
}

test('the progress line is redrawn at most ten times a second, cut to the width, and taken away', () => {
  const output = paper(true);
  let now = 0;
  const progress = progressLine(output, true, () => now);
  progress.show(() => 'one');
  progress.show(() => 'two');
  now = 100;
  progress.show(() => 'a line that is longer than twenty columns');
  progress.clear();
  progress.clear();
  assert.equal(output.written, '\r\u001b[Kone\r\u001b[Ka line that is long\r\u001b[K');
  now = 200;
  progress.end();
  progress.show(() => 'two');
  assert.equal(output.written, '\r\u001b[Kone\r\u001b[Ka line that is long\r\u001b[K');
});

test('there is no progress line off a terminal, or when it is not wanted', () => {
  for (const [isTerminal, wanted] of [
    [false, true],
    [true, false],
  ] as const) {
    const output = paper(isTerminal);
    const progress = progressLine(output, wanted, () => 0);
    progress.show(() => 'one');
    progress.clear();
    assert.equal(output.written, '');
  }
});

function stdout(kind: Output['kind'], paper: { written: string }): Output {
  return {
    kind,
    write: (bytes) => Promise.resolve(void (paper.written += bytes.toString())),
    isWriting: () => false,
    sync: () => Promise.resolve(),
  };
}

for (const [kind, rest] of [
  ['terminal', 100],
  ['pipe', 1000],
] as const) {
  test(`records that go to a ${kind} push the progress line away, and it is drawn again below them`, async () => {
    const screen = paper(true);
    let now = 0;
    const progress = progressLine(screen, true, () => now);
    const output = besideProgress(stdout(kind, screen), progress);
    progress.show(() => 'one');
    await output.write(Buffer.from('{"id":1}\n'));
    await output.write(Buffer.from('{"id":2}\n'));
    now = rest - 1;
    progress.show(() => 'too early');
    now = rest;
    progress.show(() => 'two');
    assert.equal(screen.written, '\r\u001b[Kone\r\u001b[K{"id":1}\n{"id":2}\n\r\u001b[Ktwo');
  });
}

test('a file is written to as it is', () => {
  const output = stdout('file', paper(false));
  assert.equal(
    besideProgress(
      output,
      progressLine(paper(true), true, () => 0),
    ),
    output,
  );
});
