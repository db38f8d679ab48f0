import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { parseDefinition, type SourceDefinition } from '../../../src/core/definition.ts';
import { exit } from '../../../src/core/problem.ts';
import { buildRequest } from '../../../src/core/vendor/request.ts';
import { vendorSearch } from '../../../src/core/vendor/search.ts';
import type { Search } from '../../../src/core/types.ts';
import { noSearch } from '../../support/source-tools.ts';
import { problem } from '../../support/problem.ts';

const pear: SourceDefinition = {
  name: 'pear',
  summary: 'Pears.',
  settings: { PEAR_URL: { summary: 'Address.', kind: 'url' } },
  url: '{PEAR_URL}',
  auth: { type: 'none' },
  request: { path: '/log', query: { filter: '{query}', kind: '{categories}' } },
  paging: { type: 'none' },
  window: { filter: 'none' },
  records: { id: { paths: ['id'] } },
};

/** The request that a search becomes. */
function sent(change: Partial<SourceDefinition>, search: Partial<Search>) {
  const definition = parseDefinition(JSON.parse(JSON.stringify({ ...pear, ...change })), 'pear.yaml');
  const prepared = vendorSearch(definition, { ...noSearch, ...search }, { warn: () => undefined });
  return buildRequest(definition.request, {
    definition,
    values: { ...prepared.values, PEAR_URL: 'https://pear.example' },
  });
}

const keys = { who: { field: 'actor' }, what: { field: 'act.ion' } };
const query = [
  ['who', 'a "b" \\ {limit}'],
  ['what', 'x'],
] as const;

const post = (json: NonNullable<SourceDefinition['request']['json']>): Partial<SourceDefinition> => ({
  request: { method: 'POST', path: '/log', json },
});

test('comparisons that are texts are joined, their values quoted', () => {
  const { url } = sent({ query: { keys, compare: '{field} == {value}', and: ' && ' } }, { query });
  assert.equal(new URL(url).searchParams.get('filter'), String.raw`actor == "a \"b\" \\ {limit}" && act.ion == "x"`);
});

test('a key that every object has is a path in the record like any other', () => {
  for (const key of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    const search = { ...noSearch, query: [[key, 'a'] as const] };
    const prepared = vendorSearch({ ...pear, query: { keys: { who: { path: 'actor' } } } }, search, {
      warn: () => undefined,
    });
    assert.deepEqual(prepared.paths, [[key]]);
  }
});

for (const [what, change, pairs] of [
  ['a path in the record', {}, ['id=a', 'id=b']],
  ['a key that is matched here', { query: { keys: { who: { path: 'actor' } } } }, ['who=a', 'who=b']],
  ['a key and its path', { query: { keys: { who: { path: 'actor' } } } }, ['who=a', 'actor=b']],
  ['a key that the vendor compares', { query: { keys: { who: { parameter: 'actor' } } } }, ['who=a', 'who=b']],
] as const) {
  test(`two values of one member that no record can have are refused: ${what}`, () => {
    const given = pairs.map((pair) => pair.split('=') as [string, string]);
    assert.throws(
      () => sent(change, { query: given }),
      problem(exit.usage, /^--query: (?:who|id|actor) cannot have two values at once$/),
    );
    sent(change, { query: [...given.slice(0, 1), ...given.slice(0, 1)] });
  });
}

test('a path of more names than can be read in every way is refused, and one in quotes is not', () => {
  const path = 'a.b.c.d.e.f.g';
  assert.throws(
    () => sent({}, { query: [[path, 'x']] }),
    problem(exit.usage, /^--query: a\.b\.c\.d\.e\.f\.g has more than 6 names/, /'a\.b\.c\.d\.e\.f\."g"'$/),
  );
  sent({}, { query: [['a.b.c.d.e.f."g"', 'x']] });
  sent({ query: { keys: { deep: { path } } } }, { query: [['deep', 'x']] });
});

test('comparisons that are JSON objects become a list, their names and values filled, and nothing typed is a template', () => {
  const compare = { '{field}': { $eq: '{value}', exact: true } };
  const { body } = sent({ ...post({ where: { $and: '{query}' } }), query: { keys, compare } }, { query });
  assert.deepEqual(JSON.parse(String(body)), {
    where: {
      $and: [{ actor: { $eq: 'a "b" \\ {limit}', exact: true } }, { 'act.ion': { $eq: 'x', exact: true } }],
    },
  });
});

