import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EnvelopeTest, parseDefinition, type SourceDefinition } from '../../src/core/definition.ts';
import { exit, Problem } from '../../src/core/problem.ts';
import { restSource } from '../../src/core/rest.ts';
import type { SettingValues } from '../../src/core/types.ts';
import { always, noSearch, pullAll, pullOnce, sourceTools } from '../support/source-tools.ts';
import { sendJson, serve, type LoggedRequest, type Vendor } from '../support/vendors/server.ts';

const settings: SourceDefinition['settings'] = {
  PEAR_URL: { summary: 'Address.', kind: 'url' },
  PEAR_TOKEN: { summary: 'Token.', secret: true },
};

const pear: SourceDefinition = {
  name: 'pear',
  summary: 'Pears.',
  settings,
  url: '{PEAR_URL}/v1',
  auth: { type: 'headers', headers: { Authorization: 'Bearer {PEAR_TOKEN}' } },
  request: { path: '/log', query: { from: '{from}', until: '{until}', cursor: '{cursor}' } },
  paging: { type: 'cursor', path: 'next' },
  window: { filter: 'event', time: 'epoch-ns' },
  records: { path: 'data', id: { paths: ['id'] } },
};

const slice = { from: 1_606_322_948_648_718_268n, until: 1_606_322_949_000_000_001n };

type VendorReply = string | { readonly text: string; readonly headers: Record<string, string> };

/** A vendor that answers with these replies, one after the other; the last one for ever. */
async function vendor(
  ...replies: readonly (string | { text: string; headers: Record<string, string> })[]
): Promise<Vendor> {
  let at = 0;
  return serve({}, (_, response) => {
    const reply = replies[Math.min(at++, replies.length - 1)] ?? '';
    if (typeof reply === 'string') sendJson(response, 200, reply);
    else sendJson(response, 200, reply.text, reply.headers);
  });
}

function valuesFor({ origin }: Vendor): SettingValues {
  return { PEAR_URL: origin, PEAR_TOKEN: 'secret' };
}

/** The requests that a definition makes of a vendor with these replies. */
async function requestsOf(
  change: Partial<SourceDefinition>,
  replies: readonly VendorReply[],
  more: Parameters<typeof pullOnce>[2] = {},
): Promise<readonly LoggedRequest[]> {
  const server = await vendor(...replies);
  const definition = parseDefinition(JSON.parse(JSON.stringify({ ...pear, ...change })), 'pear.yaml');
  try {
    await pullOnce(definition, valuesFor(server), { part: { slice }, ...more });
  } finally {
    await server.close();
  }
  return server.requests;
}

const two = ['{"data":[{"id":1}],"next":"c/1"}', '{"data":[{"id":2}]}'] as const;

test('a window and a cursor are parameters, the credentials a header', async () => {
  const [first, second] = await requestsOf({}, [...two]);
  assert.equal(first?.target, '/v1/log?from=1606322948648718268&until=1606322949000000001');
  assert.equal(second?.target, '/v1/log?from=1606322948648718268&until=1606322949000000001&cursor=c%2F1');
  assert.equal(first?.headers.authorization, 'Bearer secret');
});

test('a window is written no narrower than it is', async () => {
  const [request] = await requestsOf({ window: { filter: 'event', time: 'epoch-s' } }, [...two]);
  assert.equal(request?.target, '/v1/log?from=1606322948&until=1606322950');
});

test('a window is written, and records are read, by the clock of a zone', async () => {
  const zone = 'America/New_York';
  const server = await vendor('{"data":[{"id":1,"at":"2020-11-25 11:49:08"},{"id":2,"at":"2020-11-25 11:49:08Z"}]}');
  const definition = parseDefinition(
    {
      ...pear,
      window: { filter: 'event', time: { format: 'sql', zone, prefix: '@' } },
      records: { ...pear.records, time: { path: 'at', format: 'iso', zone } },
    },
    'pear.yaml',
  );
  const { records } = await pullOnce(definition, valuesFor(server), { part: { slice } });
  await server.close();
  assert.equal(
    server.requests[0]?.target,
    '/v1/log?from=%402020-11-25%2011%3A49%3A08&until=%402020-11-25%2011%3A49%3A10',
  );
  const read = records.map(({ time }) => new Date(time).toISOString());
  assert.deepEqual(read, ['2020-11-25T16:49:08.000Z', '2020-11-25T11:49:08.000Z']);
});

