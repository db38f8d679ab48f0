import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Problem } from '../../src/core/problem.ts';
import { splitter, type SplitterOptions } from '../../src/core/split.ts';
import { change, changed, objectText, valueText } from '../support/json-arbitrary.ts';

const fields = [['id'], ['a', 'b'], ['timestamp']];

interface Outcome {
  readonly records: readonly { readonly text: string; readonly found: readonly (string | undefined)[] }[];
  readonly refused: readonly { readonly text: string; readonly reason: string }[];
  readonly envelope: string | undefined;
  readonly containerSeen: boolean;
  readonly problem: string | undefined;
  readonly again: boolean;
}

type Options = Partial<Omit<SplitterOptions, 'record' | 'refused'>>;

/** Splits a body that comes in these chunks, and holds what came out against the promises of the interface. */
function split(chunks: readonly Buffer[], options: Options = {}): Outcome {
  const records: { text: string; found: (string | undefined)[] }[] = [];
  const refused: { text: string; reason: string }[] = [];
  const kept: { readonly bytes: Buffer; readonly start: number; readonly end: number; readonly text: string }[] = [];
  let parts: Buffer[] = [];
  const body = splitter({
    records: ['data'],
    fields,
    maxRecordBytes: 1 << 20,
    ...options,
    record(bytes, start, end, spans) {
      const text = bytes.toString('utf8', start, end);
      const found = fields.map((_, field) => {
        const from = spans[2 * field] ?? -1;
        return from === -1 ? undefined : bytes.toString('utf8', from, spans[2 * field + 1]);
      });
      records.push({ text, found });
      kept.push({ bytes, start, end, text });
    },
    refused({ text, more, reason }) {
      parts.push(text);
      if (more) return;
      refused.push({ text: Buffer.concat(parts).toString('latin1'), reason });
      parts = [];
    },
  });
  let envelope: string | undefined;
  let problem: unknown;
  try {
    for (const chunk of chunks) body.push(chunk);
    envelope = body.end().text;
  } catch (error) {
    problem = error;
  }
  if (problem !== undefined && !(problem instanceof Problem)) throw problem;
  if (problem !== undefined) assert.equal(problem.status, 76);
  assert.equal(body.found(), records.length + refused.length);
  for (const { bytes, start, end, text } of kept) assert.equal(bytes.toString('utf8', start, end), text);
  return {
    records,
    refused,
    envelope,
    containerSeen: body.containerSeen(),
    problem: problem?.message,
    again: problem?.again !== undefined,
  };
}

function whole(body: string | Buffer, options: Options = {}): Outcome {
  return split([Buffer.from(body)], options);
}

const texts = (outcome: Outcome) => outcome.records.map(({ text }) => text);

/** In one piece, in two at every byte, byte by byte, and with empty pieces: always the same. */
function anyCut(body: string | Buffer, options: Options = {}): Outcome {
  const bytes = Buffer.from(body);
  const expected = split([bytes], options);
  for (let at = 0; at <= bytes.length; at++) {
    assert.deepEqual(split([bytes.subarray(0, at), bytes.subarray(at)], options), expected, `cut at ${at}`);
  }
  const pieces = [...bytes].flatMap((_, at) => [bytes.subarray(at, at + 1), bytes.subarray(at, at)]);
  assert.deepEqual(split(pieces, options), expected);
  return expected;
}

const audit = `{"id":"16f43920","timestamp":1606322948648718268,"name":"said \\"{x}\\" \\\\","content":{"a":[1,{"b":"}]"}]}}`;

test('records come out byte for byte, with the lexemes of their fields and the envelope around them', () => {
  const outcome = anyCut(
    `{"page":{"total":2,"data":[{"no":1}]},"data":[${audit},{"a":{"b":1.10}}],"next":18446744073709551617}`,
  );
  assert.deepEqual(outcome.records, [
    { text: audit, found: ['"16f43920"', undefined, '1606322948648718268'] },
    { text: '{"a":{"b":1.10}}', found: [undefined, '1.10', undefined] },
  ]);
  assert.equal(outcome.envelope, '{"page":{"total":2,"data":[{"no":1}]},"data":[],"next":18446744073709551617}');
  assert.equal(outcome.problem, undefined);
});

