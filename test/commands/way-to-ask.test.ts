/** The whole program, where the address is right and the way to ask is not. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { run, scratch, type Ended } from '../support/program.ts';
import { sendJson, serve } from '../support/vendors/server.ts';

/** Runs against a vendor that gives events by POST, their next pages by GET, and none as application/json. */
async function asked(t: TestContext, more: string): Promise<Ended> {
  const vendor = await serve({}, ({ method, target, headers, body }, response) => {
    const isNext = target.startsWith('/events/next');
    if (method !== (isNext ? 'GET' : 'POST')) return sendJson(response, 405, '{"detail":"Method Not Allowed"}');
    if (headers['accept'] !== 'application/vnd.api+json') return sendJson(response, 406, '{"detail":"Not here"}');
    if (body.includes('first')) return sendJson(response, 400, '{"error":"Unknown argument"}');
    const next = isNext ? 'null' : `"${vendor.origin}/events/next?token=2"`;
    sendJson(response, 200, `{"next":${next},"data":[{"id":${isNext ? 2 : 1}}]}`);
  });
  t.after(() => vendor.close());
  const directory = scratch(t);
  const file = join(directory, 'fig.yaml');
  writeFileSync(
    file,
    `
name: fig
summary: Figs.
settings: { FIG_URL: { summary: Address., kind: url, required: true } }
url: '{FIG_URL}'
auth: { type: none }
window: { filter: event, time: iso }
records: { path: data, id: { paths: [id] } }
${more}
`,
  );
  return run(['--source', file, '--state-dir', join(directory, 'state')], {
    environment: { FIG_URL: vendor.origin },
  });
}

const accept = 'headers: { Accept: application/vnd.api+json }';
const request = "request: { method: POST, path: /events, json: { from: '{from}' } }";
const paging = 'paging: { type: url, path: next, stop: [missing] }';

test('a format that the vendor does not have (406) is reported with how to name another', async (t) => {
  const { status, stderr } = await asked(t, `${request}\n${paging}`);
  assert.equal(status, 76, stderr);
  assert.match(
    stderr,
    /^hint: check FIG_URL in the environment: .*; or name the format that it has: headers: \{ Accept: … \} in \S+fig\.yaml$/m,
  );
});

test('a first page that takes another method (405) is reported with what to correct', async (t) => {
  const { status, stderr } = await asked(
    t,
    `${accept}\nrequest: { path: /events, query: { from: '{from}' } }\n${paging}`,
  );
  assert.equal(status, 76, stderr);
  assert.match(stderr, /; or correct the method and the path of the request in \S+fig\.yaml$/m);
});

test('a first page that is refused for what it asks (400) is reported with where to correct that', async (t) => {
  const query = "request: { path: /events, method: POST, json: { from: '{from}', first: '{limit}' } }";
  const { status, stderr } = await asked(t, `${accept}\n${query}\n${paging}\nlimits: { page: 5 }`);
  assert.equal(status, 76, stderr);
  assert.match(
    stderr,
    /^hint: check the settings and flags that ask for this; or correct the request in \S+fig\.yaml$/m,
  );
});

test('a next page that is asked for by another method is reported with what to add, after which it is read', async (t) => {
  const { status, stderr } = await asked(t, `${accept}\n${request}\n${paging}`);
  assert.equal(status, 76, stderr);
  assert.match(stderr, /for by GET, add request: \{ method: GET, path: … \} to paging in \S+fig\.yaml$/m);
  const added = 'paging: { type: url, path: next, stop: [missing], request: { method: GET, path: /events/next } }';
  const mended = await asked(t, `${accept}\n${request}\n${added}`);
  assert.equal(mended.status, 0, mended.stderr);
  assert.equal(mended.stdout, '{"id":1}\n{"id":2}\n');
});