test('a window is written, and records are read, by a pattern', async () => {
  const server = await vendor('{"data":[{"id":1,"at":"25/11/2020 4:49 PM"},{"id":2,"at":20201125}]}');
  const definition = parseDefinition(
    {
      ...pear,
      window: { filter: 'event', time: { format: { pattern: 'YYYYMMDDHHmm' }, zone: '+01:00' } },
      records: { ...pear.records, time: { path: 'at', format: { pattern: 'DD/MM/YYYY h:mm A' } } },
    },
    'pear.yaml',
  );
  const { records } = await pullOnce(definition, valuesFor(server), { part: { slice } });
  await server.close();
  assert.equal(server.requests[0]?.target, '/v1/log?from=202011251749&until=202011251750');
  assert.deepEqual(
    records.map(({ time }) => time),
    [Date.parse('2020-11-25T16:49:00Z'), Number.NaN],
  );
});

test('the beginning of 1970 is no time of a record, which would be left out as one from long before the window', async () => {
  for (const [format, ...times] of [
    ['iso', '"1970-01-01T00:00:00Z"', '"0001-01-01T00:00:00Z"', 'null'],
    ['epoch-ms', '0', '"0"', '"never"'],
  ] as const) {
    const server = await vendor(`{"data":[${times.map((at, id) => `{"id":${id},"at":${at}}`).join(',')}]}`);
    const definition = parseDefinition({ ...pear, records: { ...pear.records, time: { path: 'at', format } } }, '');
    const { records } = await pullOnce(definition, valuesFor(server), { part: { slice } });
    await server.close();
    assert.deepEqual(
      records.map(({ time }) => time),
      [Number.NaN, Number.NaN, Number.NaN],
    );
  }
});

test('names with brackets, repeated parameters and odd values are encoded as RFC 3986 says', async () => {
  const query = {
    'filter[created_at]': ['{from}', '{until}'],
    $top: "5'(a)*!",
    'page[after]': '{cursor}',
    none: '{rawQuery}',
  };
  const [first] = await requestsOf({ request: { path: '/log?v=2', query } }, [two[1]]);
  assert.equal(
    first?.target,
    '/v1/log?v=2&filter%5Bcreated_at%5D=1606322948648718268&filter%5Bcreated_at%5D=1606322949000000001&%24top=5%27%28a%29%2A%21',
  );
});

test('half a character in a cursor is sent as the character that stands for none', async () => {
  const request = { path: '/log/{cursor}', query: { from: '{from}', after: '{cursor}' } };
  const replies = ['{"data":[{"id":1}],"next":"a\\ud800b"}', '{"data":[{"id":2}]}'];
  const [, second] = await requestsOf({ request }, replies);
  assert.equal(second?.target, '/v1/log/a%EF%BF%BDb?from=1606322948648718268&after=a%EF%BF%BDb');
});

test('a JSON body keeps types and all digits, and drops what has no value', async () => {
  const json = {
    time: { $gte: '{from}' },
    size: '{limit}',
    cursor: '{cursor}',
    sort: ['at', '{cursor}'],
    on: true,
    note: null,
  };
  const [first, second] = await requestsOf({ request: { method: 'POST', path: '/log', json }, limits: { page: 50 } }, [
    ...two,
  ]);
  assert.equal(first?.body, '{"time":{"$gte":1606322948648718268},"size":50,"sort":["at"],"on":true,"note":null}');
  assert.equal(
    second?.body,
    '{"time":{"$gte":1606322948648718268},"size":50,"cursor":"c/1","sort":["at","c/1"],"on":true,"note":null}',
  );
  assert.equal(first?.headers['content-type'], 'application/json');
});

const lists = ['{"data":[{"id":1}],"next":["1547486297000",9007199254740993123]}', '{"data":[{"id":2}]}'] as const;

test('a cursor that is a list is a list in a JSON body, several parameters, or one if a variable joins it', async () => {
  const from = '{from}';
  const json = { from, search_after: '{cursor}' };
  const body = await requestsOf({ request: { method: 'POST', path: '/log', json } }, lists);
  assert.equal(body[0]?.body, '{"from":1606322948648718268}');
  assert.equal(body[1]?.body, '{"from":1606322948648718268,"search_after":["1547486297000",9007199254740993123]}');
  const several = await requestsOf({ request: { path: '/log', query: { from, after: '{cursor}' } } }, lists);
  assert.match(several[1]?.target ?? '', /&after=1547486297000&after=9007199254740993123$/);
  const joined = await requestsOf(
    { variables: { next: '{cursor}' }, request: { path: '/log', query: { from, next_offset: '{next}' } } },
    lists,
  );
  assert.match(joined[0]?.target ?? '', /^[^&]*$/);
  assert.match(joined[1]?.target ?? '', /&next_offset=1547486297000%2C9007199254740993123$/);
});

