import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { exit } from '../../../../src/core/problem.ts';
import { matches, parseQuery } from '../../../../src/core/vendor/search/query.ts';
import { problem } from '../../../support/problem.ts';

const rows: readonly (readonly [text: string, pairs: [string, string][]])[] = [
  ['a=b', [['a', 'b']]],
  [
    'a=b,c=d',
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  ['a=b=c', [['a', 'b=c']]],
  ['a=', [['a', '']]],
  [' a =b ', [['a', 'b ']]],
  ['who.name = bob', [['who.name', 'bob']]],
  [
    'a = "x, y", b\t=\tz',
    [
      ['a', 'x, y'],
      ['b', 'z'],
    ],
  ],
  ['a=" b"', [['a', ' b']]],
  ['who."name!"=bob', [['who."name!"', 'bob']]],
  ['content.requestMethod=DELETE', [['content.requestMethod', 'DELETE']]],
  [
    'a=x\\,y,b=z',
    [
      ['a', 'x,y'],
      ['b', 'z'],
    ],
  ],
  [
    'a="x,y",b=z',
    [
      ['a', 'x,y'],
      ['b', 'z'],
    ],
  ],
  [
    'a="say \\"hi\\" \\\\",b=',
    [
      ['a', 'say "hi" \\'],
      ['b', ''],
    ],
  ],
  ['a=it"s', [['a', 'it"s']]],
  ['a=C:\\temp', [['a', 'C:\\temp']]],
  ['labels."host.hostName"=web', [['labels."host.hostName"', 'web']]],
];
for (const [text, pairs] of rows) {
  test(`--query ${text}`, () => assert.deepEqual(parseQuery([text]), pairs));
}

test('several --query are one list', () => {
  assert.deepEqual(parseQuery(['a=1,b=2', 'a=3']), [
    ['a', '1'],
    ['b', '2'],
    ['a', '3'],
  ]);
});

for (const [text, why] of [
  ['', 'a pair is empty'],
  ['a', '"a" has no "="'],
  ['a=b,', 'a pair is empty'],
  [',a=b', 'a pair is empty'],
  ['=b', '"=b" has no key'],
  ['a=b,,c=d', 'a pair is empty'],
  ['a="b', 'a quote is not closed'],
  ['a="b"c', 'something follows a closing quote'],
  ['a="b"xc=d', 'something follows a closing quote'], // not a=b and c=d
  ['a=b,c', '"c" has no "="'],
] as const) {
  test(`--query ${text || '(empty)'} is a wrong flag`, () => {
    assert.throws(() => parseQuery([text]), problem(exit.usage, `--query ${JSON.stringify(text)}: ${why}`));
  });
}

for (const text of [
  'who.name!=bob',
  'n>=1',
  'n <= 1',
  'who.name>1',
  'who.name~x',
  'who.name~=x',
  'a=b,who.name!=bob',
  'n==1',
]) {
  test(`--query ${text} asks for what is no exact value`, () => {
    assert.throws(
      () => parseQuery([text]),
      problem(
        exit.usage,
        `--query ${JSON.stringify(text)}: it finds only exact values, name=value`,
        'pipe the records into jq for other comparisons',
      ),
    );
  });
}

test('whatever the value, quoted it comes back as it is', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 4 }), (values) => {
      const text = values.map((value, number) => `k${number}="${value.replace(/["\\]/g, '\\$&')}"`).join(',');
      assert.deepEqual(
        parseQuery([text]),
        values.map((value, number) => [`k${number}`, value]),
      );
    }),
    { numRuns: 300 },
  );
});

test('a value matches by its characters, a number by its digits, and what is not there never', () => {
  const match = (json: string, value: string): boolean =>
    matches(Buffer.from(` ${json} `), 1, 1 + Buffer.byteLength(json), value);
  assert.ok(match('"zo\\u00eb"', 'zoë'));
  assert.ok(match('"zoë"', 'zoë'));
  assert.ok(match('9007199254740993', '9007199254740993'));
  assert.ok(!match('9007199254740993', '9007199254740992'));
  assert.ok(match('true', 'true') && match('null', 'null') && match('1.10', '1.10'));
  assert.ok(!match('1.10', '1.1') && !match('"a"', '"a"'));
  assert.ok(!matches(Buffer.alloc(0), -1, -1, ''));
});
