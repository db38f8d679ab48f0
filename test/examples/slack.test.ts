import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { exampleJob } from '../support/example-job.ts';
import { example, minute, start } from '../support/example.ts';
import { pullOnce, textsOf } from '../support/source-tools.ts';
import { sendJson } from '../support/vendors/server.ts';
import { startSlack } from '../support/vendors/slack.ts';

const { definition, part, started, queries } = example('slack', {
  secret: 'SLACK_TOKEN',
  lateness: 8,
  // Five in each second.
  ago: (index) => (1 + Math.floor(index / 5)) * 1000,
  start: startSlack,
  values: ({ origin }) => ({ SLACK_URL: origin, SLACK_TOKEN: 'token' }),
  write: (template, number, time) =>
    template
      .replace('ID', `0123a45b-6c7d-8900-e12f-${String(number).padStart(12, '0')}`)
      .replace('TIME', String(Math.floor(time / 1000))),
  add: (vendor, texts) => vendor.add(...texts),
});

test('slack: an empty page that leads on is not the end', async (t) => {
  const { vendor, texts, values } = await started(t);
  vendor.gaps = true;
  const { records } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  assert.deepEqual(textsOf(records), texts);
  assert.equal(vendor.requests.length, 5);
});

for (const status of [200, 400]) {
  test(`slack: a cursor that has expired, with HTTP ${status}, means reading the window again`, async (t) => {
    const { vendor, texts, values } = await started(t);
    vendor.fault = (_, response) => {
      if (vendor.requests.length !== 2) return false;
      sendJson(response, status, '{"ok":false,"error":"invalid_cursor"}');
      return true;
    };
    const { records } = await pullOnce(definition, values, { part, search: { limit: 10 } });
    assert.deepEqual(textsOf(records), [...texts.slice(0, 10), ...texts]);
  });
}

test('slack: a job whose cursors end before its window is read through gets through in shorter parts', async (t) => {
  let now = start;
  const { vendor, texts, values } = await started(t, 6000, { now: () => now });
  vendor.fault = ({ target }, response) => {
    const place = new URL(target, vendor.origin).searchParams.get('cursor') ?? '';
    if (parseInt(Buffer.from(place, 'base64').toString(), 10) < 3000 || place === '') return false;
    sendJson(response, 200, '{"ok":false,"error":"invalid_cursor"}');
    return true;
  };
  const job = exampleJob(definition, values);
  const [problem] = (await job.run(now)).problems;
  assert.match(problem?.message ?? '', /^slack reported an error in page 4: invalid_cursor$/);
  assert.match(
    problem?.hint ?? '',
    /no setting or flag is wrong; the next run of a job reads shorter parts of the window; a search needs a shorter one/,
  );
  const ends: number[] = [];
  while (ends.at(-1) !== 0 && ends.length < 20) ends.push((await job.run((now += minute))).problems.length);
  assert.equal(ends.at(-1), 0);
  assert.deepEqual(job.taken.toSorted(), texts.toSorted());
});

test('slack: a rate limit that only the reply mentions is waited for as well', async (t) => {
  const { vendor, texts, values } = await started(t, 2);
  vendor.fault = (_, response) => {
    if (vendor.requests.length > 1) return false;
    sendJson(response, 200, '{"ok":false,"error":"rate_limited"}');
    return true;
  };
  const { records } = await pullOnce(definition, values, { part });
  assert.deepEqual(textsOf(records), texts);
});

test('slack: categories are its actions, in one parameter; entities are compared by it alone', async (t) => {
  const { vendor, texts, values } = await started(t, 6);
  const logins = await pullOnce(definition, values, {
    part,
    search: { categories: ['user_login', 'user_logout'] },
  });
  assert.deepEqual(
    textsOf(logins.records),
    texts.filter((text) => text.includes('"user_login"')),
  );
  const query = [
    ['entity', 'F123AB456'],
    ['actor', 'W777ZZ777'],
  ] as const;
  assert.equal((await pullOnce(definition, values, { part, search: { query } })).records.length, 3);
  const window = { oldest: '1795161600', latest: '1795165200', limit: '1000' };
  assert.deepEqual(queries(vendor), [
    { ...window, action: 'user_login,user_logout' },
    { ...window, entity: 'F123AB456', actor: 'W777ZZ777' },
  ]);
});
