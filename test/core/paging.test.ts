import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PagingDefinition } from '../../src/core/definition.ts';
import { pager, type PageEnd, type PageStep } from '../../src/core/paging.ts';
import { exit } from '../../src/core/problem.ts';
import { problem } from '../support/problem.ts';

const url = 'https://api.example/v1/log?page=1';

function end(part: Partial<PageEnd> = {}): PageEnd {
  return { url, headers: {}, envelope: '{}', count: 10, limit: 10, ...part };
}

/** The steps that follow each other when the pages end like this. */
function walk(
  paging: PagingDefinition,
  ends: readonly Partial<PageEnd>[],
  bookmark?: string,
): (PageStep | undefined)[] {
  const pages = pager(paging, 'acme', bookmark, true);
  const steps: (PageStep | undefined)[] = [pages.first];
  for (const each of ends) {
    const step = steps.at(-1);
    if (step === undefined) break;
    steps.push(pages.next(step, end(each)));
  }
  return steps;
}

const isCycle = problem(exit.protocol, /in circles/);

const envelopes = (...texts: readonly string[]) => texts.map((envelope) => ({ envelope }));

test('no paging is one page', () => {
  assert.deepEqual(walk({ type: 'none' }, [{}]), [{ first: true, values: {} }, undefined]);
  const last = { link: '</log?page=1>; rel="first", </log?page=1>; rel="last"' };
  assert.equal(walk({ type: 'none' }, [{ headers: last }])[1], undefined);
});

test('a next page that a Link header leads to is not left out for want of paging in the definition', () => {
  const more = { headers: { link: '</log?page=2>; rel="next"' } };
  const hint = /^the position stays; write paging: \{ type: link \} in the definition$/;
  assert.throws(
    () => walk({ type: 'none' }, [more]),
    problem(76, /^acme has more pages: a Link header leads to them$/, hint),
  );
});

test('a name for the next page has a longest length', () => {
  const tooLong = problem(76, /more than 65536 characters/);
  const cursor: PagingDefinition = { type: 'cursor', path: 'next', bookmark: true };
  const next = (length: number) => envelopes(`{"next":"${'x'.repeat(length)}"}`);
  assert.equal(walk(cursor, next(65_536)).length, 2);
  assert.throws(() => walk(cursor, next(65_537)), tooLong);
  assert.throws(() => walk({ type: 'url', path: 'next' }, next(65_537)), tooLong);
});

const links: readonly (readonly [header: string, next: string | undefined])[] = [
  ['<https://api.example/v1/log?after=2>; rel="next"', 'https://api.example/v1/log?after=2'],
  ['<https://api.example/a>; rel="self", <https://api.example/b>; rel="next"', 'https://api.example/b'],
  ['<https://api.example/a>;rel=prev,<https://api.example/b>;rel=next', 'https://api.example/b'],
  ['</v1/log?q=a,b;c>; title="x; rel=next, y"; rel="last next"', 'https://api.example/v1/log?q=a,b;c'],
  ['<?after=3>; REL="NEXT"', 'https://api.example/v1/log?after=3'],
  ['<https://api.example/a>; title="rel=next"; rel="first"', undefined],
  ['<https://api.example/a>; title="; rel=next"; rel="first", </b>; rel=next', 'https://api.example/b'],
  ['</b>; title="; rel=prev"; rel="next"', 'https://api.example/b'],
  ['</b>; title="the \\"last\\", </c>"; rel="next"', 'https://api.example/b'],
  ['</b>; rel="next"; rel="prev"', 'https://api.example/b'], // the first one counts, says RFC 8288
  ["<https://api.example/a>; rel='self', <https://api.example/b>; rel='next'", 'https://api.example/b'],
  ['<https://api.example/a>; rel="prev"; results="false"; , ', undefined],
  ['', undefined],
  [', ', undefined], // two that are empty, joined
];
for (const [link, next] of links) {
  test(`the Link header ${link || 'that is empty'} leads to ${next ?? 'no further page'}`, () => {
    assert.equal(walk({ type: 'link' }, [{ headers: { link } }])[1]?.url, next);
  });
}

test('the next page may be that of another relation, and then no other is followed', () => {
  const next = (relation: string, link: string) => walk({ type: 'link', relation }, [{ headers: { link } }])[1]?.url;
  const both = '</v1/log?startingAfter=9>; rel="next", </v1/log?endingBefore=5>; rel=prev';
  assert.equal(next('prev', both), 'https://api.example/v1/log?endingBefore=5');
  assert.equal(next('Prev', '</older>; rel="last PREV"'), 'https://api.example/older');
  assert.equal(next('prev', '</v1/log?startingAfter=9>; rel="next"'), undefined);
  assert.equal(next('next', both), 'https://api.example/v1/log?startingAfter=9');
});

