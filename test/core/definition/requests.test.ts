/** Addresses, headers, placeholders and bodies of requests, and what is refused in them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDefinition } from '../../../src/core/definition.ts';
import { exit } from '../../../src/core/problem.ts';
import { baseUrl } from '../../../src/core/vendor/address.ts';
import { apple, type Change, refusedDefinitions } from '../../support/refused-definitions.ts';
import { problem } from '../../support/problem.ts';

test('an address that a setting spoils is named with its setting', () => {
  const { settings } = apple;
  const text = parseDefinition({ ...apple, settings: { ...settings, APPLE_URL: { summary: 'Host.' } } }, 'apple.yaml');
  assert.throws(
    () => baseUrl(text, { APPLE_URL: 'api.example.com' }),
    problem(exit.config, 'apple: the address is not a URL', /^check APPLE_URL: give an address such as https/),
  );
});

test('a setting may be a part of an address, and a variable names those before it', () => {
  const settings = { ...apple.settings, APPLE_HOST: { summary: 'Host.' } };
  const variables = { window: 'at ge {from}', filter: '{window} and {query}' };
  parseDefinition({ ...apple, settings, url: 'https://{APPLE_HOST}', variables }, 'apple.yaml');
});

test('a parameter that is called like a part of the definition has the placeholders of any other', () => {
  const query = { ...apple.request.query, url: '{until}', scope: '{query}' };
  parseDefinition({ ...apple, request: { ...apple.request, query } }, 'apple.yaml');
});

test('a header that is only called like one of the connection is sent', () => {
  const headers = { 'Upgrade-Insecure-Requests': '1', 'X-Connection': 'a' };
  parseDefinition({ ...apple, headers }, 'apple.yaml');
});

/** A definition with this request at each place that may have one. */
function withRequest(request: object): readonly (readonly [place: string, change: Change])[] {
  const of = (name: string): object => ({ path: `/${name}`, query: apple.request.query });
  const login = { method: 'POST', path: '/login', form: { pin: '{APPLE_TOKEN}' } };
  const job = { request: { method: 'POST', path: '/jobs' }, id: 'id' };
  const ofJob = { ...request, path: '/{job}' };
  const part = { path: '/{item}/{cursor}' };
  const paging = { ...apple.paging, request: { ...request, path: '/{cursor}' } };
  const fetch = { request, paging: { type: 'none' } };
  const names = { path: '/names' };
  return [
    ['request', { request: { ...request, path: '/{from}/{cursor}' } }],
    ['paging.request', { paging }],
    ['prepare.0.request', { prepare: [{ request }] }],
    ['items.request', { items: { name: 'id', request: { ...request, path: '/{item}' } } }],
    ['items.paging.request', { items: { name: 'id', request: part, paging } }],
    ['job.request', { request: of('{job}'), job: { ...job, request } }],
    ['job.poll.request', { request: of('{job}'), job: { ...job, poll: { request: ofJob, until: { path: 'done' } } } }],
    ['job.close', { request: of('{job}'), job: { ...job, close: ofJob } }],
    ['branches.fetch.request', { request: of('{branch}'), branches: { fetch } }],
    [
      'branches.fetch.paging.request',
      { request: of('{branch}'), branches: { fetch: { ...fetch, request: names, paging } } },
    ],
    ['auth.page.request', { auth: { type: 'session', page: { request }, login } }],
    ['auth.login', { auth: { type: 'session', login: { ...request, path: '/{APPLE_TOKEN}' } } }],
    ['auth.logout', { auth: { type: 'session', login, logout: request } }],
  ];
}
const placed = (place: string, rest: string): RegExp => new RegExp(`: ${place.replaceAll('.', String.raw`\.`)}${rest}`);
refusedDefinitions(
  withRequest({ path: '/a', json: {} }).map(([place, change]) => [
    `a body with GET at ${place}`,
    change,
    placed(place, ': a body needs method: POST$'),
  ]),
);
refusedDefinitions(
  withRequest({ path: '/a', headers: { 'A B': 'c' } }).map(([place, change]) => [
    `a header with a blank in its name at ${place}`,
    change,
    placed(place, String.raw`\.headers\."A B": expected the name of a header`),
  ]),
);

