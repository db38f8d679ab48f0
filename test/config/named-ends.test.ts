/** What a name stands for, as real processes: a user's definition may have any name. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { run, scratch } from '../support/program.ts';
import { sendJson, serve } from '../support/vendors/server.ts';

const record = `{"id":"theirs","time":"${new Date().toISOString()}"}`;

for (const name of ['stdin', 'sample', 'cirrus']) {
  test(`a definition that is called ${name} reads its own vendor, and each address has its own position`, async (t) => {
    const vendor = await serve({}, (_, response) => sendJson(response, 200, `[${record}]`));
    t.after(() => vendor.close());
    const directory = scratch(t);
    const file = join(directory, 'own.yaml');
    writeFileSync(
      file,
      `name: ${name}
summary: A vendor of one's own.
settings: { OWN_URL: { summary: Address., required: true } }
url: '{OWN_URL}'
auth: { type: none }
request: { path: /records }
paging: { type: none }
window: { filter: none }
records: { id: { paths: [id] }, time: { path: time, format: iso } }
`,
    );
    for (const OWN_URL of [`${vendor.origin}/one`, `${vendor.origin}/two`]) {
      const ended = await run(['--source', file, '--state-dir', 'state'], { directory, environment: { OWN_URL } });
      assert.deepEqual([ended.status, ended.stdout], [0, `${record}\n`], ended.stderr);
    }
    const positions = readdirSync(join(directory, 'state')).filter((entry) => entry.endsWith('.position'));
    const found = positions.map((entry) => readFileSync(join(directory, 'state', entry), 'utf8'));
    assert.deepEqual(found.map((text) => String(/"source": "(.*)"/.exec(text)?.[1])).toSorted(), [
      `${name} ${vendor.origin}/one`,
      `${name} ${vendor.origin}/two`,
    ]);
  });
}