test('a list that was saved is a list again in the next run, and so is an integer an integer', async () => {
  const definition: Partial<SourceDefinition> = {
    request: { method: 'POST', path: '/log', json: { start: '{from}' } },
    paging: {
      type: 'cursor',
      header: 'X-Search_after',
      json: true,
      bookmark: true,
      request: { method: 'POST', path: '/log', json: { search_after: '{cursor}' } },
    },
  };
  for (const cursor of ['[1576181718000,"DZrP"]', '1576181718000']) {
    const server = await vendor({ text: '{"data":[{"id":1}]}', headers: { 'X-Search_after': cursor } }, '{"data":[]}');
    const all = parseDefinition(JSON.parse(JSON.stringify({ ...pear, ...definition })), 'pear.yaml');
    const { bookmark } = await pullOnce(all, valuesFor(server), { part: { slice } });
    await pullOnce(all, valuesFor(server), { part: { slice, bookmark } });
    await server.close();
    assert.deepEqual(
      server.requests.slice(1).map(({ body }) => body),
      [`{"search_after":${cursor}}`, `{"search_after":${cursor}}`],
    );
  }
});

test('a form is sent encoded, with its content type and without what has no value', async () => {
  const form = { from: '{from}', cursor: '{cursor}', text: 'a b&c' };
  const [first] = await requestsOf({ request: { method: 'POST', path: '/log', form } }, [...two]);
  assert.equal(first?.body, 'from=1606322948648718268&text=a%20b%26c');
  assert.equal(first?.headers['content-type'], 'application/x-www-form-urlencoded');
});

test('later pages may be asked for differently', async () => {
  const request = { method: 'POST', path: '/log', json: { start: '{from}' } } as const;
  const later = { method: 'POST', path: '/log/continue', json: { cursor: '{cursor}' } } as const;
  const [first, second] = await requestsOf({ request, paging: { type: 'cursor', path: 'next', request: later } }, [
    ...two,
  ]);
  assert.deepEqual([first?.target, second?.target, second?.body], ['/v1/log', '/v1/log/continue', '{"cursor":"c/1"}']);
});

test('secrets in the address or the body go with every page', async () => {
  const link = { text: '[{"id":1}]', headers: { Link: '</v1/log?page=2>; rel="next"' } };
  const requests = await requestsOf(
    {
      auth: { type: 'query', query: { key: '{PEAR_TOKEN}' } },
      request: { path: '/log', query: { from: '{from}' } },
      paging: { type: 'link' },
      records: { id: pear.records.id },
    },
    [link, '[{"id":2}]'],
  );
  assert.deepEqual(
    requests.map((request) => request.target),
    ['/v1/log?from=1606322948648718268&key=secret', '/v1/log?page=2&key=secret'],
  );
  const json = { from: '{from}', cursor: '{cursor}' };
  const [body] = await requestsOf(
    { auth: { type: 'body', body: { provhash: '{PEAR_TOKEN}' } }, request: { method: 'POST', path: '/log', json } },
    [...two],
  );
  assert.equal(body?.body, '{"from":1606322948648718268,"provhash":"secret"}');
});

test('a token from the login goes with every request until the logout', async () => {
  const auth: SourceDefinition['auth'] = {
    type: 'session',
    login: { method: 'POST', path: '/login', json: { secret: '{PEAR_TOKEN}' } },
    token: { path: 'auth.token', headers: { 'X-Auth': 'T {token}' } },
    logout: { method: 'POST', path: '/logout' },
  };
  const requests = await requestsOf({ auth }, ['{"auth":{"token":"t1"}}', ...two, '{}']);
  assert.deepEqual(
    requests.map((request) => [request.target.split('?')[0], request.headers['x-auth']]),
    [
      ['/v1/login', undefined],
      ['/v1/log', 'T t1'],
      ['/v1/log', 'T t1'],
      ['/v1/logout', 'T t1'],
    ],
  );
});

test('a next address on another host is refused before anything is sent there', async () => {
  const evil = await vendor(two[1]);
  await assert.rejects(
    requestsOf({ request: { path: '/log', query: { from: '{from}' } }, paging: { type: 'url', path: 'next' } }, [
      `{"data":[],"next":"${evil.origin}/v1/log"}`,
    ]),
    (error) => error instanceof Problem && error.status === exit.protocol,
  );
  assert.equal(evil.requests.length, 0);
  await evil.close();
});

