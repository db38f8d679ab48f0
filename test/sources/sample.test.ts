import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sample } from '../../src/sources/sample.ts';
import { startSampleVendor } from '../../src/io/sample/sample-vendor.ts';
import { conforms } from '../support/conformance.ts';
import { pullOnce } from '../support/source-tools.ts';
import { serve, type Vendor } from '../support/vendors/server.ts';

const now = 1_795_132_800_000; // 2026-11-20T00:00:00Z
const credentials = { SAMPLE_USERNAME: 'auditor', SAMPLE_PASSWORD: 'sample' };

/** The real sample vendor behind a server that can break things and counts sessions. */
async function behindFaults(): Promise<{ vendor: Vendor; openSessions(): number }> {
  const real = await startSampleVendor({ now: () => now });
  let open = 0;
  const vendor = await serve({ now: () => now }, async ({ method, target, headers, body }, response) => {
    const cookie = headers['cookie'];
    const reply = await fetch(real.url + target, {
      method,
      headers: typeof cookie === 'string' ? { cookie } : {},
      ...(method === 'GET' ? {} : { body }),
    });
    if (target.endsWith('/login') && reply.ok) open++;
    if (target.endsWith('/logout')) open--;
    const set = reply.headers.get('set-cookie');
    response.writeHead(reply.status, {
      'Content-Type': 'application/json',
      ...(set === null ? {} : { 'Set-Cookie': set }),
    });
    response.end(await reply.text());
  });
  const closeFront = vendor.close;
  const close = async (): Promise<void> => {
    await closeFront();
    await real.close();
  };
  return { vendor: Object.assign(vendor, { close }), openSessions: () => open };
}

/** What the sample vendor holds, as it sends it. Every login adds three records, so its window ends before those. */
const part = { slice: { from: 0n, until: BigInt(now - 60_000) * 1_000_000n } };

conforms('sample', {
  definition: sample,
  secret: 'SAMPLE_PASSWORD',
  limit: 100,
  async start() {
    const { vendor, openSessions } = await behindFaults();
    const values = { ...credentials, SAMPLE_URL: vendor.origin };
    const { records } = await pullOnce(sample, values, { search: { limit: 500 }, part });
    vendor.requests.length = 0;
    return {
      vendor,
      values,
      part,
      texts: records.map((record) => record.text),
      times: records.map((record) => Number(BigInt(/"occurred_ns":(\d+)/.exec(record.text)?.[1] ?? 0) / 1_000_000n)),
      asksRecords: ({ target }) => target.includes('/audit/events'),
      openSessions,
    };
  },
});

test('a few hundred varied records come, and a second login finds new ones', async () => {
  const vendor = await startSampleVendor({ now: () => now });
  const values = { ...credentials, SAMPLE_URL: vendor.url };
  const first = await pullOnce(sample, values);
  const second = await pullOnce(sample, values);
  assert.ok(first.records.length > 300);
  assert.equal(second.records.length, first.records.length + 3);
  const filtered = await pullOnce(sample, values, { search: { query: [['action', 'user.login']] } });
  assert.ok(filtered.records.length > 10 && filtered.unmatched === 0);
  assert.ok(filtered.records.every((record) => record.text.includes('"user.login"')));
  await vendor.close();
});
