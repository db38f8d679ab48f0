/** Each env file of examples/ in use: `check` says that both ends work, a run delivers, the next one only what is new. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sinkNames } from './destinations.ts';
import { openSite, type Site } from './site.ts';
import { assertTaken } from './taken.ts';
import { missing } from './tools.ts';
import { sourceNames } from './vendors.ts';

describe('the env files of examples/', { skip: missing('openssl') }, () => {
  let site: Site;
  before(async () => {
    site = await openSite();
  });
  after(() => site.close());

  for (const source of sourceNames) {
    const texts: string[] = [];
    for (const sink of sinkNames) {
      test(`${source}-${sink}.env`, async () => {
        const job = `-e /etc/audit-export/${source}-${sink}.env --ca-file /etc/audit-export/ca.pem`;
        texts.push(...(await site.vendors.add(source)));
        const check = await site.run(`audit-export check ${job}`);
        assert.deepEqual([check.status, check.stderr], [0, ''], check.stdout);
        assert.deepEqual(site.destinations.taken(sink), [], 'check sends nothing');

        await delivers(job, sink, texts);
        const fresh = await site.vendors.add(source, 3);
        texts.push(...fresh);
        await delivers(job, sink, fresh);
      });
    }
  }

  async function delivers(job: string, sink: string, texts: readonly string[]): Promise<void> {
    const { status, stdout, stderr } = await site.run(`audit-export ${job}`);
    assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' });
    assertTaken(site.destinations.taken(sink), texts);
  }
});
