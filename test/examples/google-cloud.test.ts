import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { example, minute, start } from '../support/example.ts';
import { exampleDefinition } from '../support/example-definition.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { startGoogleCloud, type GoogleCloud } from '../support/vendors/google-cloud.ts';
import { sendJson } from '../support/vendors/server.ts';

const otherKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();

const filter = exampleDefinition('google-cloud').settings['GOOGLE_CLOUD_FILTER']?.default ?? '';

const { definition, part, next, started } = example('google-cloud', {
  secret: 'GOOGLE_CLOUD_PRIVATE_KEY',
  wrong: otherKey,
  tokens: true,
  lateness: 230,
  branches: ['organizations/12', 'projects/fig'],
  // Two at a time, which only their insertId tells apart.
  ago: (index, count) => ((count - index + 1) >> 1) * 1000,
  start: startGoogleCloud,
  values: ({ origin, privateKey }) => ({
    GOOGLE_CLOUD_RESOURCES: 'organizations/12, projects/fig',
    GOOGLE_CLOUD_ACCOUNT: 'reader@project.iam.example',
    GOOGLE_CLOUD_PRIVATE_KEY: privateKey,
    GOOGLE_CLOUD_FILTER: filter,
    GOOGLE_CLOUD_URL: origin,
    GOOGLE_CLOUD_TOKEN_URL: `${origin}/token`,
  }),
  write: (template, number, time, resource) =>
    template
      .replace('INSERT', `-y${String(number).padStart(9, '0')}`)
      .replace('TIME', new Date(time).toISOString())
      .replace('RESOURCE', resource),
  add: (vendor, texts) => vendor.add(...texts),
  asksRecords: ({ target }) => target !== '/token',
});

const bodies = ({ requests }: GoogleCloud) =>
  requests.flatMap(({ target, body }) =>
    target === '/token' ? [] : [JSON.parse(body) as { resourceNames: string[]; filter: string; pageToken?: string }],
  );

test('google-cloud: a later page is asked for with the same body, and its token', async (t) => {
  const { vendor, texts, values } = await started(t, 12);
  const { records } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.deepEqual(textsOf(records), texts);
  const body = {
    resourceNames: ['organizations/12'],
    filter:
      'timestamp>="2026-11-20T08:00:00.000Z" AND timestamp<"2026-11-20T09:00:00.000Z" AND (logName:"cloudaudit.googleapis.com")',
    orderBy: 'timestamp asc',
    pageSize: 10,
  };
  const [first, second, ...more] = bodies(vendor);
  assert.deepEqual(first, body);
  const { pageToken, ...rest } = second ?? {};
  assert.deepEqual([rest, typeof pageToken, more], [body, 'string', []]);
});

test('google-cloud: a page without entries, and with a token, is followed by what the search finds then', async (t) => {
  const { vendor, texts, values } = await started(t, 3);
  let asked = 0;
  vendor.fault = ({ target, body }, response) => {
    if (target === '/token') return false;
    if (asked++ > 0) return false; // the token below is of no page of the server that is played
    const { pageToken: _, ...query } = JSON.parse(body) as Record<string, unknown>;
    const token = Buffer.from(`0 ${JSON.stringify(query)}`).toString('base64url');
    sendJson(response, 200, JSON.stringify({ nextPageToken: token }));
    return true;
  };
  const { records } = await pullOnce(definition, values, { part });
  assert.deepEqual([textsOf(records), asked], [texts, 2]);
});

test('google-cloud: every resource is read, each with a position of its own', async (t) => {
  let now = start;
  const { vendor, values } = await started(t, 0, { now: () => now });
  const job = exampleJob(definition, values);
  const texts = ['organizations/12', 'projects/fig'].flatMap((resource) => [next(now - minute, resource)]);
  vendor.add(...texts);
  assert.deepEqual((await job.run(now)).problems, []);
  const late = next(now - minute, 'projects/fig');
  vendor.add(late, next(now - minute, 'projects/other'));
  now += minute;
  assert.deepEqual((await job.run(now)).problems, []);
  assert.deepEqual(job.taken, [...texts, late]);
});

test('google-cloud: --query and --raw-query narrow what Google searches for', async (t) => {
  const { vendor, texts, values } = await started(t, 4);
  const audit = ' AND (logName:"cloudaudit.googleapis.com")';
  for (const [search, asked] of [
    [{ query: [['method', 'SetIamPolicy']] as const }, `${audit} AND protoPayload.methodName="SetIamPolicy"`],
    [{ rawQuery: 'protoPayload.methodName="SetIamPolicy"' }, `${audit} AND (protoPayload.methodName="SetIamPolicy")`],
  ] as const) {
    const { records } = await pullOnce(definition, values, { part, search });
    assert.deepEqual(
      textsOf(records),
      texts.filter((text) => text.includes('"SetIamPolicy"')),
    );
    assert.ok(bodies(vendor).at(-1)?.filter.endsWith(asked));
  }
});
