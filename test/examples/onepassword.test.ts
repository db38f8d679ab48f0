import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit } from '../../src/core/problem.ts';
import { restSource } from '../../src/core/rest.ts';
import { day, example, start } from '../support/example.ts';
import { exampleLines } from '../support/example-definition.ts';
import { noSearch, pullOnce, sourceTools, textsOf } from '../support/source-tools.ts';
import { features, startOnePassword, type Feature, type OnePassword } from '../support/vendors/onepassword.ts';
import { problem } from '../support/problem.ts';

const { definition, part, next, started } = example('onepassword', {
  secret: 'ONEPASSWORD_TOKEN',
  lateness: 10 * 1440,
  branches: features,
  start: startOnePassword,
  values: ({ origin }) => ({ ONEPASSWORD_URL: origin, ONEPASSWORD_TOKEN: 'token' }),
  templates: (feature) => exampleLines(`onepassword-${feature}`),
  // With the offset of another time zone, as the vendor shows it.
  write: (template, number, time) =>
    template
      .replace('TIME', new Date(time - 3 * 3_600_000).toISOString().replace('Z', '-03:00'))
      .replace('ID', `56YE2TYN2VFYRLNSHKPW5N${String(number).padStart(4, '0')}`),
  add: (vendor, texts, feature) => vendor.add(feature, ...texts),
  asksRecords: ({ method }) => method === 'POST',
});

const bodies = ({ requests }: OnePassword): unknown[] => requests.map(({ body }) => JSON.parse(body));

test('onepassword: later pages, and the next run, send the cursor and nothing else', async (t) => {
  const { vendor, values } = await started(t, 15);
  const { bookmark } = await pullOnce(definition, values, { part, search: { limit: 10 } });
  await pullOnce(definition, values, { part: { ...part, bookmark } });
  const [first, second, third] = bodies(vendor);
  assert.deepEqual(first, { limit: 10, start_time: '2026-11-20T07:59:59Z' });
  assert.deepEqual(Object.keys(second as object), ['cursor']);
  assert.deepEqual(Object.keys(third as object), ['cursor']);
  assert.ok(bookmark?.includes((third as { cursor: string }).cursor));
});

test('onepassword: an event of which 1Password learns late comes with the next run, however old it is', async (t) => {
  const { vendor, values } = await started(t, 3);
  const { bookmark } = await pullOnce(definition, values, { part });
  const late = next(start - 10 * day);
  vendor.add('auditevents', late);
  const again = await pullOnce(definition, values, { part: { ...part, bookmark } });
  assert.deepEqual(textsOf(again.records), [late]);
});

test('onepassword: a run that finds nothing has a cursor all the same, so that nothing after it is missed', async (t) => {
  const { vendor, values } = await started(t, 0);
  const { bookmark } = await pullOnce(definition, values, { part });
  assert.ok(bookmark !== undefined);
  vendor.add('auditevents', next(start));
  assert.equal((await pullOnce(definition, values, { part: { ...part, bookmark } })).records.length, 1);
});

test('onepassword: an empty page with has_more is not the end', async (t) => {
  const { vendor, values, texts } = await started(t, 5);
  const { bookmark } = await pullOnce(definition, values, { part, search: { limit: 3, single: true } });
  let asked = 0;
  vendor.fault = (_, response) => {
    if (asked++ === 0) response.end(`{"cursor":"${String(bookmark)}","has_more":true,"items":[]}`);
    return asked === 1;
  };
  const { records } = await pullOnce(definition, values, { part });
  assert.deepEqual(textsOf(records), texts.slice(3));
});

test('onepassword: without ONEPASSWORD_FEATURES, what the token may read is asked for, and no more', async (t) => {
  const allowed: readonly Feature[] = ['signinattempts', 'itemusages'];
  const { values } = await started(t, 0, { allowed });
  const source = restSource(definition, values, noSearch, sourceTools());
  assert.deepEqual(await source.branches(), allowed);
  await source.close();
  const chosen = { ...values, ONEPASSWORD_FEATURES: 'itemusages' };
  const some = restSource(definition, chosen, noSearch, sourceTools());
  assert.deepEqual(await some.branches(), ['itemusages']);
  await some.close();
  await assert.rejects(pullOnce(definition, values, { part }), problem(exit.noperm));
});

test('onepassword: a cursor that is no longer known means reading from the position on, and a warning', async (t) => {
  const { vendor, values, texts } = await started(t, 4);
  const { bookmark } = await pullOnce(definition, values, { part });
  vendor.expireCursors();
  const tools = sourceTools();
  const { records } = await pullOnce(definition, values, { part: { ...part, bookmark }, tools });
  assert.equal(records.length, texts.length);
  assert.match(tools.warnings.join(), /no longer knows where the last run stopped/);
});
