/** Bytes that are not what they should be, and bytes that only look wrong. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { answer, bent } from './answers.ts';
import { fault, saidBy, scene, type Result, type Scene } from './harness.ts';
import { bodyOf, once, onPage } from './replies.ts';
import type { Fault } from './vendor.ts';

interface SetAside {
  readonly reason: string;
  readonly record?: string;
  readonly base64?: string;
}

/** What the quarantine holds. */
function quarantined({ stateDirectory }: Scene): SetAside[] {
  const lines = readFileSync(join(stateDirectory, 'faults.quarantine.jsonl'), 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as SetAside);
}

/** These elements come before the records of page 1; `\xff` and its like stand for single bytes. */
function withElements(here: Scene, ...elements: readonly string[]): Fault {
  return onPage(1, (_, honest) =>
    answer(
      here,
      200,
      Buffer.from(
        bodyOf(honest)
          .toString('latin1')
          .replace('[', () => `[${elements.join(',')},`),
        'latin1',
      ),
    ),
  );
}

/** All good records were delivered once, so many others set aside, once, and it was said. */
async function expectSetAside(here: Scene, result: Result, count: number): Promise<SetAside[]> {
  assert.equal(result.status, 3, result.stderr);
  const { problems, hints } = saidBy(result);
  assert.match(problems.join(), count === 1 ? /^1 record was not delivered/ : new RegExp(`^${count} records were not`));
  assert.deepEqual(hints, [
    'each line there says why, and holds the record; when that is fixed, deliver it again, as the README says',
  ]);
  here.expectDelivered();
  here.expectNoSecrets(result);
  const found = quarantined(here);
  here.clock.now += 1000;
  here.expectSuccess(await here.run()); // the vendor shows them again; they are known
  assert.deepEqual(quarantined(here), found);
  assert.equal(found.length, count);
  return found;
}

/** The vendor has these texts as records; they arrive byte by byte. */
async function expectUnaltered(here: Scene, ...texts: readonly string[]): Promise<void> {
  for (const text of texts) here.vendor.add('x', 5, text);
  here.expectSuccess(await here.run());
  here.clock.now += 1000;
  here.expectSuccess(await here.run());
}

fault('J01', 'JSON that is cut off is asked for again, and given up in the end', async (context) => {
  const here = await scene(context);
  const cut: Fault = (_, honest) => bent(here, honest, (body) => body.slice(0, body.length - 40));
  here.vendor.fault = once(onPage(2, cut));
  here.expectSuccess(await here.run());

  here.clock.now += 1000;
  here.vendor.add('later', 0);
  here.vendor.fault = onPage(2, cut);
  await here.expectProblem(await here.run(), {
    exit: 76,
    message: /^acme: the reply to page 2 was cut off before its end$/,
    hint: /^the next run asks again/,
  });
});

fault('J02', 'a record that is not UTF-8 is set aside as base64, and the rest of its page goes on', async (context) => {
  const here = await scene(context);
  const bad = [
    '{"id":"\xff","n":1}',
    '{"id":"\xfe","n":1}',
    '{"id":"s","n":"\xed\xa0\x80"}',
    '{"id":"o","n":"\xc0\xaf"}',
  ];
  here.vendor.fault = withElements(here, ...bad);
  const found = await expectSetAside(here, await here.run(), bad.length);
  assert.deepEqual(
    found.map(({ reason, base64 }) => [reason, Buffer.from(base64 ?? '', 'base64').toString('latin1')]),
    bad.map((text) => ['not UTF-8', text]),
  );
});

fault('J02', 'what surrounds the records is not UTF-8', async (context) => {
  const here = await scene(context);
  here.vendor.fault = onPage(2, (_, honest) => {
    const body = bodyOf(honest).toString('latin1').replace('"total"', '"tot\xe9l"');
    return answer(here, 200, Buffer.from(body, 'latin1'));
  });
  await here.expectProblem(await here.run(), {
    exit: 76,
    message: /^acme: the reply to page 2 is not JSON: it is not UTF-8$/,
    hint: /^check ACME_URL in the environment/,
  });
});

fault('J03', 'a byte order mark before a page is accepted', async (context) => {
  const here = await scene(context);
  here.vendor.fault = (_, honest) => bent(here, honest, (body) => `\ufeff${body}`);
  here.expectSuccess(await here.run());
});

