import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { Problem } from '../../src/core/problem.ts';
import { splitter } from '../../src/core/split.ts';
import { processorTime } from '../support/processor-time.ts';

interface Outcome {
  readonly records: readonly string[];
  readonly refused: readonly (readonly [text: string, reason: string])[];
  readonly problem: string | undefined;
  readonly again: boolean;
}

function split(
  chunks: readonly Buffer[],
  options: { columns?: readonly string[]; maxRecordBytes?: number } = {},
): Outcome {
  const records: string[] = [];
  const refused: [string, string][] = [];
  let parts = '';
  const body = splitter({
    records: 'csv',
    fields: [['id']],
    maxRecordBytes: 1 << 20,
    ...options,
    record(bytes, start, end, spans) {
      const text = bytes.toString('utf8', start, end);
      const id = (JSON.parse(text) as { id?: string }).id;
      if (id !== undefined) assert.equal(JSON.parse(bytes.toString('utf8', spans[0], spans[1])), id);
      records.push(text);
    },
    refused({ text, more, reason }) {
      parts += text.toString('latin1');
      if (more) return;
      refused.push([parts, reason]);
      parts = '';
    },
  });
  let problem: unknown;
  try {
    body.begin();
    for (const chunk of chunks) body.push(chunk);
    assert.deepEqual(body.end(), { value: undefined, text: '' });
  } catch (error) {
    problem = error;
  }
  if (problem !== undefined && !(problem instanceof Problem)) throw problem;
  assert.equal(body.found(), records.length + refused.length);
  return { records, refused, problem: problem?.message, again: problem?.again !== undefined };
}

/** In one piece, in two at every byte, and byte by byte: always the same. */
function anyCut(text: string | Buffer, options: Parameters<typeof split>[1] = {}): Outcome {
  const bytes = Buffer.from(text);
  const whole = split([bytes], options);
  for (let at = 0; at <= bytes.length; at += 1) {
    assert.deepEqual(split([bytes.subarray(0, at), bytes.subarray(at)], options), whole, `cut at ${at}`);
  }
  assert.deepEqual(
    split(
      [...bytes].map((byte) => Buffer.from([byte])),
      options,
    ),
    whole,
    'byte by byte',
  );
  return whole;
}

const rows: readonly (readonly [what: string, text: string, records: readonly string[]])[] = [
  ['rows', 'id,what\n1,login\n2,logout\n', ['{"id":"1","what":"login"}', '{"id":"2","what":"logout"}']],
  ['CRLF, and no line break at the end', 'id,what\r\n1,a\r\n2,b', ['{"id":"1","what":"a"}', '{"id":"2","what":"b"}']],
  ['a byte order mark', '\ufeffid\n1\n', ['{"id":"1"}']],
  ['wide letters, whose first byte is that of the mark', '\uff29\uff24,id\n1,2\n', ['{"\uff29\uff24":"1","id":"2"}']],
  ['two bytes as of the mark', '\ufefa,id\n1,2\n', ['{"\ufefa":"1","id":"2"}']],
  [
    'quotes, doubled ones, commas and line breaks in them',
    '"id","what"\n"1","a ""b"", c\r\nd"\n',
    ['{"id":"1","what":"a \\"b\\", c\\u000d\\u000ad"}'],
  ],
  [
    'a quote inside a plain value',
    'id,what\n1,5" pipe\n2,"x"\n',
    ['{"id":"1","what":"5\\" pipe"}', '{"id":"2","what":"x"}'],
  ],
  ['empty values', 'id,a,b\n,"",\n', ['{"id":"","a":"","b":""}']],
  ['blanks, backslashes, control characters', 'id,a \n 1 ,\\n\t\n', ['{"id":" 1 ","a ":"\\\\n\\u0009"}']],
  ['characters of several bytes', 'id,né\n😀,"ż,"\n', ['{"id":"😀","né":"ż,"}']],
  ['blank lines', '\n\r\nid,a\n\n1,2\n\r\n\n3,4\n\n', ['{"id":"1","a":"2"}', '{"id":"3","a":"4"}']],
  ['numbers and null, which stay texts', 'id,n,x\n1,1e400,null\n', ['{"id":"1","n":"1e400","x":"null"}']],
  ['no rows', 'id,a\n', []],
  ['no rows, and no line break', 'id,a', []],
];
for (const [what, text, records] of rows) {
  test(`${what}, however they are cut`, () => {
    assert.deepEqual(anyCut(text), { records, refused: [], problem: undefined, again: false });
  });
}