test('a Link header in which a link cannot be read may have been that of the next page: 76', () => {
  for (const link of [
    'garbage',
    '</v1/log?page=2; rel=next',
    'https://api.example/b; rel="next"',
    '<https://api.example/a>; rel="prev", </v1/log?size=>2>; rel="next"',
    '<https://api.example/a>; rel="prev", https://api.example/b; rel="next"',
  ]) {
    assert.throws(() => walk({ type: 'link' }, [{ headers: { link } }]), problem(exit.protocol, /Link header/), link);
  }
});

test('a next address may be relative, and never leads to another host', () => {
  const paging: PagingDefinition = { type: 'url', path: 'links."@next"' };
  const next = (target: string) => walk(paging, envelopes(JSON.stringify({ links: { '@next': target } })))[1]?.url;
  assert.equal(next('/v1/log?page=2'), 'https://api.example/v1/log?page=2');
  assert.equal(next('log?page=2'), 'https://api.example/v1/log?page=2');
  assert.equal(next(''), undefined);
  const foreign = [
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    'https:\\\\evil.example',
    'https://api.example@evil.example/',
    'http://api.example/',
    'javascript:alert(1)',
    'file:///etc/passwd',
    'data:,x',
  ];
  for (const target of foreign) {
    assert.throws(() => next(target), problem(exit.protocol), target);
  }
});

const inList: PagingDefinition = {
  type: 'url',
  path: 'links',
  pick: { path: 'rel', equals: 'next' },
  address: 'href',
};

test('a next address may be in a list of links, under its relation', () => {
  const next = (links: unknown) => walk(inList, envelopes(JSON.stringify({ links })))[1]?.url;
  const self = { rel: 'self', href: '/v1/log?page=1' };
  assert.equal(next([self, { rel: 'next', href: '?page=2' }]), 'https://api.example/v1/log?page=2');
  for (const last of [
    undefined,
    null,
    [],
    [self],
    [null, 'next'],
    [{ rel: 'next', href: null }, self],
    [{ rel: 'next', href: '' }],
  ]) {
    assert.equal(next(last), undefined, JSON.stringify(last));
  }
  assert.throws(() => next([self, { rel: 'next', href: 'https://evil.example/' }]), problem(exit.protocol));
});

for (const [what, links, message] of [
  ['an object instead of the list of links', { next: '/2' }, /acme: links is no list of links/],
  ['a link to the next page without an address', [{ rel: 'next', url: '/2' }], /acme: the link to .* has no href/],
  ['an address that is no text', [{ rel: 'next', href: { url: '/2' } }], /acme: the link to .* has no href/],
] as const) {
  test(`${what} is an error, not the last page`, () => {
    assert.throws(() => walk(inList, envelopes(JSON.stringify({ links }))), problem(exit.protocol, message));
  });
}

test('a cursor that is missing, null, false or empty ends the pages; digits are kept', () => {
  const paging: PagingDefinition = { type: 'cursor', path: 'page.next' };
  for (const text of [
    '{}',
    '{"page":{"next":null}}',
    '{"page":{"next":""}}',
    '{"page":{"next":false}}',
    '{"page":[]}',
  ]) {
    assert.equal(walk(paging, envelopes(text))[1], undefined, text);
  }
  const [, step] = walk(paging, envelopes('{"page":{"next":9007199254740993123}}'));
  assert.equal(step?.values.cursor, 9007199254740993123n);
  assert.equal(walk(paging, envelopes('{"page":{"next":"a\\u00e9"}}'))[1]?.values.cursor, 'aé');
});

test('a cursor may come in a header, or be a field of the last record', () => {
  const header = walk({ type: 'cursor', header: 'X-Search-After' }, [{ headers: { 'x-search-after': '["a",1]' } }, {}]);
  assert.deepEqual([header[1]?.values.cursor, header[2]], ['["a",1]', undefined]);
  const last = walk({ type: 'cursor', last: 'id' }, [{ last: '"log_1"' }, { last: undefined, count: 0 }]);
  assert.deepEqual([last[1]?.values.cursor, last[2]], ['log_1', undefined]);
});

