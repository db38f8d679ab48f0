/** Sound definitions, and names and forms that are wrong anywhere in one. Its parts are in the folder definition. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDefinition } from '../../src/core/definition.ts';
import { sources } from '../../src/sources/index.ts';
import { apple, refusedDefinitions } from '../support/refused-definitions.ts';

test('a sound definition comes back as it is', () => {
  assert.deepEqual(parseDefinition(apple, 'apple.yaml'), apple);
});

test('members of a body may be called headers, and are not checked as headers', () => {
  const json = { headers: { 'any name': 'x' } };
  parseDefinition({ ...apple, request: { ...apple.request, method: 'POST', json } }, 'apple.yaml');
});

test('every built-in source is listed under its own name', async () => {
  for (const [name, load] of Object.entries(sources)) {
    const definition = await load();
    assert.equal(definition.name, name);
    assert.deepEqual(parseDefinition(definition, name), definition);
  }
});

refusedDefinitions([
  ['an unknown key', { pagging: {} }, /apple\.yaml: pagging means nothing here .*Did you mean paging\?/],
  ['an unknown key inside', { records: { ...apple.records, tiem: 1 } }, /records\.tiem means nothing here .*time\?/],
  ['an unknown key in a paging style', { paging: { type: 'none', path: 'x' } }, /paging\.path means nothing here/],
  [
    'a mistyped name in a union',
    { records: { ...apple.records, id: { pahts: ['id'] } } },
    /: records\.id\.pahts means nothing/,
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
  ['a missing part', { auth: undefined }, /auth/],
  ['another type', { summary: 5 }, /summary: expected string, found 5/],
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
    /records\.id: expected an object such as \{ paths: \[id\] \} or \{ content: true \}, found "uuid"$/,
  ],
  [
    'a rate without its form',
    { limits: { rate: '100/m' } },
    /limits\.rate: expected an object such as \{ header: X-RateLimit-Limit, per: 1m \}, found "100\/m"$/,
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
  ['no path', { records: { ...apple.records, path: 'a..b' } }, /records\.path: expected a path/],
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
  ['a name with blanks', { name: 'My Vendor' }, /name: .*found "My Vendor"/],
  ['a setting in lower case', { settings: { apple: { summary: '' } } }, /settings\.apple/],
  ['no object', [] as never, /expected/],
  [
    'no accepted value',
    { reply: { success: { path: 'ok', equals: [] } } },
    /: reply\.success\.equals: expected one at least/,
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
]);