test('the pages of a list of links are followed', async () => {
  const [, second, third] = await requestsOf(
    {
      request: { path: '/log', query: { from: '{from}' } },
      paging: { type: 'url', path: 'links', pick: { path: 'rel', equals: 'next' }, address: 'href' },
    },
    [
      '{"links":[{"rel":"self","href":"/v1/log"},{"rel":"next","href":"/v1/log?page=2"}],"data":[{"id":1}]}',
      '{"data":[]}',
    ],
  );
  assert.deepEqual([second?.target, third], ['/v1/log?page=2', undefined]);
});

test('an error that is a list is told in its own words', async () => {
  const server = await serve({}, (_, response) =>
    sendJson(response, 400, '[{"errorCode":"INVALID_TYPE","message":"sObject type is not supported"}]'),
  );
  await assert.rejects(
    pullOnce(pear, valuesFor(server), { part: { slice } }),
    (error) => error instanceof Problem && error.message.endsWith('(HTTP 400): sObject type is not supported'),
  );
  await server.close();
});

const lost: readonly (readonly [
  what: string,
  status: number,
  body: string,
  invalid: EnvelopeTest,
  restarts: boolean,
])[] = [
  ['an HTTP error', 409, '{"error":{".tag":"reset"}}', { path: 'error.".tag"', equals: ['reset', 'bad_cursor'] }, true],
  [
    'another HTTP error',
    409,
    '{"error_summary":"no_scope/..","error":{".tag":"no_scope"}}',
    { path: 'error.".tag"', equals: 'reset' },
    false,
  ],
  [
    'a reply with HTTP 200',
    200,
    '{"ok":false,"error":"invalid_cursor"}',
    { path: 'error', equals: 'invalid_cursor' },
    true,
  ],
  ['a reply that looks like any other', 200, '{"data":[],"state":"gone"}', { path: 'state', equals: 'gone' }, true],
  [
    'another reply with HTTP 200',
    200,
    '{"ok":false,"error":"no_scope"}',
    { path: 'error', equals: 'invalid_cursor' },
    false,
  ],
];
for (const [what, status, body, invalid, restarts] of lost) {
  test(`a saved cursor ${restarts ? 'is given up for' : 'stays despite'} ${what} with ${body}`, async () => {
    const tools = sourceTools();
    const server = await serve({}, ({ target }, response) =>
      target.includes('cursor=') ? sendJson(response, status, body) : sendJson(response, 200, '{"data":[{"id":1}]}'),
    );
    const definition: SourceDefinition = {
      ...pear,
      request: { path: '/log', query: { from: '{from}', cursor: '{cursor}' } },
      paging: { type: 'cursor', path: 'next', bookmark: true, invalid: [invalid] },
      reply: { messages: ['error_summary'] },
    };
    const read = pullOnce(definition, valuesFor(server), { part: { slice, bookmark: 'old' }, tools });
    if (restarts) {
      assert.equal((await read).records.length, 1);
      assert.equal(server.requests.length, 2, 'a cursor that is gone is not asked for twice');
      assert.match(tools.warnings.join(), /pear no longer knows where the last run stopped/);
    } else {
      await assert.rejects(read, (error) => error instanceof Problem && /no_scope/.test(error.message));
      assert.ok(server.requests.every(({ target }) => target.includes('cursor=old')));
      assert.deepEqual(tools.warnings, []);
    }
    await server.close();
  });
}

test('where the bookmark has moved past them, fewer records than announced are told as such', async () => {
  const [page, end] = ['{"data":[{"n":1}],"next":"new","total":2}', '{"data":[],"next":"new","total":0}'];
  const server = await vendor(page, end, page, end);
  const definition: SourceDefinition = {
    ...pear,
    request: { path: '/log', query: { cursor: '{cursor}' } },
    paging: { type: 'cursor', path: 'next', bookmark: true, stop: ['empty-page'] },
    records: { path: 'data', id: { content: true }, total: 'total' },
  };
  await assert.rejects(pullOnce(definition, valuesFor(server), { part: { slice, bookmark: 'old' } }), (error) => {
    assert.ok(error instanceof Problem);
    assert.match(error.message, /announced 2 records .* and gave 1$/);
    assert.match(error.hint ?? '', /^the position may be past them/);
    return true;
  });
  await server.close();
  assert.equal(server.requests.length, 4, 'it is read again once');
});

