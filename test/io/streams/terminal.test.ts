import assert from 'node:assert/strict';
import { test } from 'node:test';
import { progressLine, type TextOutput } from '../../../src/io/streams/terminal.ts';

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