fault('J04', 'lone surrogates in escapes arrive as they are, in texts and in IDs', async (context) => {
  const here = await scene(context);
  await expectUnaltered(
    here,
    '{"id":"\\ud800","n":"\\udc00\\ud800"}',
    '{"id":"\\udbff","n":1}',
    '{"id":"\\ufffd","n":1}',
    '{"id":"\\ud83d\\ude00","n":1}',
  );
});

fault('J05', 'line separators inside texts stay as they are, and each record is one line', async (context) => {
  const here = await scene(context);
  await expectUnaltered(here, '{"id":"a\u2028b","n":"\u2029 \u0085 \\u2028"}', '{"id":"a\u0085b"}');
});

fault('J06', 'an escaped NUL stays an escape', async (context) => {
  const here = await scene(context);
  await expectUnaltered(here, '{"id":"a\\u0000b","n":"\\u0000"}', '{"id":"a","n":"\\u0000"}', '{"id":"\\u0000","n":1}');
});

fault('J07', 'pretty-printed records come on one line each; their texts stay as they are', async (context) => {
  const here = await scene(context);
  here.vendor.fault = (_, honest) =>
    bent(here, honest, (body) => body.replaceAll('{', '{\r\n\t').replaceAll(/,"/g, ',\n  "').replaceAll('}', '\n}'));
  here.vendor.add('text', 5, '{"id":"text","n":"two  blanks \\n and \\t"}');
  here.expectSuccess(await here.run());
});

fault('J07', 'a raw line break inside a text makes no record', async (context) => {
  const here = await scene(context);
  here.vendor.fault = withElements(here, '{"id":"x","n":"a\nb"}');
  const [found] = await expectSetAside(here, await here.run(), 1);
  assert.equal(found?.record, '{"id":"x","n":"a\nb"}');
  assert.match(found.reason, /no control character in a string/);
});

