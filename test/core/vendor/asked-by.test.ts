import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hintText } from '../../../src/core/hint.ts';
import type { SourceDefinition } from '../../../src/core/definition.ts';
import { askedBy, type QuestionParts } from '../../../src/core/vendor/asked-by.ts';

const acme: SourceDefinition = {
  name: 'acme',
  summary: 'Acme.',
  settings: {
    ACME_URL: { summary: 'Address.', kind: 'url' },
    ACME_TOKEN: { summary: 'Token.', secret: true },
    ACME_SITE: { summary: 'Site.' },
    ACME_SPELLING: { summary: 'Spelling of times.' },
    ACME_TEAMS: { summary: 'Teams.' },
    ACME_OTHER: { summary: 'Not in a request.' },
  },
  url: '{ACME_URL}',
  auth: { type: 'none' },
  variables: { filter: ['{rawQuery} and {query}', '{rawQuery}', '{query}'], all: '{filter} in {ACME_SITE}' },
  branches: { setting: 'ACME_TEAMS' },
  request: { path: '/log', query: { q: '{all}', kinds: '{categories}', token: '{ACME_TOKEN}', to: '{ACME_URL}' } },
  paging: { type: 'none' },
  window: { filter: 'none', time: { setting: 'ACME_SPELLING', formats: { iso: 'iso' } } },
  records: { id: { paths: ['id'] } },
  categories: {},
};
const { request } = acme;

const cases: readonly (readonly [
  what: string,
  asked: QuestionParts,
  change: Partial<SourceDefinition>,
  found?: string,
])[] = [
  ['nothing that is set', { request, values: { ACME_URL: 'https://acme', ACME_TOKEN: 'secret' } }, {}],
  ['nothing of a person', { request: { path: '/log' }, values: { ACME_SITE: 'a', rawQuery: 'x' } }, {}],
  [
    'a setting, by way of two variables',
    { request, values: { ACME_SITE: 'a' } },
    {},
    'ACME_SITE, and --raw-query: they say',
  ],
  [
    'what was typed',
    { request, values: { query: 'a = 1', categories: ['x'] } },
    {},
    'ACME_SITE, and --raw-query, --query and --categories: they say',
  ],
  [
    'what is sent as a parameter',
    { request, values: {}, parameters: { user: 'x' } },
    {},
    'ACME_SITE, and --raw-query and',
  ],
  [
    'categories that the definition translates',
    {
      request: { path: '/log', query: { q: '{ACME_SITE}', k: '{categories}' } },
      values: { ACME_SITE: 'a', categories: [1] },
    },
    { categories: { values: { one: '1' } } },
    'ACME_SITE: it says',
  ],
  [
    'what goes with every request',
    { request: { path: '/log' }, values: { ACME_SITE: 'a' } },
    { parameters: { site: '{ACME_SITE}' } },
    'ACME_SITE: it says',
  ],
  [
    'a spelling of times and a branch',
    { request: { path: '/{branch}/{from}' }, values: { ACME_SPELLING: 'iso', ACME_TEAMS: 'red' } },
    {},
    'ACME_SPELLING and ACME_TEAMS: they say',
  ],
  [
    'the job whose records are asked for',
    { request: { path: '/jobs/{job}' }, values: { ACME_SITE: 'a' } },
    { job: { request: { path: '/jobs', json: { q: '{all}' } }, id: 'id' } },
    'ACME_SITE, and --raw-query: they say',
  ],
];
for (const [what, asked, change, found] of cases) {
  test(`a request that is made of ${what}: ${found ?? 'no hint'}`, () => {
    const hint = hintText(askedBy({ ...acme, ...change }, asked));
    if (found === undefined) assert.equal(hint, undefined);
    else assert.ok(hint?.startsWith(`check ${found}`) && hint.endsWith(' what is asked for'), hint);
  });
}