test('without comparisons a JSON body has no member for them', () => {
  const { body } = sent({ ...post({ a: 1, $and: '{query}' }), query: { keys, compare: { '{field}': '{value}' } } }, {});
  assert.equal(body, '{"a":1}');
});

const big = { code: 7, name: 'seven' };
const jsonKinds: Partial<SourceDefinition> = {
  ...post({ kinds: '{categories}' }),
  categories: { values: { seven: big, sept: big, eight: { code: 8 } }, default: ['eight'] },
};

test('categories may be JSON, several names may mean one, and there may be some when none are named', () => {
  const kinds = (...categories: string[]): unknown =>
    (JSON.parse(String(sent(jsonKinds, { categories }).body)) as { kinds: unknown }).kinds;
  assert.deepEqual(kinds('seven', 'eight'), [{ code: 7, name: 'seven' }, { code: 8 }]);
  assert.deepEqual(kinds('seven', 'seven'), [big]);
  assert.deepEqual(kinds(), [{ code: 8 }]);
});

test('categories that are texts become a repeated parameter, and none is no parameter', () => {
  const categories = { values: { one: '1', uno: '1', two: '2' } };
  const kinds = (...names: string[]) => new URL(sent({ categories }, { categories: names }).url).searchParams;
  assert.deepEqual(kinds('uno', 'two', 'one').getAll('kind'), ['1', '2']);
  assert.equal(kinds().has('kind'), false);
});

test('JSON in a query parameter or a text is JSON', () => {
  const { url } = sent(
    {
      request: { path: '/log', query: { kind: '{categories}', all: 'k={categories}' } },
      categories: { values: { a: { x: 1 } } },
    },
    { categories: ['a'] },
  );
  assert.deepEqual(Object.fromEntries(new URL(url).searchParams), { kind: '{"x":1}', all: 'k={"x":1}' });
});

const refused: readonly (readonly [change: Partial<SourceDefinition>, message: RegExp])[] = [
  [{ categories: { values: { a: '1' }, default: ['b'] } }, /categories\.default: b is not in categories\.values/],
  [{ categories: { values: { a: { x: 1 } }, path: 'kind' } }, /categories\.values\.a: expected a text/],
  [{ url: ['{PEAR_URL}', { setting: 'PEAR_REGION', texts: {} }] }, /url\.1\.setting: there is no setting PEAR_REGION/],
  [{ url: [{ setting: 'PEAR_URL', texts: {} }] }, /settings\.PEAR_URL\.values is missing/],
  [{ url: [] }, /url/],
  [
    {
      settings: { ...pear.settings, PEAR_REGION: { summary: 'Region.', values: ['a', 'b'] } },
      url: ['{PEAR_URL}', { setting: 'PEAR_REGION', texts: { a: 'https://a.example' } }],
    },
    /url\.1\.texts: b, a value of PEAR_REGION, is missing/,
  ],
  [{ request: { method: 'POST', path: '/', json: { '{nothing}': 1 } } }, /\{nothing\} is neither a setting/],
  [{ limits: { rate: { header: 'X', per: 'often' } } }, /limits\.rate\.per/],
];
for (const [change, message] of refused) {
  test(`a definition is refused: ${message.source.replaceAll('\\', '')}`, () => {
    assert.throws(() => parseDefinition({ ...pear, ...change }, 'pear.yaml'), problem(exit.config, message));
  });
}

test('fields that no record has are known, those of later pairs, too', () => {
  const pairs = [
    ['who.name', 'bob'],
    ['what', 'login'],
    ['nme', 'x'],
  ] as const;
  const prepared = vendorSearch(pear, { ...noSearch, query: pairs, categories: [] }, { warn: () => undefined });
  const absent = (): readonly string[] => prepared.absent().map(({ field }) => field);
  assert.deepEqual(absent(), ['who.name', 'what', 'nme']);
  // who.name is read in two ways: here it is not in `who` but as a name with a dot; `what` is there, and null.
  const bytes = Buffer.from('"al",null');
  assert.equal(prepared.wants(bytes, Int32Array.of(-1, -1, 0, 4, 5, 9, -1, -1), 0), false);
  assert.deepEqual(absent(), ['nme']);
  assert.deepEqual(vendorSearch(pear, noSearch, { warn: () => undefined }).absent(), []);
});