test('a row that does not fit its columns is refused, and the rest goes on', () => {
  const { records, refused, problem } = anyCut('id,a\n1,2,3\n4\n5,"6"7\n8,9\n');
  assert.equal(problem, undefined);
  assert.deepEqual(records, ['{"id":"8","a":"9"}']);
  assert.deepEqual(refused, [
    ['1,2,3', '3 values for 2 columns'],
    ['4', '1 values for 2 columns'],
    ['5,"6"7', 'not CSV: text after a closing quote'],
  ]);
});

test('a row that is not UTF-8 is refused', () => {
  const { records, refused } = anyCut(
    Buffer.concat([Buffer.from('id\n'), Buffer.from([0xff, 0x0a]), Buffer.from('1\n')]),
  );
  assert.deepEqual(records, ['{"id":"1"}']);
  assert.deepEqual(refused, [['\u00ff', 'not UTF-8']]);
});

test('a row that is too large, by itself or with its names, is refused whole', () => {
  const long = 'x'.repeat(60);
  const { records, refused } = anyCut(`id,a\n1,${long}\n2,${'x'.repeat(40)}\n3,4\n`, { maxRecordBytes: 50 });
  assert.deepEqual(records, ['{"id":"3","a":"4"}']);
  assert.deepEqual(refused, [
    [`1,${long}`, 'larger than 50 bytes'],
    [`2,${'x'.repeat(40)}`, 'larger than 50 bytes'],
  ]);
});

test('a last row that ends early is worth asking again', () => {
  for (const text of ['id,a\n1,2\n3', 'id,a\n1,2\n3,"4', 'id,a\n1,2\n"3,4\n', '"id']) {
    const { problem, again } = anyCut(text);
    assert.equal(problem, 'the reply was cut off in its last line', text);
    assert.ok(again);
  }
});

const wrong: readonly (readonly [what: string, text: string, problem: RegExp])[] = [
  ['a web page', '<html>', /^the reply is HTML/],
  ['a JSON error', '{"error":"no"}\n', /not the CSV that was expected: it is JSON$/],
  ['an error in plain text', 'Internal error\n', /its first line names no column "id"$/],
  ['a column that comes twice', 'id,a,"a"\n', /the column "a" comes twice$/],
  ['a table whose lines end with a carriage return', 'id,a\r1,2\r3,4\r', /its lines end with a carriage return alone$/],
  ['names that are not CSV', '"id"x,a\n', /its first line has text after a closing quote$/],
];
for (const [what, text, problem] of wrong) {
  test(`${what} is refused`, () => {
    assert.match(anyCut(text, { columns: ['id'] }).problem ?? '', problem);
  });
}

test('a column name in quotes may have a line break', () => {
  assert.deepEqual(anyCut('id,"a\r\nb"\r\n1,2\r\n').records, ['{"id":"1","a\\u000d\\u000ab":"2"}']);
});

test('very many columns are compared in no time', async () => {
  const names = Array.from({ length: 150_000 }, (_, index) => `c${index.toString(36)}`);
  const spent = await processorTime(() => {
    const { problem } = split([Buffer.from(`${[...names, 'c0'].join(',')}\n`)]);
    assert.match(problem ?? '', /the column "c0" comes twice$/);
  });
  assert.ok(spent < 5000); // each with each other would take 17 s
});

test('what has no end of its first line is not held for ever', () => {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  assert.match(split(Array.from({ length: 20 }, () => chunk)).problem ?? '', /its first line has no end$/);
});

test('any values come through as they are', () => {
  const value = fc.string({ unit: fc.constantFrom(...'ab,"\r\n\\ {}[]\t\u0001é😀'.split(/(?:)/u)), maxLength: 12 });
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  const table = fc.array(fc.tuple(value, value, value), { maxLength: 6 });
  fc.assert(
    fc.property(table, fc.constantFrom('\n', '\r\n'), fc.integer({ min: 1, max: 20 }), (lines, newline, size) => {
      const text = [['id', 'b', 'c'], ...lines].map((line) => line.map(quoted).join(',') + newline).join('');
      const bytes = Buffer.from(text);
      const chunks = [];
      for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
      const { records, refused, problem } = split(chunks);
      assert.deepEqual([refused, problem], [[], undefined]);
      assert.deepEqual(
        records.map((record) => Object.values(JSON.parse(record) as Record<string, string>)),
        lines,
      );
    }),
    { numRuns: 500 },
  );
});
