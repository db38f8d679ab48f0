/** What a definition asks its vendor for: addresses, parameters, bodies, windows and credentials. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDefinition, type SourceDefinition } from '../../../src/core/definition.ts';
import { exit } from '../../../src/core/problem.ts';
import { restSource } from '../../../src/core/rest.ts';
import { pear, requestsOf, slice, two, valuesFor, vendor } from '../../support/pear.ts';
import { noSearch, pullOnce, sourceTools } from '../../support/source-tools.ts';
import { problem } from '../../support/problem.ts';

test('a window and a cursor are parameters, the credentials a header', async () => {
  const [first, second] = await requestsOf({}, [...two]);
  assert.equal(first?.target, '/v1/log?from=1606322948648718268&until=1606322949000000001');
  assert.equal(second?.target, '/v1/log?from=1606322948648718268&until=1606322949000000001&cursor=c%2F1');
  assert.equal(first?.headers.authorization, 'Bearer secret');
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

test('a form is sent encoded, with its content type and without what has no value', async () => {
  const form = { from: '{from}', cursor: '{cursor}', text: 'a b&c' };
  const [first] = await requestsOf({ request: { method: 'POST', path: '/log', form } }, [...two]);
  assert.equal(first?.body, 'from=1606322948648718268&text=a%20b%26c');
  assert.equal(first?.headers['content-type'], 'application/x-www-form-urlencoded');
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

test('half a character in a cursor is sent as the character that stands for none', async () => {
  const request = { path: '/log/{cursor}', query: { from: '{from}', after: '{cursor}' } };
  const replies = ['{"data":[{"id":1}],"next":"a\\ud800b"}', '{"data":[{"id":2}]}'];
  const [, second] = await requestsOf({ request }, replies);
  assert.equal(second?.target, '/v1/log/a%EF%BF%BDb?from=1606322948648718268&after=a%EF%BF%BDb');
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

test('an interval between requests is kept', async () => {
  const tools = sourceTools();
  await requestsOf({ limits: { interval: '6s' } }, [...two], { part: { slice }, tools });
  assert.deepEqual(tools.waits, [6000]);
});

test('an address with a query is no base', () => {
  assert.throws(
    () => restSource(pear, { PEAR_URL: 'https://pear.example/?a=b' }, noSearch, sourceTools()),
    problem(exit.config),
  );
});
