/** Rate limits that a vendor tells in the body of a reply, whatever its HTTP status. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { parseDefinition } from '../../../src/core/definition.ts';
import { exit, Problem } from '../../../src/core/problem.ts';
import { restSource } from '../../../src/core/rest.ts';
import type { FakeTools } from '../../support/fake-tools.ts';
import { noSearch, pullAll, sourceTools } from '../../support/source-tools.ts';
import { sendJson, serve } from '../../support/vendors/server.ts';

const lime = {
  name: 'lime',
  summary: 'Limes.',
  settings: { LIME_URL: { summary: 'Address.', kind: 'url' } },
  url: '{LIME_URL}',
  auth: { type: 'none' },
  request: { path: '/log', query: { from: '{from}' } },
  paging: { type: 'none' },
  window: { filter: 'event', time: 'iso' },
  records: { path: 'data', id: { paths: ['id'] } },
};

const limited = [
  { path: 'error.code', equals: 'AF429' },
  { path: '0.errorCode', equals: 'REQUEST_LIMIT_EXCEEDED' },
];

type Answer = readonly [status: number, text: string, headers?: Record<string, string>];

/** A vendor that answers so, one after the other, and with a record at last; what was read, or the Problem. */
async function read(
  t: TestContext,
  answers: readonly Answer[],
  change: object = {},
): Promise<{ ids: readonly string[]; problem: Problem | undefined; tools: FakeTools; requests: number }> {
  let at = 0;
  const vendor = await serve({}, (_, response) => {
    const [status, text, headers] = answers[at++] ?? [200, '{"data":[{"id":1}]}'];
    sendJson(response, status, text, headers);
  });
  t.after(vendor.close);
  const tools = sourceTools();
  const definition = parseDefinition(JSON.parse(JSON.stringify({ ...lime, ...change })), 'lime.yaml');
  const source = restSource(definition, { LIME_URL: vendor.origin }, noSearch, tools);
  t.after(source.close);
  try {
    const { records } = await pullAll(source);
    return { ids: records.map(({ id }) => id), problem: undefined, tools, requests: at };
  } catch (error) {
    assert.ok(error instanceof Problem, String(error));
    return { ids: [], problem: error, tools, requests: at };
  }
}

const soon = '{"error":{"code":"AF429","message":"Too many requests."}}';
const today = '[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]';

for (const [what, answer] of Object.entries<Answer>({
  'HTTP 403': [403, soon],
  'HTTP 403 with a list': [403, today],
  'HTTP 400': [400, soon],
  'HTTP 200': [200, soon],
})) {
  test(`${what} whose body tells of the rate is waited for, and asked for again`, async (t) => {
    const { ids, tools, requests } = await read(t, [answer, answer], { reply: { limited } });
    assert.deepEqual([ids, tools.waits.length, requests], [['1'], 2, 3]);
  });
}

test('the wait is as long as the vendor asks for', async (t) => {
  const { ids, tools } = await read(t, [[403, soon, { 'X-RateLimit-Reset': '7' }]], { reply: { limited } });
  assert.deepEqual([ids, tools.waits], [['1'], [7000]]);
});

const resets: readonly (readonly [what: string, reset: object, headers: Record<string, string>, waits: number[]])[] = [
  ['milliseconds', { header: 'X-RateLimit-Reset', unit: 'ms' }, { 'X-RateLimit-Reset': '12500' }, [12_500]],
  ['another header', { header: 'X-Limes-Again' }, { 'X-Limes-Again': '7', 'X-RateLimit-Reset': '900' }, [7000]],
  [
    'a moment in milliseconds',
    { header: 'X-Limes-Again', unit: 'ms' },
    { 'X-Limes-Again': String(Date.UTC(2026, 10, 20, 9, 0, 30)), Date: 'Fri, 20 Nov 2026 09:00:00 GMT' },
    [30_000],
  ],
  [
    'Retry-After first',
    { header: 'X-RateLimit-Reset', unit: 'ms' },
    { 'X-RateLimit-Reset': '9', 'Retry-After': '3' },
    [3000],
  ],
];
for (const [what, reset, headers, waits] of resets) {
  test(`the wait is as long as a header of the definition says: ${what}`, async (t) => {
    const { ids, tools } = await read(t, [[429, soon, headers]], { limits: { reset } });
    assert.deepEqual([ids, tools.waits], [['1'], waits]);
  });
}

test('a rate limit that does not pass is 75, in words that name the status, and says nothing of credentials', async (t) => {
  const { problem } = await read(t, Array<Answer>(9).fill([403, soon]), { reply: { limited } });
  assert.equal(problem?.status, exit.tempfail);
  assert.equal(problem.message, 'lime limits the rate of page 1 (HTTP 403): Too many requests.');
  assert.match(problem.hint ?? '', /less often/);
});

test('a status may tell of the rate by itself', async (t) => {
  const { ids, requests } = await read(t, [[420, '{}']], { reply: { limited: [420] } });
  assert.deepEqual([ids, requests], [['1'], 2]);
});

test('a refusal for another reason is not a rate limit, and neither is one that the definition does not declare', async (t) => {
  const other = '{"error":{"code":"AF10001","message":"No permission."}}';
  for (const [text, change] of [
    [other, { reply: { limited } }],
    [soon, {}],
  ] as const) {
    const { problem, requests } = await read(t, [[403, text]], change);
    assert.deepEqual([problem?.status, requests], [exit.noperm, 1]);
  }
});
