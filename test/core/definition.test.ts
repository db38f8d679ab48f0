import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseDefinition, type SourceDefinition } from '../../src/core/definition.ts';
import { exit, Problem } from '../../src/core/problem.ts';
import { baseUrl } from '../../src/core/vendor/address.ts';
import { readDefinition } from '../../src/io/definition-file.ts';
import { sources } from '../../src/sources/index.ts';

const apple: SourceDefinition = {
  name: 'apple',
  summary: 'Apples.',
  settings: { APPLE_URL: { summary: 'Address.', kind: 'url' }, APPLE_TOKEN: { summary: 'Token.', secret: true } },
  url: '{APPLE_URL}',
  auth: { type: 'headers', headers: { Authorization: 'Bearer {APPLE_TOKEN}' } },
  request: { path: '/log', query: { since: '{from}', cursor: '{cursor}' } },
  paging: { type: 'cursor', path: 'next' },
  window: { filter: 'event', time: 'iso' },
  records: { path: 'data', id: { paths: ['id'] }, time: { path: 'at', format: 'iso' } },
};

test('a sound definition comes back as it is', () => {
  assert.deepEqual(parseDefinition(apple, 'apple.yaml'), apple);
});

test('a list of items, and what is to be prepared before it, are sound', () => {
  const items = { address: 'uri', path: 'value', gone: [404], paging: { type: 'url', path: 'next' } } as const;
  const done = { path: 'error.code', equals: 'AF20024' };
  const prepare = [
    { request: { method: 'POST', path: '/start' }, done: [done] },
    { request: { path: '/' }, done: [409] },
  ];
  parseDefinition({ ...apple, items, prepare }, 'apple.yaml');
  const named = { path: 'data', name: 'id', request: { method: 'POST', path: '/parts', json: { id: '{item}' } } };
  parseDefinition({ ...apple, items: named }, 'apple.yaml');
});

test('members of a body may be called headers, and are none', () => {
  const json = { headers: { 'any name': 'x' } };
  parseDefinition({ ...apple, request: { ...apple.request, method: 'POST', json } }, 'apple.yaml');
});

test('a setting in auth that anybody may see says so, or stands beside one that is secret', () => {
  const settings = { ...apple.settings, APPLE_TENANT: { summary: 'Tenant.' } };
  const login = { method: 'POST', path: '/login', json: { tenant: '{APPLE_TENANT}', pin: '{APPLE_TOKEN}' } };
  parseDefinition({ ...apple, settings, auth: { type: 'session', login } }, 'apple.yaml');
  const headers = { Authorization: '{APPLE_TOKEN}', 'X-Tenant': '{APPLE_TENANT}', 'X-Host': '{APPLE_URL}' };
  const seen = { ...settings, APPLE_TENANT: { summary: 'Tenant.', secret: false } };
  parseDefinition({ ...apple, settings: seen, auth: { type: 'headers', headers } }, 'apple.yaml');
});

type Change = Record<string, unknown>;

const assertion = { key: '{APPLE_TOKEN}', algorithm: 'RS256', claims: { iss: 'me' } };

/** Authentication by OAuth 2, with something changed. */
function token(change: Change): Change {
  const form = { grant_type: 'client_credentials', client_secret: '{APPLE_TOKEN}' };
  return { auth: { type: 'oauth2', url: 'https://login.example/token', form, ...change } };
}

test('all of OAuth 2 is a sound definition', () => {
  const settings = {
    ...apple.settings,
    APPLE_REGION: { summary: 'Region.', values: ['eu'] },
    APPLE_KEY: { summary: 'Key.', secret: true, lines: true },
  };
  const login = {
    url: ['{APPLE_URL}/token', { setting: 'APPLE_REGION', texts: { eu: 'https://eu.login.example/token' } }],
    basic: { username: 'me', password: '{APPLE_TOKEN}' },
    form: { grant_type: 'client_credentials', client_assertion: '{assertion}' },
    query: { tenant: '{APPLE_REGION}' },
    assertion: {
      ...assertion,
      key: '{APPLE_KEY}',
      header: { 'x5t#S256': 'x' },
      claims: { headers: ['a b'] },
      lifetime: '45s',
    },
    token: { path: 'data.token', headers: { 'X-Auth': '{token}' } },
  };
  const value = { ...apple, settings, ...token(login) };
  assert.deepEqual(parseDefinition(value, 'apple.yaml'), value);
});