test('nasty documents are split alike wherever they are cut', () => {
  const bodies = [
    '\ufeff \r\n{ "data" : [ ] }\n',
    '{"d\\u0061ta":[{"i\\u0064":"\\u007b","a":{"b":[1,"]"]}}]}',
    '{"é":"😀","data":[{"id":"漢😀é\u2028"},{"id":"é"}],"x":"é"}',
    '{"data":[{"id":"\\ud800","a":{"b":1},"a":{}},{"__proto__":{"id":1},"a":{"b":{"b":{}}}}]}',
    '{"data":[{"id":1 "x":2},null,5,-1.5e3,"a\\"]",[{"id":1}],true,{"id":2}]}',
    '{"data":[{"id":1}',
    '{"data":[{"id":1},]}',
    '{"data":[{"id":1}}}',
    '{"data":[],"data":[]}',
    '{"data":null,"more":[{}]}',
    '{"data":[]}{"data":[]}',
    '{"data":[{"a":\r\n {"b": 1 ,\n\t"c":"  "}\n,\n"id" : 2}\n]}',
    '<html></html>',
    '',
  ];
  for (const body of bodies) anyCut(body);
  for (const body of ['[{"id":1} , {"id":2}]', ' [ ] ', '[]]', '[[],{}]', '{"data":[]}', '5', '"[]"', 'null']) {
    anyCut(body, { records: [] });
  }
  for (const body of [
    '{"data":{"x":{"id":1},"\\u0079" : {}, "z":5}}',
    '{"data":{}}',
    '{"data":{"x" {}}}',
    '{"data":{"x":{},}}',
  ]) {
    anyCut(body, { container: 'object' });
  }
  for (const body of [
    '{"id":1}\r\n\n  \n#x\n{"id":2}\n',
    '{"id":1}\n{"id":',
    '\ufeff{"id":1}',
    '{"id":1}\nnull\n{"a" 1}\n',
    '#x',
  ]) {
    anyCut(body, { records: 'lines' });
  }
});

test('any document, cut anywhere, is split as JSON.parse reads it', () => {
  const bodies = fc.tuple(fc.array(valueText, { maxLength: 6 }), valueText, fc.array(fc.nat(400), { maxLength: 6 }));
  fc.assert(
    fc.property(bodies, ([values, other, cuts]) => {
      const bytes = Buffer.from(`{"before":${other},"data":[${values.join(' , ')}],"after":${other}}`);
      const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).toSorted((a, b) => a - b), bytes.length];
      const outcome = split(places.slice(1).map((place, at) => bytes.subarray(places[at], place)));
      const parsed = values.map((text) => JSON.parse(text) as unknown);
      const isRecord = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
      assert.deepEqual(
        texts(outcome).map((text) => JSON.parse(text) as unknown),
        parsed.filter(isRecord),
      );
      for (const text of texts(outcome)) assert.doesNotMatch(text, /[\r\n]/);
      assert.deepEqual(
        outcome.refused.map(({ text, reason }) => [
          JSON.parse(Buffer.from(text, 'latin1').toString()) as unknown,
          reason,
        ]),
        parsed.filter((value) => !isRecord(value)).map((value) => [value, 'not an object']),
      );
      assert.equal(outcome.envelope, `{"before":${other},"data":[],"after":${other}}`);
    }),
    { numRuns: 1000 },
  );
});

test('a changed document yields nothing that is not JSON, always ends, and is the same however it is cut', () => {
  const bodies = fc.tuple(
    fc.array(objectText, { maxLength: 4 }),
    fc.array(change, { minLength: 1, maxLength: 3 }),
    fc.nat(),
  );
  fc.assert(
    fc.property(bodies, ([values, changes, cut]) => {
      const bytes = changed(Buffer.from(`{"x":[{}],"data":[${values.join(',')}],"next":"a"}`), changes);
      const at = cut % (bytes.length + 1);
      const outcome = split([bytes]);
      assert.deepEqual(split([bytes.subarray(0, at), bytes.subarray(at)]), outcome);
      for (const text of texts(outcome)) assert.equal(typeof JSON.parse(text), 'object');
      let valid = true;
      try {
        JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
      } catch {
        valid = false;
      }
      const accepted = outcome.problem === undefined && outcome.refused.length === 0;
      if (accepted) assert.equal(valid, true, bytes.toString('latin1'));
      else if (valid) assert.match(outcome.problem ?? outcome.refused[0]?.reason ?? '', /not an object|twice/);
    }),
    { numRuns: 2000 },
  );
});