test('a cursor that is a list of texts and integers is that list, with all digits', () => {
  const paging: PagingDefinition = { type: 'cursor', path: 'next' };
  const next = (text: string) => walk(paging, envelopes(`{"next":${text}}`))[1]?.values.cursor;
  assert.deepEqual(next('[ "1547486297000" , "5bea\\u00e9" ]'), ['1547486297000', '5beaé']);
  assert.deepEqual(next('[9007199254740993123,"",-1]'), [9007199254740993123n, '', -1n]);
  assert.equal(next('[]'), undefined);
  for (const other of ['[1.50,"a"]', '[null]', '[["a"]]', '{"a":1}']) assert.equal(next(other), other);
  const last = walk({ type: 'cursor', last: 'sort' }, [{ last: '[1,"a"]' }]);
  assert.deepEqual(last[1]?.values.cursor, [1n, 'a']);
});

test('a header is a text, unless the definition says that it holds JSON', () => {
  const paging: PagingDefinition = { type: 'cursor', header: 'X-Search_after', json: true };
  const next = (text: string) => walk(paging, [{ headers: { 'x-search_after': text } }])[1]?.values.cursor;
  assert.deepEqual(next('[ 1576181718000, "DZrPyW8BNsa9iKWoOm7h"]'), [1576181718000n, 'DZrPyW8BNsa9iKWoOm7h']);
  assert.deepEqual(
    [next('"a"'), next(' 7 '), next('[]'), next('null'), next('')],
    ['a', 7n, undefined, undefined, undefined],
  );
  for (const text of ['DZrPyW8B', '[1,"a"], [2,"b"]', '[1,']) {
    assert.throws(() => next(text), problem(exit.protocol, /^acme: the header X-Search_after holds no JSON$/), text);
  }
});

const flagged: PagingDefinition = { type: 'cursor', path: 'cursor', more: 'has_more' };

test('a flag goes on or ends, as a text and as a number, too; where it is absent the pages end', () => {
  const next = (flag: string) => walk(flagged, envelopes(`{"cursor":"a"${flag}}`))[1];
  for (const flag of ['true', '"true"', '"1"', '1']) assert.notEqual(next(`,"has_more":${flag}`), undefined, flag);
  for (const flag of ['false', 'null', '"false"', '"0"', '0', '""']) {
    assert.equal(next(`,"has_more":${flag}`), undefined, flag);
  }
  assert.equal(next(''), undefined);
  const numbered: PagingDefinition = { type: 'page', more: 'has_more' };
  assert.equal(walk(numbered, envelopes('{"has_more":"true"}'))[1]?.values.page, 2);
});

for (const [flag, kind] of [
  ['"yes"', 'a text'],
  ['2', 'a number'],
  ['[true]', 'a list'],
  ['{}', 'an object'],
] as const) {
  test(`a flag that is ${flag} is an error, with a cursor or without`, () => {
    for (const cursor of ['"a"', 'null']) {
      assert.throws(
        () => walk(flagged, envelopes(`{"cursor":${cursor},"has_more":${flag}}`)),
        problem(
          exit.protocol,
          `acme: has_more (paging.more) is ${kind}, neither true nor false`,
          /^check paging\.more/,
        ),
      );
    }
  });
}

test('an empty page with a cursor is followed on, but not for ever', () => {
  const paging: PagingDefinition = { type: 'cursor', path: 'next' };
  const pages = Array.from({ length: 1100 }, (_, number) => ({ envelope: `{"next":${number}}`, count: 0 }));
  assert.equal(walk(paging, pages.slice(0, 900)).length, 901);
  assert.throws(() => walk(paging, pages), isCycle);
  assert.equal(walk({ ...paging, stop: ['empty-page'] }, pages)[1], undefined);
});

test('a thousand empty pages may follow each other, and as many again after one with records', () => {
  const pages = Array.from({ length: 2002 }, (_, at) => ({ envelope: `{"next":${at}}`, count: at === 1000 ? 1 : 0 }));
  assert.equal(walk({ type: 'cursor', path: 'next' }, pages.slice(0, 2001)).length, 2002);
  assert.throws(() => walk({ type: 'cursor', path: 'next' }, pages), /1001 empty pages in a row/);
});

for (const period of [1, 2, 3, 7]) {
  test(`a circle of ${period} pages is found in its first round`, () => {
    const ends = Array.from({ length: 20 }, (_, number) => ({ envelope: `{"next":"c${number % period}"}` }));
    assert.throws(() => walk({ type: 'cursor', path: 'next' }, ends), isCycle);
    assert.doesNotThrow(() => walk({ type: 'cursor', path: 'next' }, ends.slice(0, period)));
    const urls = ends.map(({ envelope }) => ({ envelope: envelope.replace('"c', '"/c') }));
    assert.throws(() => walk({ type: 'url', path: 'next' }, urls), isCycle);
  });
}