test("a comparison is written in the vendor's language, safely quoted", async () => {
  const query = { keys: { method: { field: 'auditTrail.requestMethod' } }, compare: '{field} = {value}', and: ' and ' };
  const request = { path: '/log', query: { filter: '{query}', from: '{from}', cursor: '{cursor}' } };
  const [first] = await requestsOf({ query, request }, [two[1]], {
    search: {
      query: [
        ['method', 'DEL"{from}'],
        ['method', 'x'],
      ],
    },
    part: { slice },
  });
  assert.equal(
    new URL(first?.target ?? '', 'http://x').searchParams.get('filter'),
    'auditTrail.requestMethod = "DEL\\"{from}" and auditTrail.requestMethod = "x"',
  );
});

test('a window that holds fewer records than announced is read again once, and then is an error', async () => {
  const records = { ...pear.records, total: 'total' };
  const short = '{"data":[{"id":1}],"total":2}';
  const requests = await requestsOf({ records }, [short, '{"data":[{"id":1},{"id":2}],"total":2}']);
  assert.equal(requests.length, 2);
  await assert.rejects(requestsOf({ records }, [short]), /pear announced 2 records from .* and gave 1/);
  await assert.rejects(
    requestsOf({ records }, ['{"data":[],"total":1}']),
    /pear announced 1 record from .* and gave 0/,
  );
});

/** A vendor that gives no more than `most` records of a window, the first ones, and says so. */
async function cappingVendor(records: readonly { at: number }[], most: number): Promise<Vendor> {
  return serve({}, ({ target }, response) => {
    const query = new URL(target, 'http://pear').searchParams;
    const [from, until] = ['from', 'until'].map((name) => Number(query.get(name)));
    const found = records.filter(({ at }) => at >= from! * 1000 && at < until! * 1000);
    sendJson(response, 200, JSON.stringify({ data: found.slice(0, most), capped: found.length > most }));
  });
}

const capped = { window: { filter: 'event', time: 'epoch-s' }, paging: { type: 'none' } } as const;

for (const [what, id, most] of [
  ['an ID', { paths: ['id'] }, 10],
  ['their content', { content: true }, 42],
] as const) {
  test(`more than a cap lets through is read in parts, as short as it takes, and each record has one key: ${what}`, async () => {
    const minute = 60_000;
    const burst = 5 * 60 * minute + 7 * minute;
    const records = [
      ...Array.from({ length: 60 }, (_, number) => ({ id: number, at: number * 10 * minute })),
      ...Array.from({ length: 40 }, (_, number) => ({
        id: 1000 + number,
        at: burst + number * 1000,
      })),
    ];
    const alike = { id: 77, at: burst - 2 * minute };
    records.push(alike, alike, alike);
    const server = await cappingVendor(records, most);
    const definition = parseDefinition(
      {
        ...pear,
        ...capped,
        records: { path: 'data', id, time: { path: 'at', format: 'epoch-ms' }, capped: 'capped' },
      },
      'pear.yaml',
    );
    const window = { from: 0n, until: 10n * 3600n * 1_000_000_000n };
    const { records: read } = await pullOnce(definition, valuesFor(server), { part: { slice: window } });
    await server.close();
    assert.deepEqual(new Set(read.map(({ text }) => text)), new Set(records.map((record) => JSON.stringify(record))));
    assert.equal(new Set(read.map((record) => record.id)).size, 'paths' in id ? 101 : 103);
    assert.ok(server.requests.length < 60, `${server.requests.length} requests`);
  });
}

for (const capped of ['true', '"true"', '1', '"1"']) {
  test(`a window that a cap cuts off, told as ${capped}, is not whole`, () =>
    assert.rejects(
      requestsOf({ records: { ...pear.records, capped: 'capped' } }, [`{"data":[{"id":1}],"capped":${capped}}`]),
      /pear gave only a part of its records from .*, and says so/,
    ));
}

test('a window that no cap cuts off, however that is told, is whole', async () => {
  for (const told of ['"capped":false', '"capped":"false"', '"capped":0', '"capped":null', '"capped":""', '"else":1']) {
    await requestsOf({ records: { ...pear.records, capped: 'capped' } }, [`{"data":[{"id":1}],${told}}`]);
  }
});

test('a cap that is told neither as true nor as false is an error: what it left out would be lost', () =>
  assert.rejects(
    requestsOf({ records: { ...pear.records, capped: 'capped' } }, ['{"data":[{"id":1}],"capped":{"at":1000}}']),
    /^Problem: pear: capped \(records\.capped\) is an object, neither true nor false$/,
  ));

