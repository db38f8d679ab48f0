/**
 * A credential that somebody wrote into a definition file itself, instead of into the environment: it is shown as little as
 * any other.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { rawServer, reply } from './support/raw-server.ts';
import { run, scratch, type Ended } from './support/program.ts';

const canary = 'canary-11335577';

type Change = Readonly<Record<string, unknown>>;

function definitionFile(directory: string, change: Change): string {
  const path = join(directory, 'acme.json');
  const definition = {
    name: 'acme',
    summary: 'Acme.',
    settings: { ACME_TOKEN: { summary: 'Token.', secret: true, default: canary } },
    url: 'https://acme.example',
    auth: { type: 'headers', headers: { Authorization: 'Bearer {ACME_TOKEN}' } },
    request: { path: '/audit' },
    paging: { type: 'none' },
    window: { filter: 'none' },
    records: { path: 'records', id: { paths: ['id'] }, time: { path: 'at', format: 'iso' } },
    ...change,
  };
  writeFileSync(path, JSON.stringify(definition));
  return path;
}

function expectUntold(what: string, { stdout, stderr }: Ended): void {
  assert.ok(!`${stdout}${stderr}`.includes(canary), `${what}: ${stdout}${stderr}`);
}

test('the default of a secret in a definition file is never shown, though the vendor echoes it', async (context) => {
  const directory = scratch(context);
  const vendor = await rawServer((socket, request) => {
    const error = `you sent ${request.headers['authorization'] ?? ''}`;
    socket.write(reply(401, { 'Content-Type': 'application/json' }, JSON.stringify({ error })));
  });
  context.after(() => vendor.close());
  const path = definitionFile(directory, { url: vendor.url });
  for (const [words, status] of [
    [['--source', path, '--since', '1h', '-vv'], 77],
    [['check', '--source', path], 77],
    [['sources', path], 0],
  ] as const) {
    const result = await run(words, { environment: { HOME: directory } });
    assert.equal(result.status, status, result.stderr);
    expectUntold(words.join(' '), result);
  }
  assert.equal(vendor.requests[0]?.headers['authorization'], `Bearer ${canary}`);
});

const bearer = {
  auth: { type: 'headers', headers: { Authorization: `Bearer ${canary}`, Accept: 'application/json' } },
};
const own: Readonly<Record<string, Change>> = {
  'a header of auth': bearer,
  'a header of all requests': { headers: { 'X-Api-Key': canary } },
  'a parameter of auth': { auth: { type: 'query', query: { k: canary } } },
  'a parameter of the request': { request: { path: '/audit', query: { api_key: canary } } },
  'a member of auth': {
    auth: { type: 'body', body: { k: canary } },
    request: { path: '/audit', method: 'POST', json: {} },
  },
  'a password': { auth: { type: 'basic', username: 'me', password: canary } },
};

for (const [what, change] of Object.entries(own)) {
  test(`a credential in ${what} of a definition file is never shown, though the vendor echoes it`, async (context) => {
    const directory = scratch(context);
    const vendor = await rawServer((socket, { path, headers, body }) => {
      const error = `no api_key or Authorization in application/json ${path} ${JSON.stringify(headers)} ${body.toString()}`;
      socket.write(reply(403, { 'Content-Type': 'application/json' }, JSON.stringify({ error })));
    });
    context.after(() => vendor.close());
    const environment = { HOME: directory, ACME_TOKEN: 'a-long-token' };
    const result = await run(['check', '--source', definitionFile(directory, { url: vendor.url, ...change })], {
      environment,
    });
    assert.equal(result.status, 77, result.stderr);
    assert.match(result.stderr, /: no api_key or Authorization in application\/json \/audit.*\[redacted\]/);
    expectUntold(what, result);
    assert.ok(!result.stderr.includes(Buffer.from(`me:${canary}`).toString('base64')), result.stderr);
  });
}

for (const parts of ['undici', 'fetch', 'websocket', '*']) {
  test(`a key in the query is never shown, though NODE_DEBUG=${parts} is inherited`, async (context) => {
    const directory = scratch(context);
    const vendor = await rawServer((socket) => {
      socket.write(reply(200, { 'Content-Type': 'application/json' }, '{"records":[{"id":1}]}'));
    });
    context.after(() => vendor.close());
    const path = definitionFile(directory, { url: vendor.url, auth: { type: 'query', query: { key: canary } } });
    const environment = { HOME: directory, ACME_TOKEN: 'a-long-token', NODE_DEBUG: parts };
    const result = await run(['--source', path, '--since', '1h'], { environment });
    assert.equal(result.status, 0, result.stderr);
    assert.equal(vendor.requests[0]?.path, `/audit?key=${canary}`);
    expectUntold(parts, result);
  });
}

const refused: Readonly<Record<string, Change>> = {
  'a number for a password': { auth: { type: 'basic', username: 'me', password: 11_335_577 } },
  'a header with a list': { auth: { type: 'headers', headers: { Authorization: [canary] } } },
  'one text for the headers': { auth: { type: 'headers', headers: `Authorization: ${canary}` } },
  'one text for it all': { auth: canary },
  'a value for a setting': { settings: { ACME_TOKEN: canary } },
  'a password in the address': { url: `https://me:${canary}@acme.example` },
  'a password in the second address': { url: ['https://acme.example', `https://me:${canary}@acme.example`] },
  'a password in a path': { request: { path: `https://me:${canary}@acme.example/audit` } },
};

for (const [what, change] of Object.entries(refused)) {
  test(`a definition file that is refused for ${what} is reported without it`, async (context) => {
    const directory = scratch(context);
    const result = await run(['check', '--source', definitionFile(directory, change)]);
    assert.equal(result.status, 78, result.stderr);
    assert.match(result.stderr, /acme\.json: \w[\w.]*: expected .+, found /);
    assert.doesNotMatch(result.stderr, /canary-|11335577/);
  });
}
