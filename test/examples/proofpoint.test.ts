import assert from 'node:assert/strict';
import { test } from 'node:test';
import { example, start } from '../support/example.ts';
import { exampleJob } from '../support/example-job.ts';
import { pullOnce } from '../support/source-tools.ts';
import { startProofpoint } from '../support/vendors/proofpoint.ts';

const second = 1000;
/** Where each definition asks. */
const paths = {
  'proofpoint-clicks-permitted': '/v2/siem/clicks/permitted',
  'proofpoint-clicks-blocked': '/v2/siem/clicks/blocked',
  'proofpoint-messages-delivered': '/v2/siem/messages/delivered',
  'proofpoint-messages-blocked': '/v2/siem/messages/blocked',
} as const;

for (const [name, path] of Object.entries(paths)) {
  const { definition, next, part, started } = example(name, {
    secret: 'PROOFPOINT_SECRET',
    lateness: 44,
    hours: 167,
    onePage: true,
    start: startProofpoint,
    values: ({ origin }) => ({
      PROOFPOINT_URL: origin,
      PROOFPOINT_PRINCIPAL: 'principal',
      PROOFPOINT_SECRET: 'secret',
    }),
    write: (template, number, time) =>
      template
        .replace('TIME', new Date(time).toISOString())
        .replaceAll('SERIAL', String(number).padStart(12, '0'))
        .replace('NUMBER', String(number)),
    add: (vendor, texts) => vendor.add(...texts),
  });

  test(`${name}: the window is one parameter, of the endpoint of its kind`, async (t) => {
    const { vendor, values } = await started(t, 1);
    await pullOnce(definition, values, { part });
    const url = new URL(vendor.requests[0]?.target ?? '', vendor.origin);
    assert.equal(url.pathname, path);
    assert.deepEqual(Object.fromEntries(url.searchParams), {
      format: 'json',
      interval: '2026-11-20T08:00:00Z/2026-11-20T09:00:00Z',
    });
  });

  test(`${name}: after a weekend nothing is missing, since Proofpoint shows seven days`, async (t) => {
    let now = start;
    const { vendor, values } = await started(t, 0, { now: () => now });
    const job = exampleJob(definition, values);
    assert.deepEqual((await job.run(now)).problems, []);
    const text = next(now + 3600 * second);
    vendor.add(text);
    now += 60 * 3600 * second;
    assert.deepEqual((await job.run(now)).problems, []);
    assert.deepEqual(job.taken, [text]);
  });

  if (name.includes('messages')) {
    test(`${name}: a message to several is an event for each of them, all with its GUID`, async (t) => {
      const { vendor, values } = await started(t, 0);
      const event = next(start - 60 * second);
      const others = [1, 2].map((number) => event.replace(/"id":"[^"]+"/, `"id":"of-recipient-${number}"`));
      const nameless = [1, 2].map((number) => event.replace(/"id":"[^"]+",/, '').replace('clark@', `clark${number}@`));
      const texts = [event, ...others, ...nameless];
      vendor.add(...texts);
      const job = exampleJob(definition, values);
      for (const _ of [1, 2]) {
        const { problems, summary } = await job.run(start);
        assert.deepEqual([problems, summary.changed], [[], 0]);
      }
      assert.deepEqual(job.taken.toSorted(), texts.toSorted());
    });
  }

  test(`${name}: after a pause of any length no window is shorter than Proofpoint answers, nor longer`, async (t) => {
    let now = start;
    const { vendor, values } = await started(t, 0, { now: () => now });
    const job = exampleJob(definition, values);
    const texts: string[] = [];
    const run = async (): Promise<void> => assert.deepEqual((await job.run(now)).problems, []);
    await run();
    for (const pause of [1, 29, 30 * 60 + 1, 30 * 60 + 29, 3600, 5400 + 10]) {
      now += pause * second;
      const text = next(now - second);
      vendor.add(text);
      texts.push(text);
      await run();
    }
    assert.deepEqual(job.taken, texts);
  });
}