test('lists are told apart by their elements, and a circle of them is seen', () => {
  const ends = envelopes('{"next":["a,b"]}', '{"next":["a","b"]}', '{"next":["1"]}', '{"next":[1]}');
  assert.equal(walk({ type: 'cursor', path: 'next' }, ends).length, 5);
  const circle = envelopes('{"next":[1,"a"]}', '{"next":[ 1, "a" ]}');
  assert.throws(() => walk({ type: 'cursor', path: 'next' }, circle), isCycle);
  assert.equal(walk({ type: 'cursor', path: 'next', stop: ['unchanged'] }, circle)[2], undefined);
});

/** Pages under cursors that are new each time; the texts tell their records apart, an empty one has none. */
function pagesOf(texts: readonly string[], part: Partial<PageEnd>): Partial<PageEnd>[] {
  return texts.map((text, at) => ({
    ...part,
    ...(text === '' ? { count: 0 } : { fingerprint: text }),
    envelope: `{"next":"c${at}"}`,
  }));
}

const byCursor: PagingDefinition = { type: 'cursor', path: 'next' };

test('the same page under another cursor is a circle, too', () => {
  assert.throws(() => walk(byCursor, pagesOf(['a', 'a'], { count: 10 })), isCycle);
  assert.throws(() => walk(byCursor, pagesOf(['a', 'b', 'c', 'b'], { count: 10, limit: undefined })), isCycle);
});

test('a page of a few records may be of twins: two in a row that were given before are a circle', () => {
  for (const part of [{ count: 9 }, { count: 1, limit: undefined }]) {
    assert.equal(walk(byCursor, pagesOf(['a', 'a', 'b', 'c', 'c', 'd', 'a'], part)).length, 8);
    assert.throws(() => walk(byCursor, pagesOf(['a', 'a', 'a'], part)), isCycle);
    assert.throws(() => walk(byCursor, pagesOf(['a', 'b', 'c', 'a', 'b'], part)), isCycle);
    assert.throws(() => walk(byCursor, pagesOf(['a', '', 'a', '', 'a'], part)), isCycle, 'with empty ones between');
  }
});

test('full pages of a few records may be of a hundred twins, and no more', () => {
  const twins = Array.from({ length: 101 }, () => 'a');
  for (const limit of [1, 9]) {
    const part = { count: limit, limit };
    assert.equal(walk(byCursor, pagesOf([...twins, 'b', ...twins.slice(1)], part)).length, 203);
    assert.throws(() => walk(byCursor, pagesOf([...twins, 'a'], part)), isCycle);
    const turns = Array.from({ length: 300 }, (_, at) => String(at % 7));
    assert.throws(() => walk(byCursor, pagesOf(turns, part)), isCycle);
    // Later addresses need not repeat the number.
    const [first = {}, ...others] = pagesOf(twins, part);
    assert.equal(walk(byCursor, [first, ...others.map((each) => ({ ...each, limit: undefined }))]).length, 102);
  }
});

test('a counted page that comes again hides another one, where each record has an ID', () => {
  for (const paging of [{ type: 'page' }, { type: 'offset' }] as const) {
    for (const twins of [true, false]) {
      const pages = pager(paging, 'acme', undefined, twins);
      const page = end({ count: 1, limit: 1, total: 2, fingerprint: 'a' });
      const second = pages.next(pages.first, page);
      assert.ok(second !== undefined);
      if (twins) pages.next(second, page);
      else assert.throws(() => pages.next(second, page), isCycle);
    }
  }
});

test('long cursors are told apart by their last character, and a circle of them is seen', () => {
  const long = 'x'.repeat(5000);
  const ends = envelopes(...['1', '2', '3'].map((each) => `{"next":"${long}${each}"}`));
  assert.deepEqual(
    walk({ type: 'cursor', path: 'next' }, ends).map((step) => step?.values.cursor?.toString().at(-1)),
    [undefined, '1', '2', '3'],
  );
  assert.throws(() => walk({ type: 'cursor', path: 'next' }, [...ends, ...ends]), isCycle);
});

