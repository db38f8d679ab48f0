import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exit } from '../../src/core/problem.ts';
import { restSource } from '../../src/core/rest.ts';
import { sysdigActivity } from '../../src/sources/sysdig-activity.ts';
import { run, scratch } from '../support/program.ts';
import { noSearch, pullOnce, sourceTools } from '../support/source-tools.ts';
import { asked, hour, startedSysdig, sysdigConforms, sysdigRunsFromCron, sysdigValues } from '../support/sysdig.ts';
import { startSysdig } from '../support/vendors/sysdig.ts';
import { problem } from '../support/problem.ts';

sysdigConforms(sysdigActivity, 'activity');
sysdigRunsFromCron('sysdig-activity', 'activity', {
  query: 'labels."kubernetes.pod.name"=shell',
  matches: (text) => text.includes('"shell"'),
  categories: ['command,kubernetes', (text) => /"type":"(?:command|kubernetes)"/.test(text)],
});

const part = { slice: hour };

test('categories are sent as types, each once, in the spelling of the vendor and with every page', async () => {
  const { vendor, texts, values } = await startedSysdig('sysdig-activity', 'activity', 24);
  const { records } = await pullOnce(sysdigActivity, values, {
    part,
    search: { limit: 10, categories: ['command', 'fileaccesses', 'commands'] },
  });
  assert.deepEqual(
    asked(vendor).map((query) => query.getAll('types')),
    [
      ['commands', 'fileaccesses'],
      ['commands', 'fileaccesses'],
    ],
  );
  assert.deepEqual(
    records.map((record) => record.text),
    texts.filter((text) => /"type":"(?:command|fileaccess)"/.test(text)),
  );
  await vendor.close();
});

test('--query finds names with dots in them, in quotes or not, and in quotes those alone', async () => {
  const vendor = await startSysdig();
  const records = [
    '"labels":{"host.hostName":"node-1"}',
    '"labels":{"host":{"hostName":"node-1"}}',
    '"labels.host":{"hostName":"node-1"}',
    '"labels.host.hostName":"node-1"',
    '"labels":{"host.hostName":"node-2","host":{"hostName":"node-1"}}',
    '"labels":{"host.hostName":"node-2"},"host.hostName":"node-1"',
  ];
  vendor.add('activity', ...records.map((text, at) => `{"id":"r${at}","timestamp":${hour.from + BigInt(at)},${text}}`));
  const found = async (key: string): Promise<string[]> => {
    const { records: read } = await pullOnce(sysdigActivity, sysdigValues(vendor), {
      part,
      search: { query: [[key, 'node-1']] },
    });
    return read.map(({ id }) => JSON.parse(id) as string).toSorted();
  };
  assert.deepEqual(await found('labels.host.hostName'), ['r0', 'r1', 'r2', 'r3', 'r4']);
  assert.deepEqual(await found('labels."host.hostName"'), ['r0']);
  assert.deepEqual(await found('labels."host".hostName'), ['r1', 'r4']);
  assert.deepEqual(await found('host.hostName'), ['r5']);
  await vendor.close();
});

for (const name of Object.keys(sysdigActivity.categories?.values ?? {})) {
  test(`--categories ${name} brings that kind and no other`, async () => {
    const { vendor, values } = await startedSysdig('sysdig-activity', 'activity', 4);
    const { records } = await pullOnce(sysdigActivity, values, { part, search: { categories: [name] } });
    assert.equal(records.length, 1);
    assert.ok(name.startsWith(/"type":"(\w+)"/.exec(records[0]?.text ?? '')?.[1] ?? '?'));
    await vendor.close();
  });
}

test('a category that it does not have is refused with the list of those that it has', () => {
  assert.throws(
    () => restSource(sysdigActivity, { SYSDIG_REGION: 'eu1' }, { ...noSearch, categories: ['comands'] }, sourceTools()),
    problem(exit.usage, /has no "comands".*commands/, /^choose from commands, connections, fileaccesses, kubernetes/),
  );
});

/** One record of each kind, as the vendor prints them in its documentation. */
function printed(name: string): string {
  return readFileSync(new URL(`sysdig-activity/${name}.json`, import.meta.url), 'utf8').trim();
}

test('printed payloads: three of four come byte for byte, the broken one is set aside without taking its page along', async (t) => {
  const home = scratch(t);
  const vendor = await startSysdig();
  const names = ['command', 'connection-broken', 'file', 'kubernetes'];
  const texts = names.map(printed);
  vendor.add('activity', ...texts);
  const file = join(home, 'records.jsonl');
  const argv = ['--since', '2025-11-20T00:00:00Z', '--until', '2025-11-21T00:00:00Z'];
  const { status, stdout, stderr } = await run(
    ['--source', 'sysdig-activity', '-o', 'file', '--output', file, '--state-dir', home, '-c', ...argv],
    { environment: { ...sysdigValues(vendor), HOME: home } },
  );
  await vendor.close();
  assert.equal(status, exit.partial, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, /1 record was not delivered but set aside in /);
  const whole = texts.filter((_, number) => number !== 1).map((text) => text.replaceAll(/\n */g, ''));
  assert.deepEqual(readFileSync(file, 'utf8').split('\n').slice(0, -1), whole.toReversed());
  const quarantine = readdirSync(home).find((name) => name.endsWith('.quarantine.jsonl')) ?? '';
  const [line = '', ...more] = readFileSync(join(home, quarantine), 'utf8').trimEnd().split('\n');
  assert.deepEqual(more, []);
  assert.ok(JSON.stringify(JSON.parse(line)).includes(String.raw`\"type\": \"connection\"`), line);
});