test('random bytes always come to an end', () => {
  const byte = fc.constantFrom(...Buffer.from('{}[]":,\\d1-. \n#'), 0xff);
  const bodies = fc.tuple(fc.array(byte, { maxLength: 40 }), fc.constantFrom('', '{"data":[', '{"data":{'));
  fc.assert(
    fc.property(
      bodies,
      fc.constantFrom<Options>({}, { records: [] }, { container: 'object' }, { records: 'lines' }),
      ([rest, start], options) => {
        const bytes = Buffer.concat([Buffer.from(start), Buffer.from(rest)]);
        assert.deepEqual(
          split(
            [...bytes].map((one) => Buffer.from([one])),
            options,
          ),
          split([bytes], options),
        );
      },
    ),
    { numRuns: 2000 },
  );
});

test('a record with a comma missing is refused with the place, and the page goes on', () => {
  const broken = '{\n  "id": "16f4",\n  "timestamp": 1606322948648718268\n  "type": "audittrail"\n}';
  const outcome = anyCut(`{"data":[{"id":"1"},${broken},{"id":"3"}]}`);
  assert.deepEqual(texts(outcome), ['{"id":"1"}', '{"id":"3"}']);
  assert.deepEqual(outcome.refused, [
    { text: broken, reason: `not JSON: expected ',' or '}' at byte ${broken.indexOf('"type"')}` },
  ]);
});

/** The shape of a platform audit record as a vendor prints it in its manual: several lines, 19-digit integers. */
const manual = `{
    "id": "26f43920a0d70f005f136173fcec3375",
    "type": "audittrail",
    "timestamp": 1706322948648718268,
    "severity": 0,
    "content": {
        "timestampNs": 1754009775452000000,
        "requestUri": "/api/{team}/x",
        "entityPayload": ""
    },
    "actions": [
        {
          "type": "CAPTURE",
          "successful": true
        }
    ],
    "labels": {}
}`;

test('a page as printed in a manual comes out on lines, and a lost comma in it costs one record', () => {
  const line = manual.replaceAll(/\n */g, '');
  const broken = manual.replace('"audittrail",', '"audittrail"');
  const outcome = anyCut(
    `{\n  "page": {\n    "total": 3\n  },\n  "data": [\n${manual},\n${broken},\n${manual}\n]\n}\n`,
  );
  const found = ['"26f43920a0d70f005f136173fcec3375"', undefined, '1706322948648718268'];
  assert.deepEqual(outcome.records, [
    { text: line, found },
    { text: line, found },
  ]);
  const place = broken.indexOf('"timestamp"');
  assert.deepEqual(outcome.refused, [{ text: broken, reason: `not JSON: expected ',' or '}' at byte ${place}` }]);
  assert.equal(outcome.problem, undefined);
});

test('what is no object is refused', () => {
  const outcome = anyCut('{"data":[null,5,"x",[{"id":1}],{"id":1}]}');
  assert.deepEqual(texts(outcome), ['{"id":1}']);
  assert.deepEqual(
    outcome.refused.map(({ text }) => text),
    ['null', '5', '"x"', '[{"id":1}]'],
  );
  assert.equal(outcome.refused[0]?.reason, 'not an object');
});

test('a record that is not UTF-8 is refused alone', () => {
  const bytes = Buffer.from('{"data":[{"id":"é"},{"id":"\u0000"},{"id":"漢"}],"x":"é"}'.replace('\u0000', 'Q'));
  bytes[bytes.indexOf('Q')] = 0xff;
  const outcome = anyCut(bytes);
  assert.deepEqual(texts(outcome), ['{"id":"é"}', '{"id":"漢"}']);
  assert.deepEqual(outcome.refused, [{ text: '{"id":"\xff"}', reason: 'not UTF-8' }]);
  const outside = Buffer.from('{"data":[],"x":"Q"}');
  outside[outside.indexOf('Q')] = 0xff;
  assert.equal(anyCut(outside).problem, 'the reply is not JSON: it is not UTF-8');
});

test('a record over several lines comes out on one, otherwise untouched', () => {
  const pretty = '{\r\n    "id": "a\\n  b" ,\r\n    "a": {\n\n\t"b": [\n 1,  2\n]  \n}\n}';
  const outcome = anyCut(`{"data": [\n  ${pretty}\n]\n}`);
  assert.deepEqual(outcome.records, [
    { text: '{"id": "a\\n  b" ,"a": {"b": [1,  2]}}', found: ['"a\\n  b"', '[1,  2]', undefined] },
  ]);
});