test('the cursor that was sent ends the pages where the vendor says so', () => {
  const paging: PagingDefinition = { type: 'cursor', path: 'next', stop: ['unchanged'] };
  assert.equal(walk(paging, envelopes('{"next":"a"}', '{"next":"a"}'))[2], undefined);
  assert.throws(() => walk(paging, envelopes('{"next":"a"}', '{"next":"b"}', '{"next":"a"}')), isCycle);
});

test('a bookmark is where the pages begin, and the newest cursor where they end', () => {
  const paging: PagingDefinition = { type: 'cursor', path: 'next', bookmark: true, stop: ['short-page'] };
  const pages = pager(paging, 'acme', 'a', true);
  assert.deepEqual(pages.first, { first: false, values: { cursor: 'a' } });
  assert.equal(pages.next(pages.first, end({ envelope: '{"next":"b"}', count: 3 })), undefined);
  assert.equal(pages.bookmark(), 'b');
  const other = pager(paging, 'acme', 'a', true);
  other.next(other.first, end({ envelope: '{"next":null}' }));
  assert.equal(other.bookmark(), 'a');
});

for (const next of [
  '[1576181718000,"DZ\\"rP"]',
  '["a","9007199254740993123"]',
  '9007199254740993123',
  '"9007199254740993123"',
  '"007"',
  '"[1,\\"a\\"]"',
  '"\\"a\\""',
  '"[]"',
  '"-"',
  '"null"',
]) {
  test(`a bookmark is a text, and the run that goes on there sends what the vendor gave: ${next}`, () => {
    const paging: PagingDefinition = { type: 'cursor', path: 'next', bookmark: true };
    const pages = pager(paging, 'acme', undefined, true);
    const following = pages.next(pages.first, end({ envelope: `{"next":${next}}` }));
    assert.deepEqual(following?.values.cursor, pager(paging, 'acme', pages.bookmark(), true).first.values.cursor);
    assert.notEqual(following, undefined);
  });
}

test('a vendor that leads back to the bookmark leads in a circle, which is reported at once', () => {
  const ends = envelopes('{"next":"b"}', '{"next":"a"}');
  assert.throws(() => walk({ type: 'cursor', path: 'next', bookmark: true }, ends, 'a'), isCycle);
});

test('a bookmark that was saved for an earlier definition begins no page of one that keeps none', () => {
  assert.deepEqual(walk({ type: 'cursor', path: 'next' }, [], 'a'), [{ first: true, values: {} }]);
});

test('a bookmark may be the address of the next page', () => {
  const paging: PagingDefinition = { type: 'link', bookmark: true, stop: ['short-page'] };
  const pages = pager(paging, 'acme', 'https://acme.example/log?after=a', true);
  assert.deepEqual(pages.first, { first: false, values: {}, url: 'https://acme.example/log?after=a' });
  const [url, headers] = ['https://acme.example/log?after=a', { link: '</log?after=b>; rel="next"' }];
  assert.equal(pages.next(pages.first, end({ url, headers, count: 3 })), undefined);
  assert.equal(pages.bookmark(), 'https://acme.example/log?after=b');
});

test('pages are counted until a short or an empty one', () => {
  const numbers = (steps: readonly (PageStep | undefined)[]) => steps.map((step) => step?.values.page);
  const full = { count: 10 };
  assert.deepEqual(numbers(walk({ type: 'page', stop: ['short-page'] }, [full, { count: 9 }])), [1, 2, undefined]);
  assert.deepEqual(numbers(walk({ type: 'page', first: 0 }, [full, { count: 9 }, { count: 0 }])), [0, 1, 2, undefined]);
});

test('a page that says that more follow, and does not name the next one, is an error, not the end', () => {
  const paging: readonly PagingDefinition[] = [
    { type: 'cursor', path: 'next', more: 'more' },
    { type: 'url', path: 'next', more: 'more' },
  ];
  for (const each of paging) {
    assert.throws(
      () => walk(each, envelopes('{"more":true,"next":null}')),
      problem(exit.protocol, /more records follow \(more\)/),
    );
    assert.deepEqual(walk(each, envelopes('{"more":false,"next":null}')).slice(1), [undefined]);
  }
});