refusedDefinitions([
  [
    'an address without a scheme',
    { url: 'api.example.com' },
    /url: expected an address such as https:\/\/vendor\.example, found "api\.example\.com"$/,
  ],
  [
    'one of several addresses without a scheme',
    { url: ['{APPLE_URL}', 'api.{APPLE_URL}'] },
    /url\.1: expected an address such as https/,
  ],
  [
    'an address of one value of a setting without a scheme',
    {
      settings: { ...apple.settings, APPLE_REGION: { summary: 'Region.', values: ['eu'] } },
      url: [{ setting: 'APPLE_REGION', texts: { eu: 'eu.example.com' } }],
    },
    /: url\.0\.texts\.eu: expected an address such as https/,
  ],
  [
    'a path that does not begin with a slash',
    { request: { path: 'log?since={from}&after={cursor}' } },
    /request\.path: expected a path that begins with \/, found "log/,
  ],
  [
    'a header name with a blank',
    { auth: { type: 'headers', headers: { 'Bad Header': '{APPLE_TOKEN}' } } },
    /apple\.yaml: auth\.headers\."Bad Header": expected the name of a header such as X-Tenant$/,
  ],
  ['no header name', { headers: { '': 'x' } }, /: headers\."": expected the name of a header/],
  [
    'a header name with a colon, of a later page',
    { paging: { type: 'cursor', path: 'next', request: { path: '/log', headers: { 'X-Tenant:': '7' } } } },
    /: paging\.request\.headers\."X-Tenant:": expected the name of a header/,
  ],
  [
    'a header name with a letter that is not ASCII, of a login',
    { auth: { type: 'session', login: { path: '/login', headers: { Schlüssel: '7' } } } },
    /: auth\.login\.headers\."Schlüssel": expected the name of a header/,
  ],
  [
    'a header of the connection',
    { request: { ...apple.request, headers: { 'Transfer-Encoding': 'chunked' } } },
    /: request\.headers\.Transfer-Encoding: belongs to the connection, leave it out/,
  ],
  [
    'a header value with a line break',
    { headers: { 'X-Tenant': 'a\nX-Other: b' } },
    /: headers\.X-Tenant: its value has characters that headers cannot carry$/,
  ],
  [
    'an unknown placeholder',
    { request: { path: '/log', query: { a: '{form}', b: '{from}', c: '{cursor}' } } },
    /request\.query\.a: \{form\} is neither a setting nor a placeholder \(Did you mean from\?\): there are \{from\}, \{until\}, \{limit\}, \{cursor\}, .*\{categories\} and settings$/,
  ],
  [
    'a mistyped setting',
    { request: { path: '/log', query: { a: '{APPLE_ULR}', b: '{from}', c: '{cursor}' } } },
    /request\.query\.a: \{APPLE_ULR\} is neither a setting nor a placeholder \(Did you mean APPLE_URL\?\)$/,
  ],
  [
    'a placeholder of another language',
    { request: { path: '/log', query: { a: '{since}', b: '{from}', c: '{cursor}' } } },
    /\{since\} is neither a setting nor a placeholder: there are \{from\}, /,
  ],
  [
    'a query of GraphQL whose braces look like those of a placeholder',
    { request: { method: 'POST', path: '/log', json: { query: '{sites{key}}', from: '{from}', c: '{cursor}' } } },
    /request\.json\.query: \{key\} is neither .* and settings; braces that are the text's own have blanks: \{ key \}$/,
  ],
  [
    'a variable that names one after it',
    { variables: { filter: ['{window} and {query}', '{window}'], window: 'at ge {from}' } },
    /: variables\.filter: \{window\} has no value there yet: a variable names only those before it$/,
  ],
  [
    'a variable that names itself',
    { variables: { window: '{window} and at ge {from}' } },
    /: variables\.window: \{window\} has no value there yet/,
  ],
  [
    'a secret in the address',
    { url: 'https://apple.example/{APPLE_TOKEN}' },
    /url: \{APPLE_TOKEN\} cannot be used here/,
  ],
  [
    'a window in the address',
    { url: 'https://apple.example/{from}' },
    /: url: \{from\} is neither a setting nor a placeholder: only settings have a value here$/,
  ],
  ['a secret in the scope', { scope: '{APPLE_TOKEN}' }, /: scope: \{APPLE_TOKEN\} cannot be used here/],
  ['two bodies', { request: { method: 'POST', path: '/{cursor}/{from}', json: {}, form: {} } }, /exclude each other/],
  ['a limit without a number', { request: { path: '/{cursor}/{from}/{limit}' } }, /limits\.page is missing/],
  ['more records than the most', { limits: { page: 5, most: 4 } }, /: limits\.page is more than limits\.most$/],
]);
