import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { parseDefinition } from '../../../src/core/definition.ts';
import { exit, Problem } from '../../../src/core/problem.ts';
import { restSource } from '../../../src/core/rest.ts';
import { noSearch, pullAll, sourceTools } from '../../support/source-tools.ts';
import { sendHtml, sendJson, serve, type LoggedRequest } from '../../support/vendors/server.ts';

const already = { path: 'error.code', equals: 'AF20024' };

const kiwi = {
  name: 'kiwi',
  summary: 'Kiwis.',
  settings: { KIWI_URL: { summary: 'Address.', kind: 'url' } },
  url: '{KIWI_URL}',
  auth: { type: 'none' },
  prepare: [{ request: { method: 'POST', path: '/start', query: { type: '{branch}' } }, done: [already] }],
  branches: { values: ['one', 'two'] },
  request: { path: '/log', query: { from: '{from}', type: '{branch}' } },
  paging: { type: 'none' },
  window: { filter: 'event', time: 'iso' },
  records: { id: { paths: ['id'] } },
};

interface Started {
  readonly pull: (branch: string) => Promise<string[]>;
  readonly requests: readonly LoggedRequest[];
}

/** A vendor that gives these replies, one after the other, to what begins with /start; the last one for ever. */
async function start(t: TestContext, starts: readonly (readonly [number, string])[], change = {}): Promise<Started> {
  let at = 0;
  const vendor = await serve({}, ({ target }, response) => {
    if (!target.startsWith('/start')) return sendJson(response, 200, '[{"id":1}]');
    const [status, text] = starts[Math.min(at++, starts.length - 1)] ?? [500, ''];
    if (text.startsWith('<')) return sendHtml(response, status, text);
    sendJson(response, status, text);
  });
  const definition = parseDefinition(JSON.parse(JSON.stringify({ ...kiwi, ...change })), 'kiwi.yaml');
  const source = restSource(definition, { KIWI_URL: vendor.origin }, noSearch, sourceTools());
  t.after(async () => {
    await source.close();
    await vendor.close();
  });
  const pull = async (branch: string): Promise<string[]> =>
    (await pullAll(source, { branch })).records.map(({ id }) => id);
  return { pull, requests: vendor.requests };
}

function targets({ requests }: Started): string[] {
  return requests.map(({ method, target }) => `${method} ${target.replace(/from=[^&]*&/, '')}`);
}

test('what has to be prepared is asked for once a branch, before its first window', async (t) => {
  const started = await start(t, [[200, '{"status":"enabled"}']]);
  for (const branch of ['one', 'one', 'two', 'one']) assert.deepEqual(await started.pull(branch), ['1']);
  assert.deepEqual(targets(started), [
    'POST /start?type=one',
    'GET /log?type=one',
    'GET /log?type=one',
    'POST /start?type=two',
    'GET /log?type=two',
    'GET /log?type=one',
  ]);
});

const soAlready = '{"error":{"code":"AF20024","message":"The subscription is already enabled."}}';

test('several requests are sent in their order', async (t) => {
  const prepare = ['/start/a', '/start/b'].map((path) => ({ request: { method: 'POST', path } }));
  const started = await start(t, [[200, '{}']], { prepare });
  await started.pull('one');
  assert.deepEqual(targets(started).slice(0, 2), ['POST /start/a', 'POST /start/b']);
});

const done: readonly (readonly [what: string, status: number, text: string, change: object])[] = [
  ['a refusal that says so in its body', 400, soAlready, {}],
  ['an error with HTTP 200 that says so', 200, soAlready, {}],
  ['a refusal with a status that says so', 409, 'never mind', { prepare: [{ ...kiwi.prepare[0], done: [409, 412] }] }],
  ['a success without a body', 204, '', {}],
  ['a success that is no JSON', 200, 'OK', {}],
];
for (const [what, status, text, change] of done) {
  test(`${what} means that it is prepared`, async (t) => {
    const started = await start(t, [[status, text]], change);
    assert.deepEqual(await started.pull('one'), ['1']);
    assert.equal(started.requests.length, 2);
  });
}

const other = '{"error":{"code":"AF10001","message":"The permission set is missing."}}';

const failed: readonly (readonly [what: string, status: number, text: string, code: number, message: RegExp])[] = [
  ['a refusal for another reason', 400, other, exit.protocol, /did not accept preparation 1 .*: The permission set/],
  ['refused credentials', 401, '{}', exit.noperm, /refused preparation 1/],
  ['an error with HTTP 200', 200, other, exit.protocol, /reported an error in preparation 1: The permission set/],
  [
    'a page for people',
    200,
    '<html>log in</html>',
    exit.protocol,
    /answered preparation 1 with something other than JSON/,
  ],
];
for (const [what, status, text, code, message] of failed) {
  test(`${what} is an error, no records are asked for, and the next window tries again`, async (t) => {
    const started = await start(t, [
      [status, text],
      [200, '{}'],
    ]);
    await assert.rejects(started.pull('one'), (error) => {
      assert.ok(error instanceof Problem, String(error));
      assert.deepEqual([error.status, started.requests.length], [code, 1]);
      assert.match(error.message, message);
      return error.hint !== undefined;
    });
    assert.deepEqual(await started.pull('one'), ['1']);
  });
}

test('a preparation that fails for a while is tried again', async (t) => {
  const started = await start(t, [
    [503, '{}'],
    [429, '{}'],
    [200, '{}'],
  ]);
  assert.deepEqual(await started.pull('one'), ['1']);
  assert.equal(started.requests.length, 4);
});

test('a session that is over is renewed for a preparation, too', async (t) => {
  const auth = {
    type: 'session',
    login: { method: 'POST', path: '/login' },
    token: { path: 'token', headers: { 'X-Auth': '{token}' } },
  };
  let logins = 0;
  const vendor = await serve({}, ({ target, headers }, response) => {
    if (target === '/login') return sendJson(response, 200, `{"token":"t${++logins}"}`);
    sendJson(response, headers['x-auth'] === 't2' ? 200 : 401, '[{"id":1}]');
  });
  t.after(vendor.close);
  const definition = parseDefinition(JSON.parse(JSON.stringify({ ...kiwi, auth })), 'kiwi.yaml');
  const source = restSource(definition, { KIWI_URL: vendor.origin }, noSearch, sourceTools());
  const { records } = await pullAll(source, { branch: 'one' });
  await source.close();
  assert.deepEqual([records.length, logins], [1, 2]);
});
