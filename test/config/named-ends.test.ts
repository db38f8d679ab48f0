/** What a name stands for, as real processes: a user's definition may have any name. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { run, scratch } from '../support/program.ts';

const record = `{"id":"theirs","time":"${new Date().toISOString()}"}`;

for (const name of ['stdin', 'sample', 'cirrus']) {
  test(`a definition that is called ${name} reads its own vendor, and each address has its own position`, async (t) => {
    const server = createServer((_, response) => response.end(`[${record}]`));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
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
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (const OWN_URL of [`${url}/one`, `${url}/two`]) {
      const ended = await run(['--source', file, '--state-dir', 'state'], { directory, environment: { OWN_URL } });
      assert.deepEqual([ended.status, ended.stdout], [0, `${record}\n`], ended.stderr);
    }
    const positions = readdirSync(join(directory, 'state')).filter((entry) => entry.endsWith('.position'));
    const found = positions.map((entry) => readFileSync(join(directory, 'state', entry), 'utf8'));
    assert.deepEqual(found.map((text) => String(/"source": "(.*)"/.exec(text)?.[1])).toSorted(), [
      `${name} ${url}/one`,
      `${name} ${url}/two`,
    ]);
  });
}
