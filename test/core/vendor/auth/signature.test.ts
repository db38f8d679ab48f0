import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { parseDefinition } from '../../../../src/core/definition.ts';
import { exit } from '../../../../src/core/problem.ts';
import { signer } from '../../../../src/core/vendor/auth/signature.ts';
import { pullOnce, sourceTools } from '../../../support/source-tools.ts';
import { sendJson, serve } from '../../../support/vendors/server.ts';
import { problem } from '../../../support/problem.ts';

const key = 'a-key-that-nobody-sends';
const fig = {
  name: 'fig',
  summary: 'Figs.',
  settings: {
    FIG_URL: { summary: 'Address.', kind: 'url' },
    FIG_NAME: { summary: 'Name.' },
    FIG_KEY: { summary: 'Key.', secret: true },
  },
  url: '{FIG_URL}/v1',
  auth: {
    type: 'signature',
    algorithm: 'sha1',
    key: '{FIG_KEY}',
    text: '{date}\n{method}\n{host}\n{path}\n{parameters}',
    date: 'rfc2822',
    encoding: 'hex',
    basic: { username: '{FIG_NAME}', password: '{signature}' },
    headers: { Date: '{date}', Authorization: '{basic}' },
  },
  request: { path: '/log', query: { sort: 'ts:asc', from: '{from}', after: '{cursor}', 'a b': "it's" } },
  paging: { type: 'cursor', path: 'next' },
  window: { filter: 'event', time: 'epoch-ms' },
  records: { path: 'data', id: { paths: ['id'] } },
};

/** A vendor with two pages that checks each signature by itself, and refuses the same date twice. */
async function orchard(t: TestContext) {
  const dates = new Set<string>();
  const server = await serve({}, ({ method, target, headers }, response) => {
    const { pathname, search } = new URL(target, server.origin);
    const date = String(headers['date']);
    const told = [date, method, headers['host'], pathname, search.slice(1).split('&').sort().join('&')];
    const signature = createHmac('sha1', key).update(told.join('\n')).digest('hex');
    const expected = `Basic ${Buffer.from(`figtree:${signature}`).toString('base64')}`;
    if (headers['authorization'] !== expected || dates.has(date))
      return sendJson(response, 401, '{"message":"bad signature"}');
    dates.add(date);
    sendJson(
      response,
      200,
      search.includes('after') ? '{"data":[{"id":2}],"next":null}' : '{"data":[{"id":1}],"next":"a b"}',
    );
  });
  t.after(() => server.close());
  return { server, dates };
}

test('every request is signed anew: its time, its place and its parameters in the order of their names', async (t) => {
  const { server, dates } = await orchard(t);
  const start = Date.UTC(2026, 10, 20, 9);
  const tools = sourceTools(start);
  const definition = parseDefinition({ ...fig, limits: { interval: '2s' } }, 'fig.yaml');
  const values = { FIG_URL: server.origin, FIG_NAME: 'figtree', FIG_KEY: key };
  const { records } = await pullOnce(definition, values, { tools });
  assert.deepEqual(
    records.map(({ text }) => text),
    ['{"id":1}', '{"id":2}'],
  );
  assert.deepEqual([...dates], ['Fri, 20 Nov 2026 09:00:00 +0000', 'Fri, 20 Nov 2026 09:00:02 +0000']);
  assert.ok(!JSON.stringify(server.requests).includes(key));
});

test('a wrong key is refused, and the hint names the settings', async (t) => {
  const { server } = await orchard(t);
  const values = { FIG_URL: server.origin, FIG_NAME: 'figtree', FIG_KEY: 'another-key' };
  await assert.rejects(
    pullOnce(parseDefinition(fig, 'fig.yaml'), values),
    problem(exit.noperm, /./, /FIG_NAME and FIG_KEY/),
  );
});

test('a clock that is off is named when a signature is refused', async (t) => {
  const start = Date.UTC(2026, 10, 20, 9);
  const server = await serve({ now: () => start }, (_, response) => sendJson(response, 401, '{"message":"too old"}'));
  t.after(() => server.close());
  const values = { FIG_URL: server.origin, FIG_NAME: 'figtree', FIG_KEY: key };
  for (const [seconds, said] of [
    [600, /; the clock of this machine is 600 s ahead: set it first$/],
    [30, /FIG_KEY$/],
  ] as const) {
    const tools = sourceTools(start + seconds * 1000);
    await assert.rejects(
      pullOnce(parseDefinition(fig, 'fig.yaml'), values, { tools }),
      problem(exit.noperm, /./, said),
    );
  }
});

test('a parameter comes before those whose names it begins, and twins by their values', () => {
  const auth = { ...fig.auth, text: '{parameters}', basic: undefined, headers: { Signature: '{signature}' } };
  const definition = parseDefinition({ ...fig, auth: JSON.parse(JSON.stringify(auth)) }, 'fig.yaml');
  assert.ok(definition.auth.type === 'signature');
  const sign = signer(definition.auth, { FIG_KEY: key }, { now: () => 0 });
  const { headers } = sign({ method: 'GET', url: 'https://fig.example/?b=2&a-b=1&a=2&a=10&a=1' });
  const expected = createHmac('sha1', key).update('a=1&a=10&a=2&a-b=1&b=2').digest('hex');
  assert.equal(headers?.['signature'], expected);
});

const mistakes: readonly (readonly [what: string, change: object, message: RegExp])[] = [
  ['a key that is no secret', { key: 'text' }, /auth\.key: expected a setting that is secret/],
  ['a signature that is not sent', { headers: { Date: '{date}' } }, /auth\.headers: nothing sends \{signature\}/],
  ['a pair that is not there', { basic: undefined, headers: { A: '{signature}{basic}' } }, /auth\.basic is missing/],
  [
    'something that is known only later',
    { text: '{cursor}' },
    /auth\.text: \{cursor\} is neither a setting nor a placeholder/,
  ],
  ['a signature inside itself', { text: '{signature}' }, /auth\.text: \{signature\} is neither/],
];
for (const [what, change, message] of mistakes) {
  test(`${what} is refused, and the place is named`, () => {
    const auth = JSON.parse(JSON.stringify({ ...fig.auth, ...change })) as object;
    assert.throws(() => parseDefinition({ ...fig, auth }, 'fig.yaml'), message);
  });
}