const wrong: readonly (readonly [what: string, change: Change, message: RegExp])[] = [
  ['an unknown key', { pagging: {} }, /apple\.yaml: pagging means nothing here .*Did you mean paging\?/],
  ['an unknown key inside', { records: { ...apple.records, tiem: 1 } }, /records\.tiem means nothing here .*time\?/],
  ['an unknown key in a paging style', { paging: { type: 'none', path: 'x' } }, /paging\.path means nothing here/],
  [
    'a key of another paging style',
    { paging: { type: 'page', bookmark: true } },
    /paging\.bookmark means nothing here: it belongs to paging of type link or url or cursor$/,
  ],
  [
    'a relation that no link can have',
    { paging: { type: 'link', relation: 'rel="prev"' }, request: { path: '/log' } },
    /paging\.relation: expected a link relation such as prev, found "rel=\\"prev\\""$/,
  ],
  [
    'a key of several other paging styles',
    { paging: { type: 'none', path: 'next' } },
    /paging\.path means nothing here: it belongs to paging of type url or cursor$/,
  ],
  [
    'a key of another part',
    { limits: { retention: '90d' } },
    /limits\.retention means nothing here: it belongs to window$/,
  ],
  [
    'a part that is nearly called like a member of another part',
    { record: apple.records, records: undefined },
    /^apple\.yaml: record means nothing here \(Did you mean records\?\)$/,
  ],
  ['settings in the singular', { setting: {}, settings: undefined }, /: setting means .*\(Did you mean settings\?\)$/],
  ['a longer name', { authentication: {} }, /: authentication means nothing here \(Did you mean auth\?\)$/],
  ['another longer name', { pagination: {} }, /: pagination means nothing here \(Did you mean paging\?\)$/],
  [
    'a member of a setting',
    { settings: { ...apple.settings, APPLE_KEY: { summary: 'Key.', secrets: true } } },
    /: settings\.APPLE_KEY\.secrets means nothing here \(Did you mean secret\?\)$/,
  ],
  [
    'several things at once',
    { pagging: {}, window: { filter: 'events', time: 'iso' }, limits: { page: 0, moost: 1 } },
    /: limits\.moost means .*\(Did you mean most\?\); pagging means .*\(Did you mean paging\?\); window\.filter: expected one of event, ingestion, none, found "events" \(Did you mean event\?\); limits\.page: expected a whole number above 0, found 0$/,
  ],
  [
    'several texts that do not fit',
    { request: { path: '/{fron}', query: { since: '{from}', a: '{cursr}', cursor: '{cursor}' } } },
    /: request\.path: \{fron\} is neither .*; request\.query\.a: \{cursr\} is neither /,
  ],
  ['a missing part', { auth: undefined }, /auth/],
  [
    'a number for a text',
    { request: { path: '/{from}/{cursor}', query: { per_page: 100 } } },
    /request\.query\.per_page: expected string, found 100 \(it needs quotes: "100"\)$/,
  ],
  [
    'a placeholder without quotes, which YAML takes for an object',
    { request: { path: '/a', query: { since: { from: null } } } },
    /request\.query\.since: expected string, found \{"from":null\} \(it needs quotes: "\{from\}"\)$/,
  ],
  ['a truth for a text', { headers: { 'X-All': true } }, /headers\.X-All: .*\(it needs quotes: "true"\)$/],
  [
    'a number for a duration',
    { window: { ...apple.window, retention: 90 } },
    /window\.retention: expected a duration such as 5m or 1h30m, found 90$/,
  ],
  [
    'an ID without its form',
    { records: { ...apple.records, id: 'uuid' } },
    /records\.id: expected an object such as \{ paths: \[id\] \}, found "uuid"$/,
  ],
  [
    'a list for an ID',
    { records: { ...apple.records, id: ['uuid'] } },
    /records\.id: expected an object such as \{ paths/,
  ],
  [
    'a time without its form',
    { records: { ...apple.records, time: 'at' } },
    /records\.time: expected an object such as \{ path: at, format: iso \}, found "at"$/,
  ],
  [
    'a style without its form',
    { paging: 'none' },
    /paging: expected an object such as \{ type: none \}, found "none"$/,
  ],
  [
    'a JSONPath',
    { records: { ...apple.records, path: '$.data' } },
    /records\.path: expected a path such as data\.items, found "\$\.data" \(Did you mean data\?\)$/,
  ],
  [
    'an index in brackets',
    { paging: { type: 'cursor', path: 'links[1].next' } },
    /paging\.path: expected a path such as data\.items, found "links\[1\]\.next"$/,
  ],
  [
    'an index',
    { paging: { type: 'cursor', path: 'links.1.next' } },
    /paging\.path: 1 is no name of a member, and lists cannot be looked into here$/,
  ],
  [
    'an index of what is volatile',
    { records: { ...apple.records, volatile: ['cursor', 'tags.0'] } },
    /records\.volatile\.1: 0 is no name of a member, and lists cannot be looked into here$/,
  ],
  [
    'an index of what a page counts',
    { records: { ...apple.records, count: 'pages.0.count' } },
    /records\.count: 0 is no name of a member, and lists cannot be looked into here$/,
  ],
  [
    'a JSON pointer',
    { records: { ...apple.records, id: { paths: ['/data/id'] } } },
    /records\.id\.paths\.0: .*\(Did you mean data\.id\?\)$/,
  ],
  [
    'a login at another host',
    {
      auth: {
        type: 'session',
        login: { method: 'POST', path: 'https://login.example/token' },
        token: { path: 'token', headers: {} },
      },
    },
    /auth\.login\.path: expected a path that begins with \/, because all requests go to the host of url, found "https:/,
  ],
  [
    'a path that does not begin with a slash',
    { request: { path: 'log?since={from}&after={cursor}' } },
    /request\.path: expected a path that begins with \/, found "log/,
  ],
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
    'later pages without a cursor',
    { paging: { ...apple.paging, request: { path: '/log' } } },
    /paging\.request: \{cursor\} is missing, so that every page would be the first/,
  ],
  [
    'a moment that belongs to the window',
    { window: { filter: 'event', time: { format: 'sql', inclusive: true } } },
    /window\.time\.inclusive: only a whole day can belong to the window; it goes with date, us-date or a pattern without hours$/,
  ],
  [
    'an address as the bookmark of a window that ends',
    {
      request: { path: '/log', query: { since: '{from}', until: '{until}' } },
      paging: { type: 'link', bookmark: true },
    },
    /paging\.bookmark: what follows a request with \{until\} ends there; leave \{until\} out of request/,
  ],
  [
    'an address as a bookmark, with the secret in it',
    { auth: { type: 'query', query: { key: '{APPLE_TOKEN}' } }, paging: { type: 'url', path: 'next', bookmark: true } },
    /paging\.bookmark: the next address may repeat what auth\.query adds, and would be saved with it; leave it out/,
  ],
  [
    'a bookmark of a window that ends',
    {
      request: { path: '/log', query: { since: '{from}', until: '{until}' } },
      paging: { ...apple.paging, bookmark: true, request: { path: '/log', query: { cursor: '{cursor}' } } },
    },
    /paging\.bookmark: what follows a request with \{until\} ends there; leave \{until\} out of request/,
  ],
  [
    'an unknown style',
    { paging: { type: 'curser' } },
    /paging\.type: expected one of none, link, url, cursor, page, offset, found "curser" .*cursor\?/,
  ],
  ['another type', { summary: 5 }, /summary: expected string, found 5/],
  [
    'a format that nobody writes',
    { window: { filter: 'event', time: 'iso-seconds' } },
    /window\.time.*found "iso-seconds"/,
  ],
  [
    'no duration',
    { window: { ...apple.window, overlap: '5 minutes' } },
    /window\.overlap: expected a duration such as 5m.*, found "5 minutes"/,
  ],
  [
    'a next page named in a reply that is lines',
    { records: { format: 'lines', id: { paths: ['id'] } } },
    /paging\.path: there is nothing but records in the reply, so that it is never found$/,
  ],
  [
    'a flag for more in a reply that is a list',
    { paging: { type: 'link', more: 'more' }, records: { id: { paths: ['id'] } } },
    /paging\.more: there is nothing but records in the reply, so that it is never found$/,
  ],
  [
    'a flag for more in an item that is a CSV',
    {
      items: { path: 'files', address: 'url', paging: { type: 'link', more: 'more' } },
      records: { format: 'csv', id: { paths: ['id'] } },
    },
    /items\.paging\.more: there is nothing but records in the reply, so that it is never found$/,
  ],
  [
    'a place of records in a CSV',
    { records: { ...apple.records, format: 'csv' } },
    /records\.path: a CSV has nothing around its records; leave it out$/,
  ],
  [
    'the number of records on a page of CSV',
    { records: { format: 'csv', id: { paths: ['id'] }, count: 'count' } },
    /records\.count: a CSV has nothing around its records; leave it out$/,
  ],
  [
    'a CSV that anything may be',
    { records: { format: 'csv', id: { content: true } } },
    /records\.time is missing: without a column that there must be/,
  ],
  [
    'a CSV whose ID may be in any of several columns',
    { records: { format: 'csv', id: { paths: ['id', 'ID'], first: true } } },
    /records\.time is missing: without a column that there must be/,
  ],
  [
    'records with neither an ID nor a time',
    { records: { path: 'data', id: { content: true } } },
    /records\.time is missing: records without an ID are known by their content, /,
  ],
  [
    'windows that part what is equal',
    {
      window: { ...apple.window, longest: '12h' },
      records: { path: 'data', id: { content: true }, time: { path: 'day', format: 'date' } },
    },
    /window\.longest: records without an ID need a window no shorter than the smallest difference that records\.time tells$/,
  ],
  [
    'windows by ingestion, which part what is equal',
    {
      window: { filter: 'ingestion', time: 'iso' },
      records: { path: 'data', id: { content: true }, time: { path: 'at', format: 'iso' } },
    },
    /records\.id: windows by ingestion may begin between two records that are equal, .*; name an ID \(records\.id\.paths\), .* \(window\.filter\) .* \(paging\.bookmark\)$/,
  ],
  [
    'a pattern with letters that mean nothing',
    { window: { filter: 'event', time: { format: { pattern: 'dd/MM/yyyy' } } } },
    /window\.time\.format\.pattern: dd is none of YYYY/,
  ],
  [
    'a pattern without a date',
    { records: { ...apple.records, time: { path: 'at', format: { pattern: 'HH:mm' } } } },
    /records\.time\.format\.pattern: it has no year$/,
  ],
  [
    'a format of records that nobody writes',
    { records: { ...apple.records, time: { path: 'at', format: 'unix' } } },
    /records\.time\.format: expected one of epoch-s, .*found "unix"/,
  ],
  [
    'a zone that there is not',
    { window: { filter: 'event', time: { format: 'sql', zone: 'Europe/Warsav' } } },
    /window\.time\.zone: expected a name such as Europe\/Warsaw or an offset such as \+02:00, found "Europe\/Warsav" \(Did you mean Europe\/Warsaw\?\)$/,
  ],
  [
    'a zone of records that there is not',
    { records: { ...apple.records, time: { path: 'at', format: 'iso', zone: '+2' } } },
    /: records\.time\.zone: expected a name such as .*, found "\+2"/,
  ],
  [
    'a zone that an offset contradicts',
    {
      settings: { ...apple.settings, AS: { summary: 'Form.', values: ['a', 'b'], default: 'a' } },
      window: {
        filter: 'event',
        time: { setting: 'AS', formats: { a: 'sql', b: { format: 'iso-ms', zone: 'Europe/Warsaw' } } },
      },
    },
    /window\.time\.formats\.b\.zone: iso-ms is always written in UTC; a zone goes with iso-naive, sql, date, us-date or a pattern$/,
  ],
  [
    'a zone for seconds since 1970',
    { records: { ...apple.records, time: { path: 'at', format: 'epoch-s', zone: 'Europe/Warsaw' } } },
    /records\.time\.zone: a time in epoch-s leaves no zone open$/,
  ],
  ['no path', { records: { ...apple.records, path: 'a..b' } }, /records\.path: expected a path/],
  [
    'a header name with a blank',
    { auth: { type: 'headers', headers: { 'Bad Header': '{APPLE_TOKEN}' } } },
    /apple\.yaml: auth\.headers\."Bad Header": expected the name of a header such as X-Tenant$/,
  ],
  [
    'one path where a list is wanted',
    { records: { ...apple.records, id: { paths: 'id' } } },
    /: records\.id\.paths: expected a list, found "id"$/,
  ],
  [
    'an empty list',
    { records: { ...apple.records, id: { paths: [] } } },
    /: records\.id\.paths: expected one at least/,
  ],
  ['no records a query', { limits: { page: 0 } }, /: limits\.page: expected a whole number above 0, found 0$/],
  ['half a record', { limits: { page: 1.5 } }, /: limits\.page: expected a whole number above 0, found 1\.5$/],
  [
    'a mistyped name in a union',
    { records: { ...apple.records, id: { pahts: ['id'] } } },
    /: records\.id\.pahts means nothing/,
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
  ['a name with blanks', { name: 'My Vendor' }, /name: .*found "My Vendor"/],
  ['a setting in lower case', { settings: { apple: { summary: '' } } }, /settings\.apple/],
  ['no object', [] as never, /expected/],
  [
    'an unknown placeholder',
    { request: { path: '/log', query: { a: '{form}', b: '{from}', c: '{cursor}' } } },
    /request\.query\.a: \{form\} is neither a setting nor a placeholder \(Did you mean from\?\): there are \{from\}, \{until\}, \{limit\}, \{cursor\}, .*\{categories\} and settings$/,
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
    'a branch where there are none',
    { request: { path: '/log', query: { since: '{from}', cursor: '{cursor}', org: '{branch}' } } },
    /: branches is missing: \{branch\} needs it$/,
  ],
  [
    'a job where there is none',
    { request: { path: '/log', query: { since: '{from}', cursor: '{cursor}', job: '{job}' } } },
    /: job is missing: \{job\} needs it$/,
  ],
  [
    'what a login has no value for',
    { auth: { type: 'session', login: { path: '/login/{branch}?key={APPLE_TOKEN}' } } },
    /: auth\.login\.path: \{branch\} is neither a setting nor a placeholder: only settings have a value here$/,
  ],
  [
    'a placeholder of another language',
    { request: { path: '/log', query: { a: '{since}', b: '{from}', c: '{cursor}' } } },
    /\{since\} is neither a setting nor a placeholder: there are \{from\}, /,
  ],
  [
    'a secret in the address',
    { url: 'https://apple.example/{APPLE_TOKEN}' },
    /url: \{APPLE_TOKEN\} cannot be used here/,
  ],
  [
    'a credential that is not marked as secret, in a header',
    { settings: { ...apple.settings, APPLE_TOKEN: { summary: 'Token.' } } },
    /: settings\.APPLE_TOKEN: expected secret: true, because auth\.headers\.Authorization sends it \(secret: false, if anybody may see it\)$/,
  ],
  [
    'a credential that is not marked as secret, in the address',
    {
      settings: { ...apple.settings, APPLE_KEY: { summary: 'Key.' } },
      auth: { type: 'query', query: { k: '{APPLE_KEY}' } },
    },
    /: settings\.APPLE_KEY: expected secret: true, because auth\.query\.k sends it/,
  ],
  [
    'a credential that is not marked as secret, beside auth',
    {
      settings: { ...apple.settings, APPLE_KEY: { summary: 'Key.' } },
      headers: { 'X-Api-Key': '{APPLE_KEY}' },
    },
    /: settings\.APPLE_KEY: expected secret: true, because headers\.X-Api-Key sends it/,
  ],
  [
    'a password that is not marked as secret',
    {
      settings: { ...apple.settings, APPLE_USER: { summary: 'User.' }, APPLE_PASSWORD: { summary: 'Password.' } },
      auth: {
        type: 'session',
        login: { method: 'POST', path: '/login', form: { password: '{APPLE_PASSWORD}', user: '{APPLE_USER}' } },
      },
    },
    /: settings\.APPLE_PASSWORD: expected secret: true, because auth\.login\.form\.password sends it/,
  ],
  [
    'a login without a secret',
    {
      settings: { ...apple.settings, APPLE_USER: { summary: 'User.' }, APPLE_PIN: { summary: 'PIN.' } },
      auth: {
        type: 'session',
        login: { method: 'POST', path: '/login', json: { who: '{APPLE_USER}', pin: '{APPLE_PIN}' } },
      },
    },
    /: settings\.APPLE_PIN: expected secret: true, because nothing else that auth sends is secret/,
  ],
  [
    'a cursor that is never sent',
    { request: { path: '/log', query: { since: '{from}' } } },
    /paging\.type: cursor needs \{cursor\}/,
  ],
  [
    'a cursor from two places',
    { paging: { type: 'cursor', path: 'a', header: 'b' } },
    /expected one of path, header and last/,
  ],
  [
    'a body that is said to hold JSON',
    { paging: { type: 'cursor', path: 'next', json: true } },
    /: paging\.json: says what is in a header, and there is none here$/,
  ],
  [
    'a list of links without what is looked for in it',
    { paging: { type: 'url', path: 'links', address: 'href' } },
    /: paging\.address: needs path and pick$/,
  ],
  [
    'a link without its address',
    { paging: { type: 'url', path: 'links', pick: { path: 'rel', equals: 'next' } } },
    /: paging\.pick: needs path and address$/,
  ],
  [
    'a list of links in a header',
    { paging: { type: 'url', header: 'Next', pick: { path: 'rel', equals: 'next' }, address: 'href' } },
    /: paging\.pick: needs path and address$/,
  ],
  [
    'a number of pages in a list',
    { request: { path: '/{page}/{from}' }, paging: { type: 'page', pages: 'meta.0.pages' } },
    /: paging\.pages: 0 is no name of a member/,
  ],
  [
    'no accepted value',
    { reply: { success: { path: 'ok', equals: [] } } },
    /: reply\.success\.equals: expected one at least/,
  ],
  ['a limit without a number', { request: { path: '/{cursor}/{from}/{limit}' } }, /limits\.page is missing/],
  [
    'a window that is never sent',
    { request: { path: '/log', query: { cursor: '{cursor}' } } },
    /window\.filter: event needs \{from\}/,
  ],
  [
    'windows that cannot be cut without one that is too short',
    { window: { filter: 'event', time: 'iso', shortest: '30s', longest: '59s' } },
    /window\.longest: expected twice as much as window\.shortest at least, found "59s"/,
  ],
  ['a window without a format', { window: { filter: 'event' } }, /window\.time is missing/],
  ['a window that the vendor does not have', { window: { filter: 'none', time: 'iso' } }, /window\.filter: none, yet/],
  ['a body with GET', { request: { path: '/{cursor}/{from}', json: {} } }, /request: a body needs method: POST/],
  ['two bodies', { request: { method: 'POST', path: '/{cursor}/{from}', json: {}, form: {} } }, /exclude each other/],
  ['items without an address', { items: {} }, /: items: expected one of address and name$/],
  [
    'items with an address and a name',
    { items: { address: 'uri', name: 'id', request: { path: '/{item}' } } },
    /: items: expected one of address and name$/,
  ],
  ['no object of items', { items: 'uri' }, /: items: expected an object such as \{ address: uri \}, found "uri"$/],
  [
    'named items without a request',
    { items: { name: 'id' } },
    /: items\.request is missing: items\.name needs it, with \{item\}$/,
  ],
  [
    'named items that are all the same',
    { items: { name: 'id', request: { path: '/parts' } } },
    /: items\.request: \{item\} is missing, so that every item would be the same$/,
  ],
  [
    'items that could be asked for in two ways',
    { items: { address: 'uri', request: { path: '/parts/{item}' } } },
    /: items\.request: items that have an address are asked for there$/,
  ],
  [
    'an item outside its own request',
    { headers: { 'X-Part': '{item}' }, items: { address: 'uri' } },
    /: headers\.X-Part: \{item\} is neither a setting nor a placeholder/,
  ],
  [
    'an item that cannot be asked for in GET',
    { items: { name: 'id', request: { path: '/parts', json: { id: '{item}' } } } },
    /: items\.request: a body needs method: POST$/,
  ],
  [
    'an item on another host',
    { items: { name: 'id', request: { path: 'https://files.example/{item}' } } },
    /: items\.request\.path: expected a path that begins with \/, because/,
  ],
  [
    'an item in a list in an item',
    { items: { address: 'links.0.href' } },
    /: items\.address: 0 is no name of a member/,
  ],
  [
    'a cursor inside an item that is never sent',
    { items: { name: 'id', request: { path: '/parts/{item}' }, paging: { type: 'cursor', path: 'next' } } },
    /: items\.paging\.type: cursor needs \{cursor\} in a request$/,
  ],
  [
    'a cursor of the list that is only sent for its items',
    {
      request: { path: '/log', query: { since: '{from}' } },
      items: { name: 'id', request: { path: '/parts/{item}/{cursor}' }, paging: { type: 'cursor', path: 'next' } },
    },
    /: paging\.type: cursor needs \{cursor\} in a request$/,
  ],
  [
    'a cursor inside an item that outlives the run',
    {
      items: {
        name: 'id',
        request: { path: '/parts/{item}/{cursor}' },
        paging: { type: 'cursor', path: 'next', bookmark: true },
      },
    },
    /: items\.paging\.bookmark means nothing here$/,
  ],
  [
    'a list that is a bookmark',
    { paging: { ...apple.paging, bookmark: true }, items: { address: 'uri' } },
    /: paging\.bookmark: the pages of a list belong to its window; leave it out$/,
  ],
  [
    'items of a job',
    {
      job: { request: { method: 'POST', path: '/jobs' }, id: 'id' },
      request: { path: '/jobs/{job}', query: { since: '{from}', cursor: '{cursor}' } },
      items: { address: 'uri' },
    },
    /: items: the pages of a job hold records, no items; leave out job or items$/,
  ],
  [
    'a total of what items hold',
    { records: { ...apple.records, total: 'count' }, items: { address: 'uri' } },
    /: records\.total: nothing says how many records all items hold; leave it out$/,
  ],
  [
    'a cap inside items',
    { records: { ...apple.records, capped: 'count' }, items: { address: 'uri' } },
    /: records\.capped: nothing looks for a cap inside an item; leave it out$/,
  ],
  [
    'a preparation with a body and GET',
    { prepare: [{ request: { path: '/start', json: {} } }] },
    /: prepare\.0\.request: a body needs method: POST$/,
  ],
  ['a preparation without a request', { prepare: [{ path: '/start' }] }, /: prepare\.0\.path means nothing here/],
  [
    'a preparation that is done by one status',
    { prepare: [{ request: { path: '/start' }, done: 400 }] },
    /: prepare\.0\.done: expected a list, found 400$/,
  ],
  ['branches that nobody uses', { branches: { values: ['a'] } }, /nothing uses \{branch\}/],
  [
    'a field without a comparison',
    { query: { keys: { a: { field: 'a' } } } },
    /query\.keys\.a\.field: needs query\.compare/,
  ],
  ['a scheme that is not there yet', { auth: { type: 'oauth1' } }, /auth\.type: expected one of none, headers/],
  ['a token from nowhere', { auth: { type: 'oauth2', form: {} } }, /auth\.url is missing: expected string$/],
  [
    'a token endpoint without a scheme',
    token({ url: 'login.example/token' }),
    /auth\.url: expected an address such as/,
  ],
  [
    'a secret in the address of the login',
    token({ url: 'https://x/{APPLE_TOKEN}' }),
    /auth\.url: \{APPLE_TOKEN\} cannot/,
  ],
  [
    'a token for no grant',
    token({ form: { scope: 'read' } }),
    /auth\.form\.grant_type is missing: expected one such as/,
  ],
  ['a login that asks for a window', token({ query: { since: '{from}' } }), /auth\.query\.since: \{from\} is neither/],
  ['a token that is not sent', token({ token: { headers: { 'X-Key': 'k' } } }), /auth\.token\.headers: nothing uses/],
  ['a token in the login', token({ query: { old: '{token}' } }), /auth\.query\.old: \{token\} is neither a setting/],
  [
    'an assertion that nobody signs',
    token({ query: { assertion: '{assertion}' } }),
    /auth\.assertion is missing: \{assertion\} needs a key/,
  ],
  [
    'an assertion that is not sent',
    token({ assertion }),
    /auth\.assertion: nothing uses \{assertion\}; auth\.form sends it$/,
  ],
  [
    'an assertion elsewhere',
    { ...token({ assertion }), request: { path: '/log', query: { a: '{assertion}', b: '{from}', c: '{cursor}' } } },
    /request\.query\.a: \{assertion\} is neither a setting nor a placeholder/,
  ],
  [
    'a key in the definition',
    token({ query: { a: '{assertion}' }, assertion: { ...assertion, key: '-----BEGIN PRIVATE KEY-----' } }),
    /auth\.assertion\.key: expected the setting that has it, such as '\{ACME_PRIVATE_KEY\}'$/,
  ],
  [
    'a key that is no secret',
    token({ query: { a: '{assertion}' }, assertion: { ...assertion, key: '{APPLE_URL}' } }),
    /settings\.APPLE_URL: expected secret: true, because it is a key$/,
  ],
  [
    'a key of one line',
    token({ query: { a: '{assertion}' }, assertion }),
    /settings\.APPLE_TOKEN: expected lines: true, because a key in PEM form has several$/,
  ],
  [
    'an assertion of another scheme',
    { auth: { type: 'query', query: { key: '{assertion}' } } },
    /auth\.query\.key: \{assertion\} is neither a setting nor a placeholder/,
  ],
  [
    'an unknown algorithm',
    token({ query: { a: '{assertion}' }, assertion: { ...assertion, algorithm: 'RS512' } }),
    /auth\.assertion\.algorithm: expected one of RS256, PS256, ES256, HS256, found "RS512"/,
  ],
  [
    'a form of time that a setting chooses, and that nobody need set',
    {
      settings: { ...apple.settings, APPLE_TIME: { summary: 'Form.', values: ['new'] } },
      window: { filter: 'event', time: { setting: 'APPLE_TIME', formats: { new: 'iso' } } },
    },
    /: settings\.APPLE_TIME: expected a default, or required: true$/,
  ],
  [
    'branches from nowhere',
    { branches: {}, request: { path: '/{branch}', query: apple.request.query } },
    /: branches: expected setting, values or fetch$/,
  ],
  [
    'a query for any member without a language',
    { query: { keys: {}, open: true } },
    /: query\.open: needs query\.compare, and \{query\} in a request$/,
  ],
  [
    'a key of a query that leads nowhere',
    { query: { keys: { a: {} } } },
    /: query\.keys\.a: expected parameter, field or path$/,
  ],
  [
    'a query parameter of a job',
    {
      query: { keys: { a: { parameter: 'a' } } },
      job: { request: { path: '/jobs' }, id: 'id' },
      request: { path: '/{job}', query: apple.request.query },
    },
    /: query\.keys\.a\.parameter: a job takes none; use field or path$/,
  ],
  [
    'a short page of pages whose length is not known',
    { paging: { type: 'cursor', path: 'next', stop: ['short-page'] } },
    /: paging\.stop: short-page needs \{limit\} in a request, or limits\.page where every page has as many records$/,
  ],
  [
    'a short page of items whose length is not known',
    {
      items: { name: 'uri', paging: { type: 'link', stop: ['short-page'] }, request: { path: '/{item}' } },
      limits: { page: 5 },
    },
    /: items\.paging\.stop: short-page needs \{limit\} in items\.request$/,
  ],
  ['more records than the most', { limits: { page: 5, most: 4 } }, /: limits\.page is more than limits\.most$/],
  [
    'a token from two places',
    {
      auth: {
        type: 'session',
        login: { method: 'POST', path: '/login', json: { pin: '{APPLE_TOKEN}' } },
        token: { path: 'token', header: 'X-Token', headers: { 'X-Token': '{token}' } },
      },
    },
    /: auth\.token: expected one of path and header$/,
  ],
  [
    'credentials for the body of a request without one',
    { auth: { type: 'body', body: { key: '{APPLE_TOKEN}' } } },
    /: request: auth\.type body needs a json or form body to add to$/,
  ],
];
for (const [what, change, message] of wrong) {
  test(`${what} is refused, and the place is named`, () => {
    const value = Array.isArray(change) ? change : JSON.parse(JSON.stringify({ ...apple, ...change }));
    assert.throws(
      () => parseDefinition(value, 'apple.yaml'),
      (error) => {
        assert.ok(error instanceof Problem, String(error));
        assert.equal(error.status, exit.config);
        assert.match(error.message, message);
        assert.ok(error.hint !== undefined);
        return true;
      },
    );
  });
}

test('an address that a setting spoils is named with its setting', () => {
  const { settings } = apple;
  const text = parseDefinition({ ...apple, settings: { ...settings, APPLE_URL: { summary: 'Host.' } } }, 'apple.yaml');
  assert.throws(
    () => baseUrl(text, { APPLE_URL: 'api.example.com' }),
    (error) => {
      assert.ok(error instanceof Problem && error.status === exit.config);
      assert.equal(error.message, 'apple: the address is not a URL');
      assert.match(error.hint ?? '', /^check APPLE_URL: give an address such as https/);
      return true;
    },
  );
});

test('every built-in source is listed under its own name', async () => {
  for (const [name, load] of Object.entries(sources)) {
    const definition = await load();
    assert.equal(definition.name, name);
    assert.deepEqual(parseDefinition(definition, name), definition);
  }
});

let directory = '';
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'definition-'));
});
after(() => rm(directory, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, text);
  return path;
}

