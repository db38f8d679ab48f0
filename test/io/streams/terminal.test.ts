import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneLine, progressLine, visible, type TextOutput } from '../../../src/io/streams/terminal.ts';

test('control characters, escape sequences and reordering marks are shown as JSON spells them', () => {
  const hostile = 'a\u001b]52;c;ZXZpbA==\u0007b\u007f\u009b31mc\u202ed\u2066e\r';
  assert.equal(visible(hostile), 'a\\u001b]52;c;ZXZpbA==\\u0007b\\u007f\\u009b31mc\\u202ed\\u2066e\\u000d');
});

test('what is shown means the same inside JSON', () => {
  const record = { text: 'a\u009b\u007f\u202e ü 😀 日本' };
  assert.deepEqual(JSON.parse(visible(JSON.stringify(record))), record);
});

test('tabs and line feeds stay, unless one line is wanted', () => {
  assert.equal(visible('a\tb\n'), 'a\tb\n');
  assert.equal(oneLine('a\tb\nc'), 'a\\tb\\nc');
});

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