test('a body that was cut is told apart from one that is broken, whatever it was cut in', () => {
  const body = `{"x":"\\"[","data":[${audit},5,"a",{"id":2}],"next":"abc"}`;
  for (let length = 0; length < body.length; length++) {
    const outcome = whole(body.slice(0, length));
    assert.match(
      outcome.problem ?? '',
      length === 0 ? /^the reply is empty$/ : /^the reply was cut off/,
      body.slice(0, length),
    );
    assert.equal(outcome.again, true);
  }
});

test('a page whose structure is broken stops', () => {
  const cases: readonly (readonly [body: string, problem: RegExp])[] = [
    ['{"data":[{"id":1} {"id":2}]}', /expected ',' or the end of the records at byte 18/],
    ['{"data":[{"id":1},]}', /expected a record at byte 18/],
    ['{"data":[,]}', /expected a record at byte 9/],
    ['{"data":[NaN]}', /expected a record at byte 9/],
    ['{"data":[{"id":1]]}', /element 1 closes a bracket that it never opened/],
    ['{"data":[]}{"data":[]}', /goes on after its end/],
    ['{"data":[]} x', /goes on after its end/],
    ['{"data":[],}', /malformed/],
    ['{"data" []}', /malformed/],
    ['{"data":[],"data":[]}', /the key 'data' comes twice/],
    ['nothing', /malformed/],
    ['<!DOCTYPE html>', /^the reply is HTML, not JSON$/],
    [' \n<html>', /^the reply is HTML, not JSON$/],
  ];
  for (const [body, problem] of cases) {
    const outcome = anyCut(body);
    assert.match(outcome.problem ?? '', problem, body);
    assert.equal(outcome.again, false);
  }
});

test('no message quotes the body', () => {
  for (const body of ['{"secret"', '{"secret":,"data":[]}', 'secret', '{"data":[secret]}', '{"sec\\ret":1}']) {
    assert.doesNotMatch(whole(body).problem ?? '', /secret/, body);
  }
});

test('where no container is, there are no records, and the envelope tells why', () => {
  for (const body of [
    '{"data":null}',
    '{}',
    '{"error":{"data":[1]}}',
    'null',
    '[{"data":[1]}]',
    '{"data":{"a":[]}}',
    '{"data":"["}',
  ]) {
    const outcome = anyCut(body);
    assert.deepEqual([outcome.records.length, outcome.containerSeen, outcome.envelope], [0, false, body]);
  }
  const elsewhere = '{"a":{"x":1},"b":{"y":1,"data":[{"id":1}]}}';
  assert.equal(anyCut(elsewhere, { records: ['a', 'data'] }).containerSeen, false);
  assert.equal(whole('{"data":[]}').containerSeen, true);
});

test('the container may lie deep, after large values', () => {
  const other = `{"result":{"records":[1]},"records":[${'[[{"records":[]}]],'.repeat(1000)}1]}`;
  const outcome = anyCut(`{"a":{"records":[]},"result":{"records":[{"id":1}]},"z":1}`, {
    records: ['result', 'records'],
  });
  assert.deepEqual(texts(outcome), ['{"id":1}']);
  const large = whole(`{"x":${other},"result":{"y":${other},"records":[{"id":2}]}}`, {
    records: ['result', 'records'],
  });
  assert.deepEqual(texts(large), ['{"id":2}']);
});

test('a root array and an object of records are containers too', () => {
  const root = anyCut(' [{"id":1},{"id":2}] ', { records: [] });
  assert.deepEqual([texts(root), root.envelope], [['{"id":1}', '{"id":2}'], ' [] ']);
  const keyed = anyCut('{"data":{"x":{"id":1}, "\\"}" : {"id":2}}}', { container: 'object' });
  assert.deepEqual([texts(keyed), keyed.envelope], [['{"id":1}', '{"id":2}'], '{"data":{}}']);
  assert.match(whole('{"data":{"\\q":{}}}', { container: 'object' }).problem ?? '', /a key is malformed/);
});

test('an envelope that does not end is refused', () => {
  const outcome = split(
    Array.from({ length: 100 }, () => Buffer.from('[1,2,3,4,')),
    { maxEnvelopeBytes: 500 },
  );
  assert.equal(outcome.problem, 'the reply has more than 500 bytes outside its records');
});