for (const total of ['2.0', '2e0', '0.2E+1', '"2.0"']) {
  test(`a window that holds fewer records than announced is an error where their number is written as ${total}`, () =>
    assert.rejects(
      requestsOf({ records: { ...pear.records, total: 'total' } }, [`{"data":[{"id":1}],"total":${total}}`]),
      /pear announced 2 records from .* and gave 1/,
    ));
}

for (const total of ['-2', '2.5', '1e400', '"many"', 'true', '[2]', '{}']) {
  test(`a window of which ${total} records are announced is read once: that is no number of records`, async () => {
    const page = `{"data":[{"id":1}],"total":${total}}`;
    const requests = await requestsOf({ records: { ...pear.records, total: 'total' } }, [page, page]);
    assert.equal(requests.length, 1);
  });
}

test('records without an ID keep their keys when the window is read again', async () => {
  const server = await vendor('{"data":[{"a":1},{"a":1}],"total":3}', '{"data":[{"a":1},{"a":1},{"a":2}],"total":3}');
  const definition = { ...pear, records: { path: 'data', id: { content: true }, total: 'total' } } as const;
  const { records } = await pullOnce(definition, valuesFor(server), { part: { slice } });
  const ids = records.map((record) => record.id);
  assert.deepEqual([ids.slice(0, 2), new Set(ids).size], [ids.slice(2, 4), 3]);
  await server.close();
});

test('two pages in a row with the same records are a circle', async () => {
  await assert.rejects(
    requestsOf({}, ['{"data":[{"id":1}],"next":"a"}', '{"data":[{"id":1}],"next":"b"}']),
    (error) => error instanceof Problem && error.status === exit.protocol && /in circles/.test(error.message),
  );
});

test('more records of one time than a page holds are told as such, whether they begin a window or not', async () => {
  const at = (...times: readonly number[]) =>
    `{"data":[${times.map((time, id) => `{"id":${id},"at":${time}}`).join()}]}`;
  const change: Partial<SourceDefinition> = {
    request: { path: '/log', query: { since: '{from}', limit: '{limit}' } },
    paging: {
      type: 'cursor',
      last: 'at',
      stop: ['short-page'],
      request: { path: '/log', query: { since: '{cursor}', limit: '{limit}' } },
    },
    limits: { page: 2 },
  };
  for (const replies of [
    [at(7, 7), at(7, 7)],
    [at(6, 7), at(7, 7)],
  ]) {
    await assert.rejects(requestsOf(change, replies), /pear has more records with the same at than one page holds/);
  }
  await assert.rejects(requestsOf(change, [at(6, 7), at(6, 7)]), /in circles/);
  assert.equal((await requestsOf(change, [at(6, 7), at(7)])).length, 2);
});

test('JSON Lines, a bare array, and an object of records are records, too', async () => {
  const read = async (records: SourceDefinition['records'], text: string): Promise<string[]> => {
    const server = await vendor(text);
    const definition = {
      ...pear,
      request: { path: '/log', query: { from: '{from}' } },
      paging: { type: 'none' },
      records,
    } as const;
    const { records: found } = await pullOnce(definition, valuesFor(server), { part: { slice } });
    await server.close();
    return found.map((record) => record.text);
  };
  const expected = ['{"id":1,"n":1.10}', '{"id":2}'];
  const id = pear.records.id;
  assert.deepEqual(await read({ id }, `[${expected.join(',\n')}]`), expected);
  assert.deepEqual(await read({ id, format: 'lines' }, `# comment\n${expected.join('\n\n')}\n`), expected);
  assert.deepEqual(
    await read({ id, path: 'd', container: 'object' }, `{"d":{"E1":${expected.join(',"E2":')}}}`),
    expected,
  );
  for (const text of ['{}', '{"d":null}', '{"d":{}}']) {
    assert.deepEqual(await read({ id, path: 'd', missing: 'empty' }, text), []);
  }
  assert.deepEqual(await read({ id, path: 'd', container: 'object', missing: 'empty' }, '{"d":[]}'), []);
});

test('HTTP 204 is an error, unless the definition says that it means no records', async (t) => {
  const server = await serve({}, (_, response) => void response.writeHead(204).end());
  t.after(() => server.close());
  for (const shape of [{ path: 'data', missing: 'empty' }, {}, { format: 'csv' }] as const) {
    const records = { ...shape, id: pear.records.id };
    const read = (reply: SourceDefinition['reply']) =>
      pullOnce({ ...pear, records, ...(reply && { reply }) }, valuesFor(server), { part: { slice } });
    await assert.rejects(read(undefined), {
      status: exit.protocol,
      message: /HTTP 204/,
      hint: 'if it means that there are no records, write reply: { empty: [204] } in the definition',
    });
    assert.deepEqual((await read({ empty: [204], success: { path: 'ok' } })).records, []);
  }
});