test('a page whose last record does not name the next one is not the end, unless it is the last one anyway', () => {
  const nameless = problem(exit.protocol, /nothing at id, .* next page/);
  const read = { fingerprint: '10 700 1 2' };
  const byId: PagingDefinition = { type: 'cursor', last: 'id' };
  for (const last of [undefined, 'null', '""'])
    for (const part of [read, { ...read, count: 3 }, { ...read, count: 1 }, { count: 10 }, { ...read, total: 11 }])
      assert.throws(() => walk(byId, [{ ...part, last }]), nameless, JSON.stringify([last, part]));
  const lasts: readonly (readonly [PagingDefinition, Partial<PageEnd>])[] = [
    [byId, { count: 0 }],
    [byId, { count: 3 }], // no record of it could be read
    [byId, { ...read, total: 10 }],
    [{ ...byId, stop: ['missing'] }, read],
    [
      { ...byId, stop: ['short-page'] },
      { ...read, count: 3 },
    ],
    [
      { ...byId, more: 'more' },
      { ...read, envelope: '{"more":false}' },
    ],
  ];
  for (const [paging, part] of lasts)
    assert.deepEqual(walk(paging, [part]).slice(1), [undefined], JSON.stringify([paging, part]));
});

test('the last of a number of pages that the vendor tells is the last one that is asked for', () => {
  const numbers = (steps: readonly (PageStep | undefined)[]) => steps.map((step) => step?.values.page);
  const of = (total: string, count = 10) => ({ envelope: `{"meta":{"total_pages":${total}}}`, count });
  const paging: PagingDefinition = { type: 'page', pages: 'meta.total_pages' };
  assert.deepEqual(numbers(walk(paging, [of('2'), of('2'), of('2')])), [1, 2, undefined]);
  assert.deepEqual(numbers(walk({ ...paging, first: 0 }, [of('2'), of('2'), of('2')])), [0, 1, undefined]);
  assert.deepEqual(numbers(walk(paging, [of('0', 0)])), [1, undefined]);
  assert.deepEqual(numbers(walk(paging, [of('0'), of('0'), of('0', 0)])), [1, 2, 3, undefined], 'fewer than came');
  assert.deepEqual(numbers(walk(paging, [of('1'), of('2')])), [1, undefined]);
  assert.deepEqual(
    numbers(walk(paging, [of('3'), of('3', 0), of('3')])),
    [1, 2, 3, undefined],
    'an empty page between',
  );
  assert.deepEqual(numbers(walk(paging, [of('null'), of('null'), of('null', 0)])), [1, 2, 3, undefined]);
});

test('offsets go on by what came, and end with the total', () => {
  const offsets = (steps: readonly (PageStep | undefined)[]) => steps.map((step) => step?.values.offset);
  const paging: PagingDefinition = { type: 'offset', stop: ['short-page'] };
  assert.deepEqual(offsets(walk(paging, [{ count: 10 }, { count: 4 }])), [0, 10, undefined]);
  assert.deepEqual(
    offsets(
      walk(paging, [
        { count: 10, total: 24 },
        { count: 4, total: 24 },
        { count: 10, total: 24 },
      ]),
    ),
    [0, 10, 14, undefined],
    'a short page is not the end while the total says otherwise',
  );
  assert.deepEqual(
    offsets(
      walk(paging, [
        { count: 10, total: 20 },
        { count: 0, total: 20 },
      ]),
    ),
    [0, 10, undefined],
  );
  assert.deepEqual(
    offsets(
      walk(paging, [
        { count: 10, total: 0 },
        { count: 10, total: 0 },
        { count: 4, total: 0 },
      ]),
    ),
    [0, 10, 20, undefined],
    'a total of less than came is none',
  );
});

const byTime: PagingDefinition = { type: 'cursor', last: 'at', stop: ['unchanged', 'short-page'] };

const isStuck = problem(exit.protocol, 'acme has more records with the same at than one page holds', /--limit/);

test('a full page of records that share one value is an error: what follows them cannot be asked for', () => {
  const step = (part: Partial<PageEnd>) => walk(byTime, [{ last: '7' }, { first: '7', last: '7', ...part }]);
  assert.throws(() => step({}), isStuck);
  assert.equal(step({ count: 9 })[2], undefined);
});

test('records that share one value may fill the first page already, and come again with the second', () => {
  const page = { first: '7', last: '7', fingerprint: '10 700 1 2' };
  assert.throws(() => walk(byTime, [page, page]), isStuck);
});

test('records that share one value and fill no page come again with it, and are the end however many they are', () => {
  const page = { first: '7', last: '7', fingerprint: '10 700 1 2', limit: 20 };
  assert.equal(walk({ ...byTime, stop: ['unchanged'] }, [page, page])[2], undefined);
});

test('a vendor that heeds no cursor gives different records again and again: a circle', () => {
  const page = { first: '1', last: '7', fingerprint: '10 700 1 2' };
  assert.throws(() => walk(byTime, [page, page]), isCycle);
});