test('a file may be YAML or JSON', async () => {
  assert.deepEqual(await readDefinition(await file('apple.json', JSON.stringify(apple))), apple);
  const example = await readDefinition(new URL('../../examples/acme.yaml', import.meta.url).pathname);
  assert.equal(example.name, 'acme');
});

const files: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  ['a key given twice', 'name: a\nname: b\n', /not valid YAML: Map keys must be unique at line 2/],
  ['broken YAML', 'name: [a\n', /not valid YAML/],
  ['aliases of aliases', bomb(), /not valid YAML: Excessive alias count/],
  ['a tag', 'name: !!js/function x\n', /not valid YAML/],
  ['nothing', '', /expected/],
  ['a text', 'hello', /expected object, found "hello"/],
];
for (const [what, text, message] of files) {
  test(`${what} in a file is refused`, async () => {
    const path = await file('wrong.yaml', text);
    await assert.rejects(readDefinition(path), (error) => {
      assert.ok(error instanceof Problem, String(error));
      assert.equal(error.status, exit.config);
      assert.ok(error.message.includes(path));
      assert.match(error.message, message);
      return true;
    });
  });
}

test('a file that is looked for in the wrong folder is said to have been looked for there: cron begins in a home', async () => {
  await assert.rejects(
    readDefinition('none.yaml'),
    (error) => error instanceof Problem && error.hint?.endsWith(`; it was looked for in ${process.cwd()}`) === true,
  );
});

test('a file that is not there is named', async () => {
  await assert.rejects(
    readDefinition(join(directory, 'none.yaml')),
    (error) =>
      error instanceof Problem &&
      error.status === exit.config &&
      /none\.yaml cannot be read \(ENOENT\)/.test(error.message),
  );
});

/** Ten levels of ten aliases: ten thousand million texts. */
function bomb(): string {
  const levels = Array.from({ length: 10 }, (_, level) => {
    const below = level === 0 ? 'x' : `*a${level - 1}`;
    return `a${level}: &a${level} [${Array.from({ length: 10 }, () => below).join(', ')}]`;
  });
  return `${levels.join('\n')}\n`;
}
