/** The whole program, with a vendor that takes short windows by a clock that shows an hour twice. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { run, scratch, type Ended } from '../support/program.ts';
import { sendJson, serve } from '../support/vendors/server.ts';

const definition = (longest: string): string => `
name: acme
summary: Acme.
settings: { ACME_URL: { summary: Address., kind: url, required: true } }
url: '{ACME_URL}'
auth: { type: none }
request: { path: /, query: { from: '{from}', until: '{until}' } }
paging: { type: none }
window: { filter: event, time: { format: sql, zone: America/New_York }, longest: ${longest}, firstRun: 30m }
records: { path: events, id: { paths: [id] } }
`;

/** Runs an hour apart, over the night in which 01:00 to 02:00 in New York comes twice: from 05:00 to 07:00 of UTC. */
async function night(t: TestContext, longest: string): Promise<readonly Ended[]> {
  let now = Date.parse('2026-11-01T04:40:00Z');
  const vendor = await serve({ now: () => now }, ({ target }, response) => {
    const { searchParams } = new URL(target, 'http://acme');
    const [from = 0, until = 0] = ['from', 'until'].map((name) => Date.parse(`${searchParams.get(name)}Z`));
    const isLong = until - from > 3_600_000;
    sendJson(
      response,
      isLong && longest === '1h' ? 400 : 200,
      isLong ? '{"events":[],"message":"one hour"}' : '{"events":[]}',
    );
  });
  t.after(() => vendor.close());
  const directory = scratch(t);
  writeFileSync(join(directory, 'acme.yaml'), definition(longest));
  const ended: Ended[] = [];
  const words = ['--source', 'acme.yaml', '--state-dir', directory];
  const pull = (...flags: readonly string[]): Promise<Ended> =>
    run([...words, ...flags], { environment: { ACME_URL: vendor.origin }, directory });
  for (; now < Date.parse('2026-11-01T08:00:00Z'); now += 3_600_000) ended.push(await pull());
  const since = /--since (\S+) goes on behind it/.exec(ended.at(-1)?.stderr ?? '')?.[1];
  if (since !== undefined) ended.push(await pull('--since', since, '-c'), await pull());
  return ended;
}

const said =
  /^audit-export: warning: the clock of America\/New_York shows an hour twice, and acme can be asked for it only as a whole: from 2026-11-01T04:59:59Z to 2026-11-01T07:00:00Z, more than window\.longest \(1h\); if it refuses that, --since 2026-11-01T07:00:00Z goes on behind it$/m;

test('an hour that comes twice, and is longer than a vendor takes, is told as such, and with a way on', async (t) => {
  const ended = await night(t, '1h');
  assert.deepEqual(
    ended.map(({ status }) => status),
    [0, 0, 76, 76, 3, 0],
    ended.map(({ stderr }) => stderr).join('\n'),
  );
  for (const { stderr } of ended.slice(2, 4)) assert.match(stderr, said);
});

test('where the vendor takes the hour as a whole, nothing is said of it', async (t) => {
  for (const { status, stderr } of await night(t, '3h')) assert.deepEqual([status, stderr], [0, '']);
});