test('a reply that lacks what reply.success expects, and says nothing else, is told with its name and what to write', async (t) => {
  const server = await serve({}, (_, response) => sendJson(response, 200, '{"data":[]}'));
  t.after(() => server.close());
  const changed = {
    ...pear,
    records: { ...pear.records, path: 'data' },
    reply: { success: { path: 'ok', equals: true } },
  };
  await assert.rejects(pullOnce(changed, valuesFor(server), { part: { slice } }), {
    status: exit.protocol,
    message: 'pear does not say that page 1 is a success: nothing at ok',
    hint: 'where that is no error, add optional: true to reply.success in the definition',
  });
});

test('something else where the records should be is no empty list, even where that may be missing', async () => {
  const container = ['array', 'object'] as const;
  for (const [index, text] of ['{"d":{"E1":{"id":1}}}', '{"d":[{"id":1}]}'].entries()) {
    const records = {
      path: 'd',
      missing: 'empty',
      container: container[index] ?? 'array',
      id: pear.records.id,
    } as const;
    const server = await vendor(text);
    await assert.rejects(
      pullOnce({ ...pear, records }, valuesFor(server), { part: { slice } }),
      /no list of records at d/,
    );
    await server.close();
  }
});

test('where only a bare reply means that there is nothing, one with other members is none', async () => {
  const paging = { type: 'cursor', path: 'page.next' } as const;
  let path = 'd';
  const read = async (...texts: readonly string[]) => {
    const records = { path, missing: 'bare', id: pear.records.id } as const;
    const server = await vendor(...texts);
    const { records: found } = await pullOnce({ ...pear, paging, records }, valuesFor(server), { part: { slice } });
    await server.close();
    return found.map((record) => record.text);
  };
  for (const text of ['{}', '{"d":null}', '{"page":{}}', '{"d":[]}']) assert.deepEqual(await read(text), []);
  assert.deepEqual(await read('{"page":{"next":"b"}}', '{"d":[{"id":1}]}'), ['{"id":1}']);
  for (const text of ['{"unknown":[]}', '{"page":{},"dd":[{"id":1}]}', '{"d":{"E1":{"id":1}}}', '[]']) {
    await assert.rejects(read(text), /no list of records at d/, text);
  }
  path = 'd.list';
  for (const text of ['{}', '{"d":null}', '{"d":{}}', '{"d":{"list":null},"page":{}}']) {
    assert.deepEqual(await read(text), []);
  }
  for (const text of ['{"d":{"lists":[{"id":1}]}}', '{"d":[{"id":1}]}', '{"d":{},"page":{"list":[]}}']) {
    await assert.rejects(read(text), /no list of records at d\.list/, text);
  }
});

test('the number of pages, which the paging looks for, leaves a reply bare', async () => {
  for (const pages of ['pages', 'meta.pages']) {
    const server = await vendor(pages === 'pages' ? '{"pages":0}' : '{"meta":{"pages":0}}');
    const records = { path: 'd', missing: 'bare', id: pear.records.id } as const;
    const definition = { ...pear, paging: { type: 'page', pages } as const, records };
    const { records: found } = await pullOnce(definition, valuesFor(server), { part: { slice } });
    assert.deepEqual(found, []);
    await server.close();
  }
});

test('a reply without its list is told with the members that it has, by name alone', async () => {
  const names = (count: number): string => Array.from({ length: count }, (_, at) => `"k${at}":${at}`).join();
  for (const [text, path, said] of [
    ['{"entries":[{"id":"s3cret"}],"meta":{"a":1}}', 'entires', '; it has entries, meta'],
    ['{"data":{"entries":[],"next":"s3cret"}}', 'data.entires', '; data has entries, next'],
    ['{"data":[]}', 'data.entires', '; it has data'],
    [`{${names(12)}}`, 'entires', '; it has k0, k1, k2, k3, k4, k5, k6, k7, k8, k9 and 2 more'],
    ['{"a\\u001b[31m":1}', 'entires', '; it has a\\u001b[31m'],
    ['{}', 'entires', ''],
    ['{"entries":[],"detail":"come back later"}', 'entires', ': come back later'],
  ] as const) {
    const server = await vendor(text);
    const records = { path, id: pear.records.id };
    await assert.rejects(pullOnce({ ...pear, records }, valuesFor(server), { part: { slice } }), {
      message: `pear: the reply to page 1 has no list of records at ${path}${said}`,
      hint: "check records.path in the definition, the URL and the vendor's API version",
    });
    await server.close();
  }
});