test('an envelope nested too deep is refused before it is parsed', () => {
  const nested = (depth: number): string => `{"data":[],"x":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  assert.equal(anyCut(nested(511)).problem, undefined);
  assert.equal(whole(nested(512)).problem, 'the reply is not JSON: it is nested deeper than 512');
});

test('a record nested too deep is refused, and the page goes on', () => {
  const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  for (const size of [1e6, 65_536]) {
    const bytes = Buffer.from(`{"data":[${deep},{"id":1}]}`);
    const outcome = split(
      Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size)),
    );
    assert.deepEqual(texts(outcome), ['{"id":1}']);
    assert.equal(outcome.refused[0]?.text, deep);
    assert.equal(outcome.refused[0]?.reason, 'nested deeper than 512');
  }
});

test('a record that is too large is refused, in one piece or many', () => {
  const outcome = anyCut(`{"data":[{"id":1},{"id":"${'x'.repeat(50)}"},"${'y'.repeat(50)}",{"id":2}]}`, {
    maxRecordBytes: 40,
  });
  assert.deepEqual(texts(outcome), ['{"id":1}', '{"id":2}']);
  assert.deepEqual(outcome.refused, [
    { text: `{"id":"${'x'.repeat(50)}"}`, reason: 'larger than 40 bytes' },
    { text: `"${'y'.repeat(50)}"`, reason: 'larger than 40 bytes' },
  ]);
});

test('a record of 300 MB streams through, and memory does not grow', () => {
  const piece = Buffer.from('{"key":"some \\"text\\" {","list":[1,2,3]},'.repeat(1600));
  let bytes = 0;
  let parts = 0;
  let records = 0;
  const body = splitter({
    records: [],
    fields,
    maxRecordBytes: 1 << 20,
    record: () => records++,
    refused({ text, more, reason }) {
      assert.equal(reason, 'larger than 1048576 bytes');
      bytes += text.length;
      parts += more ? 0 : 1;
    },
  });
  const pieces = Math.ceil(300e6 / piece.length);
  const before = process.memoryUsage().rss;
  body.push(Buffer.from('[{"id":1},{"huge":['));
  for (let number = 0; number < pieces; number++) body.push(piece);
  body.push(Buffer.from('{}]},{"id":2}]'));
  assert.equal(body.end().text, '[]');
  assert.deepEqual([records, parts, bytes], [2, 1, '{"huge":['.length + pieces * piece.length + '{}]}'.length]);
  assert.ok(process.memoryUsage().rss - before < 60e6);
});

test('a record of many chunks is read in linear time', () => {
  const chunk = Buffer.from('"0123456789abcdef",'.repeat(20));
  let length = 0;
  const body = splitter({
    records: [],
    fields,
    maxRecordBytes: 1e9,
    record: (_, start, end) => (length = end - start),
    refused: () => assert.fail(),
  });
  body.push(Buffer.from('[{"a":['));
  for (let number = 0; number < 50_000; number++) body.push(chunk); // 19 MB: a rescan at each chunk would take hours
  body.push(Buffer.from('1]}]'));
  body.end();
  assert.equal(length, '{"a":['.length + 50_000 * chunk.length + '1]}'.length);
});

test('JSON Lines: one record a line, blank lines and comments skipped', () => {
  const outcome = anyCut('# head\r\n{"id":1}\r\n\r\n  {"id": 2}  \n   \nnull\n{"id" 3}\n{"id":4}{}\n{"id":5}', {
    records: 'lines',
  });
  assert.deepEqual(texts(outcome), ['{"id":1}', '{"id": 2}', '{"id":5}']);
  assert.deepEqual(outcome.refused, [
    { text: 'null', reason: 'not an object' },
    { text: '{"id" 3}', reason: `not JSON: expected ':' at byte 6` },
    { text: '{"id":4}{}', reason: 'not JSON: expected the end at byte 8' },
  ]);
  assert.deepEqual([outcome.envelope, outcome.problem], ['', undefined]);
});

test('JSON Lines: a torn last line is a cut, after the lines before it', () => {
  const body = '{"id":1}\n{"id":[1,"}"]}';
  for (let length = 10; length < body.length; length++) {
    const outcome = anyCut(body.slice(0, length), { records: 'lines' });
    assert.deepEqual(
      [texts(outcome), outcome.problem, outcome.again],
      [['{"id":1}'], 'the reply was cut off in its last line', true],
    );
  }
  assert.equal(whole('{"id":1', { records: 'lines' }).again, true);
  assert.equal(whole('<html>', { records: 'lines' }).problem, 'the reply is HTML, not JSON');
});
