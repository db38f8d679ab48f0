/** Errors as vendors document them, inside HTTP 200 and beside an empty list of records: they are no success. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDefinition, type SourceDefinition } from '../../src/core/definition.ts';
import { exit, type ExitStatus } from '../../src/core/problem.ts';
import { parsePath } from '../../src/core/json/path.ts';
import { tellsError } from '../../src/core/vendor/reply.ts';
import { cirrus } from '../../src/sources/cirrus.ts';
import { syncropel } from '../../src/sources/syncropel.ts';
import { sysdigActivity } from '../../src/sources/sysdig-activity.ts';
import { sysdigAudit } from '../../src/sources/sysdig-audit.ts';
import { sysdigEvents } from '../../src/sources/sysdig-events.ts';
import { exampleDefinition } from '../support/example-definition.ts';
import { pullOnce, sourceTools } from '../support/source-tools.ts';
import { sendJson, serve } from '../support/vendors/server.ts';
import { problem } from '../support/problem.ts';

/** What each reply is, and how often it is asked for. */
const replies: readonly (readonly [SourceDefinition, body: string, status: ExitStatus, asked: number])[] = [
  ...[sysdigAudit, sysdigEvents, sysdigActivity].flatMap((definition) =>
    ['null', '[]'].map(
      (data) =>
        [
          definition,
          `{"type":"internal_server_error","message":"boom","details":[],"data":${data}}`,
          exit.unavailable,
          5,
        ] as const,
    ),
  ),
  [sysdigAudit, '{"type":"too_many_requests","message":"boom","details":[],"data":[]}', exit.tempfail, 5],
  [sysdigAudit, '{"type":"bad_request","message":"boom","details":[],"data":[]}', exit.protocol, 1],
  [sysdigAudit, '{"message":"boom","page":{"total":0},"data":[]}', exit.protocol, 1],
  [cirrus, '{"detail":"unknown error","logEvents":[]}', exit.unavailable, 5],
  [cirrus, '{"detail":[{"loc":["query","limit"],"msg":"boom","type":"x"}],"logEvents":[]}', exit.protocol, 1],
  [syncropel, '{"type":"invalid_request_error","code":"X","message":"boom","data":[]}', exit.protocol, 1],
];

for (const [definition, body, status, asked] of replies) {
  test(`${definition.name}: ${body} is ${status}, and is asked for ${asked === 1 ? 'once' : 'again'}`, async (t) => {
    const server = await serve({}, (_, response) => sendJson(response, 200, body));
    t.after(() => server.close());
    const values = { SYSDIG_URL: server.origin, CIRRUS_URL: server.origin, SYNCROPEL_URL: server.origin };
    await assert.rejects(pullOnce(definition, values, { tools: sourceTools() }), problem(status, /boom|unknown error/));
    assert.equal(server.requests.length, asked);
  });
}

/** Error bodies of the vendors of ready-made definitions that do not call them `error` or `errors`. */
const documented: Readonly<Record<string, object>> = {
  bitwarden: { object: 'error', message: 'x', errors: null },
  box: { type: 'error', status: 500, code: 'internal_server_error', message: 'x', request_id: 'abc' },
  docusign: { errorCode: 'INVALID_REQUEST_PARAMETER', message: 'x' },
  jira: { errorMessages: ['x'], errors: {} },
  'jira-data-center': { message: 'x' },
  launchdarkly: { code: 'internal_service_error', message: 'x' },
  onepassword: { Error: { Message: 'x' } },
  tailscale: { message: 'x' },
  'zoom-activities': { code: 4711, message: 'x' },
  'zoom-operations': { code: 4711, message: 'x' },
};

for (const [name, body] of Object.entries(documented)) {
  test(`${name}: ${JSON.stringify(body)} is an error, with a list of records, too`, () => {
    const definition = exampleDefinition(name);
    const list = parsePath(definition.records.path ?? '').reduceRight<unknown>((inner, key) => ({ [key]: inner }), []);
    assert.ok(tellsError(definition, { ...body, ...(list as object) }));
    assert.ok(!tellsError(definition, list), 'and the list alone is none');
  });
}

test('what says that the vendor failed for now may also be an HTTP status', async (t) => {
  let asked = 0;
  const server = await serve({}, (_, response) =>
    asked++ === 0 ? sendJson(response, 424, '{}') : sendJson(response, 200, '{"object":"list","data":[]}'),
  );
  t.after(() => server.close());
  const definition = parseDefinition({ ...syncropel, reply: { unavailable: [424] } }, 'syncropel');
  await pullOnce(definition, { SYNCROPEL_URL: server.origin });
  assert.equal(asked, 2);
});

/** What a refusal (HTTP 403) may be about besides the credentials: settings that name what is read, if they were chosen. */
const refused: readonly (readonly [name: string, values: Readonly<Record<string, string>>, hint: RegExp])[] = [
  ['github', { GITHUB_ORGANIZATION: 'acme' }, /^check GITHUB_ORGANIZATION and GITHUB_TOKEN, and the right/],
  ['github', { GITHUB_ENTERPRISE: 'acme' }, /^check GITHUB_ENTERPRISE and GITHUB_TOKEN, and the right/],
  ['tailscale', { TAILSCALE_TAILNET: '-' }, /^check TAILSCALE_TOKEN, and the right/],
  ['tailscale', { TAILSCALE_TAILNET: 'a.example' }, /^check TAILSCALE_TOKEN and TAILSCALE_TAILNET, and the right/],
  ['vercel', { VERCEL_TEAM_ID: 't' }, /^check VERCEL_TOKEN and VERCEL_TEAM_ID, and the right to read these records$/],
  ['vercel', {}, /^check VERCEL_TOKEN, and the right/],
  ['snyk', { SNYK_IDS: 'a,b', SNYK_LEVEL: 'orgs' }, /^check SNYK_TOKEN and SNYK_IDS, and the right/],
];

for (const [name, chosen, hint] of refused) {
  test(`${name}: 403 with ${JSON.stringify(chosen)} has a hint at what was chosen`, async (t) => {
    const definition = exampleDefinition(name);
    const server = await serve({}, (_, response) => sendJson(response, 403, '{}'));
    t.after(() => server.close());
    const values = { [`${name.toUpperCase()}_URL`]: server.origin, ...chosen };
    await assert.rejects(pullOnce(definition, values, { part: { branch: 'a' } }), problem(exit.noperm, /./, hint));
  });
}