test('CSV is records, too, with the names in its first line', async () => {
  const definition = parseDefinition(
    {
      ...pear,
      request: { path: '/log', query: { from: '{from}' }, headers: { accept: 'text/csv' } },
      paging: { type: 'none' },
      records: { format: 'csv', id: { paths: ['ID'] }, time: { path: '"AT.UTC"', format: 'sql' } },
    },
    'pear.yaml',
  );
  const read = async (text: string) => {
    const server = await vendor(text);
    try {
      return await pullOnce(definition, valuesFor(server), { part: { slice } });
    } finally {
      await server.close();
    }
  };
  const { records, refused } = await read('"ID","AT.UTC","NOTE"\r\n"1","2020-11-25 16:49:08","a\nb"\r\n2,,\r\n3\r\n');
  assert.deepEqual(
    records.map(({ id, text, time }) => [id, text, time]),
    [
      ['"1"', '{"ID":"1","AT.UTC":"2020-11-25 16:49:08","NOTE":"a\\u000ab"}', Date.parse('2020-11-25T16:49:08Z')],
      ['"2"', '{"ID":"2","AT.UTC":"","NOTE":""}', Number.NaN],
    ],
  );
  assert.equal(refused, 1);
  assert.deepEqual((await read('"ID","AT.UTC"\r\n')).records, []);
  for (const [text, problem] of [
    ['', /^pear: the reply to .* is empty, without the names of its columns/],
    ['{"error":"no"}', /^pear: the reply to .* is not the CSV that was expected: it is JSON/],
    ['Service unavailable', /names no column "ID"/],
    ['ID,TIME\n', /names no column "AT\.UTC"/],
  ] as const) {
    await assert.rejects(
      read(text),
      (error) => error instanceof Problem && error.status === 76 && problem.test(error.message),
    );
  }
});

test('of several columns that may have the ID of a row, one is enough', async () => {
  const server = await vendor('Id,At\n7,2020-11-25 16:49:08\n');
  const records = { format: 'csv', id: { paths: ['ID', 'Id'], first: true }, time: { path: 'At', format: 'sql' } };
  const definition = parseDefinition({ ...pear, paging: { type: 'none' }, records }, 'pear.yaml');
  const read = await pullOnce(definition, valuesFor(server), { part: { slice } });
  await server.close();
  assert.deepEqual(
    read.records.map(({ id }) => id),
    ['"7"'],
  );
});

test('an interval between requests is kept', async () => {
  const tools = sourceTools();
  await requestsOf({ limits: { interval: '6s' } }, [...two], { part: { slice }, tools });
  assert.deepEqual(tools.waits, [6000]);
});

test('a large page comes in parts, and nothing is asked for ahead', async () => {
  const texts = Array.from({ length: 5000 }, (_, id) => `{"id":${id},"text":"${'x'.repeat(200)}"}`);
  const server = await vendor(`{"data":[${texts.join(',')}]}`);
  const { pages, records } = await pullOnce(pear, valuesFor(server), { part: { slice: always } });
  assert.equal(records.length, 5000);
  assert.ok(pages.length > 5 && pages.every((page) => page.records.length < 1000));
  await server.close();
});

test('a page that always breaks off at its end is given up, not fetched for ever', async () => {
  const texts = Array.from({ length: 2000 }, (_, id) => `{"id":${id},"text":"${'x'.repeat(200)}"}`);
  const server = await serve({}, (_, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': 10_000_000 });
    response.write(`{"data":[${texts.join(',')}`, () => response.destroy());
  });
  const source = restSource(pear, valuesFor(server), noSearch, sourceTools());
  await assert.rejects(pullAll(source), (error) => error instanceof Problem && error.status === exit.unavailable);
  assert.ok(server.requests.length <= 15, `${server.requests.length} requests`);
  await source.close();
  await server.close();
});

test('what is not a record is refused, and the rest goes on', async () => {
  const server = await vendor('{"data":[{"id":1},5,{"id":2}]}');
  const { records, refused } = await pullOnce(pear, valuesFor(server), { part: { slice } });
  assert.deepEqual([records.length, refused], [2, 1]);
  await server.close();
});

test('an address with a query is no base', () => {
  assert.throws(
    () => restSource(pear, { PEAR_URL: 'https://pear.example/?a=b' }, noSearch, sourceTools()),
    (error) => error instanceof Problem && error.status === exit.config,
  );
});