fault('J08', 'records that are nested by the million are set aside; 512 levels are delivered', async (context) => {
  const here = await scene(context);
  const nested = (id: string, levels: number): string =>
    `{"id":"${id}","n":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
  here.vendor.add('512', 5, nested('512', 512));
  here.vendor.fault = withElements(here, nested('513', 513), nested('10k', 10_000), nested('1M', 1_000_000));
  const found = await expectSetAside(here, await here.run(), 3);
  assert.ok(found.every(({ reason }) => reason === 'nested deeper than 512'));
  assert.equal(found[2]?.record, nested('1M', 1_000_000));
});

fault('J09', 'names that JavaScript treats specially arrive, and change nothing here', async (context) => {
  const here = await scene(context);
  await expectUnaltered(
    here,
    '{"__proto__":{"polluted":1},"id":"p"}',
    '{"constructor":{"prototype":{"polluted":1}},"id":"c"}',
    '{"hasOwnProperty":1,"toString":null,"id":"__proto__"}',
    '{"id":"constructor"}',
  );
  here.vendor.fault = (_, honest) =>
    bent(here, honest, (body) => body.replace('"next"', '"__proto__":{"polluted":1},"next"'));
  here.clock.now += 1000;
  here.expectSuccess(await here.run());
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
});

fault('J10', 'a member that comes twice stays twice; as ID and as time, the last one counts', async (context) => {
  const here = await scene(context, { records: 0, argv: ['-v', '--log-format', 'text'] });
  const time = (secondsAgo: number): string => new Date(here.clock.now - secondsAgo * 1000).toISOString();
  here.vendor.add('a', 5, `{"id":"x","id":"a","time":"${time(9999)}","time":"${time(5)}"}`);
  here.vendor.add('b', 5, `{"id":"x","id":"b","time":"${time(5)}"}`);
  const result = await here.run();
  assert.equal(result.status, 0);
  here.expectDelivered();
});

fault('J11', 'numbers that no double holds arrive digit by digit', async (context) => {
  const here = await scene(context);
  const numbers = ['1e400', '-0', '1.10', '0.1234567890123456789', '18446744073709551616', '1E+2', '-1e-400', '0e0'];
  await expectUnaltered(here, ...numbers.map((number, at) => `{"id":${9007199254740993n + BigInt(at)},"n":${number}}`));
});

const malformed = [
  '{"id":"a","n":NaN}',
  '{"id":"a","n":-Infinity}',
  '{"id":"a","n":1,}',
  '{"id":"a" "n":1}',
  '{"id":"a",/* note */"n":1}',
  "{'id':'a'}",
  '{"id":"a","n":01}',
  '{"id":"a","n":"\\x"}',
  '{id:"a"}',
];

fault(
  'J13',
  'a record that is not JSON but whose braces balance is set aside, and the rest goes on',
  async (context) => {
    const here = await scene(context);
    here.vendor.fault = withElements(here, ...malformed);
    const found = await expectSetAside(here, await here.run(), malformed.length);
    assert.deepEqual(
      found.map(({ record }) => record),
      malformed,
    );
    assert.ok(found.every(({ reason }) => reason.startsWith('not JSON: expected ')));
  },
);

for (const [what, edit] of [
  ['without a comma between two records', (body: string) => body.replace('},{', '}{')],
  ['with a comma after the last record', (body: string) => body.replace('}]', '},]')],
  ['with a comment between two records', (body: string) => body.replace('},{', '},// next\n{')],
  ['with NaN around the records', (body: string) => body.replace('"total":6', '"total":NaN')],
  ['with a bracket too many', (body: string) => body.replace('}]', '}]]')],
  ['followed by another', (body: string) => `${body}${body}`],
] as const) {
  fault('J13', `a page ${what} is no page`, async (context) => {
    const here = await scene(context);
    here.vendor.fault = onPage(2, (_, honest) => bent(here, honest, edit));
    const result = await here.run();
    assert.equal(here.vendor.requests.length, 2);
    await here.expectProblem(result, {
      exit: 76,
      message: /^acme: the reply to page 2 is not JSON: /,
      hint: /^check ACME_URL in the environment/,
    });
  });
}

fault('J14', 'elements that are no objects are set aside', async (context) => {
  const here = await scene(context);
  const elements = ['null', '5', '"x"', '[]', '[{"id":"in a list"}]', 'true', '-1.5e3'];
  here.vendor.fault = withElements(here, ...elements);
  const found = await expectSetAside(here, await here.run(), elements.length);
  assert.deepEqual(
    found.map(({ reason, record }) => [reason, record]),
    elements.map((text) => ['not an object', text]),
  );
});

fault('J15', 'a wrong or missing content type does not matter when the body is JSON', async (context) => {
  for (const type of ['text/plain', 'application/octet-stream', 'application/vnd.acme.v2+json; charset="UTF-8"', '']) {
    const here = await scene(context);
    here.vendor.fault = (_, honest) => bent(here, honest, (body) => body, { 'Content-Type': type });
    here.expectSuccess(await here.run());
  }
});

fault('J15', 'JSON that is said to be HTML is not accepted', async (context) => {
  const here = await scene(context);
  here.vendor.fault = onPage(2, (_, honest) => bent(here, honest, (body) => body, { 'Content-Type': 'text/html' }));
  await here.expectProblem(await here.run(), {
    exit: 76,
    message:
      /^acme answered page 2 with something other than JSON \(HTTP 200, text\/html\) at http:\/\/127.0.0.1:\d+\/audit$/,
    hint: /^check ACME_URL in the environment/,
  });
});

for (const charset of ['iso-8859-1', '"UTF-16LE"', 'Windows-1252']) {
  fault('J16', `a reply in ${charset} is refused, not guessed`, async (context) => {
    const here = await scene(context);
    here.vendor.fault = onPage(2, (_, honest) =>
      bent(here, honest, (body) => body, { 'Content-Type': `application/json; charset=${charset}` }),
    );
    await here.expectProblem(await here.run(), {
      exit: 76,
      message: new RegExp(`^acme answered page 2 in ${charset.replaceAll('"', '')}, not in UTF-8$`, 'i'),
      hint: /answer in UTF-8$/,
    });
  });
}

fault('J18', 'markup, escape sequences and formulas inside texts arrive unchanged', async (context) => {
  const here = await scene(context);
  await expectUnaltered(
    here,
    '{"id":"1","n":"<script>alert(1)</script>&amp;"}',
    '{"id":"2","n":"\\u001b]0;owned\\u0007\\u001b[2J"}',
    '{"id":"3","n":"=cmd|\'/c calc\'!A1"}',
    '{"id":"4","n":"\u202egnp.exe \u009b31m \u007f"}',
  );
});
