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
    /^hint: check the URL: .*; or name the format that it has: headers: \{ Accept: … \} in \S+fig\.yaml$/m,
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