for (const [status, type, rest] of [
  [404, 'application/json', '; or correct the path '],
  [
    405,
    'application/json',
    ': something else may be answering there; or correct the method and the path of the request ',
  ],
  [410, 'application/json', " and the vendor's API version"],
  [451, 'application/json', ': something else may be answering there'],
  [
    200,
    'text/html',
    ': a proxy, a single sign-on page or another service may be answering there; or correct the path of the request ',
  ],
  [200, 'text/plain', ': a login page or a proxy may have answered'],
] as const) {
  test(`an answer that no such address gives (${status}, ${type}) names the setting that holds the address, or the definition that does`, async (t) => {
    const vendor = await serve({}, (_, response) => {
      response.writeHead(status, { 'Content-Type': type }).end(type === 'application/json' ? '{}' : '<p>Figs');
    });
    t.after(() => vendor.close());
    const { host, port } = new URL(vendor.origin);
    for (const [url, settings, named] of [
      ['{FIG_URL}', { FIG_URL: vendor.origin }, 'FIG_URL in the environment'],
      [`http://127.0.0.1:{FIG_PORT}`, { FIG_PORT: port }, 'the URL (FIG_PORT in the environment)'],
      [vendor.origin, {}, 'url in fig.yaml'],
    ] as const) {
      const directory = scratch(t);
      const names = Object.keys(settings).map((name) => `${name}: { summary: Address., required: true }`);
      const text = `{ name: fig, summary: Figs., settings: { ${names.join(', ')} }, url: '${url}', auth: { type: none },
        request: { path: /figs, query: { from: '{from}' } }, paging: { type: none }, window: { filter: event, time: iso },
        records: { path: data, id: { paths: [id] } } }`;
      writeFileSync(join(directory, 'fig.yaml'), text);
      const environment = { HOME: directory, ...settings };
      const { stderr } = await run(['-s', 'fig.yaml', '--state-dir', 'state'], { directory, environment });
      const [, hint = ''] = /^hint: (.*)$/m.exec(stderr) ?? [];
      const address = status === 404 && named.startsWith('the URL') ? 'FIG_PORT in the environment' : named;
      const expected =
        status === 404 && named.startsWith('url')
          ? 'check url and the path of the request in fig.yaml'
          : `check ${address}${rest}`;
      assert.ok(hint.includes(expected), `${host}: ${hint}`);
      assert.ok(!rest.endsWith(' ') || hint.endsWith(' in fig.yaml'), hint);
    }
  });
}

test('a login at an address where there is none (404, 405) names the setting that holds the address, and the part of the definition', async (t) => {
  for (const status of [404, 405, 410]) {
    const vendor = await serve({}, (_, response) => sendJson(response, status, '{}'));
    t.after(() => vendor.close());
    const directory = scratch(t);
    const text = `{ name: fig, summary: Figs., settings: { FIG_URL: { summary: Address. }, FIG_KEY: { summary: Key., secret: true } },
      url: '{FIG_URL}', auth: { type: session, login: { method: POST, path: /in, json: { key: '{FIG_KEY}' } } },
      request: { path: /figs, query: { from: '{from}' } }, paging: { type: none }, window: { filter: event, time: iso },
      records: { path: data, id: { paths: [id] } } }`;
    writeFileSync(join(directory, 'fig.yaml'), text);
    const environment = { HOME: directory, FIG_URL: vendor.origin, FIG_KEY: 'canary-key' };
    const { stderr } = await run(['-s', 'fig.yaml', '--state-dir', 'state'], { directory, environment });
    assert.match(stderr, /^hint: check FIG_URL in the environment; or correct auth\.login in fig\.yaml$/m);
  }
});

test('a token endpoint where there is none (404, 405) is named by its setting, or by its place in the definition', async (t) => {
  for (const [url, settings, named] of [
    ['{FIG_URL}/token', {}, 'check FIG_URL in the environment'],
    ['{FIG_LOGIN}/token', { FIG_LOGIN: 'yes' }, 'check FIG_LOGIN in the environment'],
    ['', {}, 'check auth.url in fig.yaml'],
  ] as const) {
    const vendor = await serve({}, (_, response) => sendJson(response, 404, '{}'));
    t.after(() => vendor.close());
    const directory = scratch(t);
    const text = `{ name: fig, summary: Figs., settings: { FIG_URL: { summary: Address. }, FIG_LOGIN: { summary: Login. }, FIG_KEY: { summary: Key., secret: true } },
      url: '{FIG_URL}', auth: { type: oauth2, url: '${url || `${vendor.origin}/token`}', form: { grant_type: client_credentials, key: '{FIG_KEY}' } },
      request: { path: /figs, query: { from: '{from}' } }, paging: { type: none }, window: { filter: event, time: iso },
      records: { path: data, id: { paths: [id] } } }`;
    writeFileSync(join(directory, 'fig.yaml'), text);
    const login = 'FIG_LOGIN' in settings ? { FIG_LOGIN: vendor.origin } : {};
    const environment = { HOME: directory, FIG_URL: vendor.origin, FIG_KEY: 'canary-key', ...login };
    const { stderr } = await run(['-s', 'fig.yaml', '--state-dir', 'state'], { directory, environment });
    assert.ok(stderr.includes(`hint: ${named}, and what is asked for: something else may be answering there`), stderr);
  }
});
