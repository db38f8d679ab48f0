/** The command line of the Cirrus client, word for word, and several organisations under one key, in real processes. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { run, scratch, type Ended } from './support/program.ts';
import { startCirrus, type Cirrus, type CirrusOptions } from './support/vendors/cirrus.ts';
import { linesOf } from './support/lines.ts';

const first = 'http://www.institution.edu';
const second = 'https://library.institution.edu/';
const credentials = ['--apikey', 'key', '--apisecret', 'a-long-value'];

function event(number: number, more: Readonly<Record<string, string>> = {}): string {
  const timeStampISO = new Date(Date.now() - 60_000).toISOString();
  return JSON.stringify({ logType: 'cas', timeStampISO, service: 'idp', correlationId: `c${number}`, ...more });
}

async function started(t: { after(clean: () => Promise<void>): void }, options: CirrusOptions = {}): Promise<Cirrus> {
  const vendor = await startCirrus({ secret: 'a-long-value', ...options });
  t.after(() => vendor.close());
  return vendor;
}

function correlations(result: Ended): string[] {
  return linesOf(result.stdout).map((line) => (JSON.parse(line) as { correlationId: string }).correlationId);
}

test('its crontab line with one word changed: -c goes on where the last run stopped, no source is named', async (t) => {
  const directory = scratch(t);
  const vendor = await started(t);
  vendor.add([event(1), event(2), event(3)]);
  const argv = [...credentials, '--orgurl', first, '--apiurl', vendor.url, '--limit', '2', '-c'];
  const one = await run(argv, { directory, environment: { HOME: directory } });
  assert.equal(one.status, 0, one.stderr);
  assert.deepEqual(correlations(one), ['c1', 'c2', 'c3']);
  assert.match(one.stderr, /--apisecret shows its value to everybody/);
  vendor.add([event(4)]);
  const two = await run(argv, { directory, environment: { HOME: directory } });
  assert.deepEqual(correlations(two), ['c4']);
});

test('the environment variables of the client are read, too', async (t) => {
  const directory = scratch(t);
  const vendor = await started(t);
  vendor.add([event(1)]);
  const environment = { HOME: directory, API_KEY: 'key', API_SECRET: 'a-long-value' };
  const result = await run(['--source', 'cirrus', '--apiurl', vendor.url], { directory, environment });
  assert.deepEqual([result.status, result.stderr, correlations(result)], [0, '', ['c1']]);
});

test('a search: --since, --until, --query with every one of its keys, -x, -v', async (t) => {
  const directory = scratch(t);
  const vendor = await started(t);
  const found = {
    tenant: 'library',
    service: 'bridge',
    logType: 'cas',
    logSubtype: 'login',
    clientIP: '192.0.2.1',
    user: 'zoe',
  };
  vendor.add([event(1), event(2, found), event(3)]);
  const query =
    'tenant=library,service=bridge,metrictype=cas,metricsubtype=login,clientip=192.0.2.1,correlationid=c2,user=zoe';
  const bounds = ['--since', new Date(Date.now() - 3_000_000).toISOString(), '--until', '2099-01-01T00:00:00Z'];
  const argv = [...credentials, '--apiurl', vendor.url];
  const result = await run([...argv, ...bounds, '--query', query], { directory });
  assert.deepEqual([result.status, correlations(result)], [0, ['c2']], result.stderr);
  const asked = new URL(vendor.requests.at(-1)?.target ?? '', 'http://cirrus').searchParams;
  assert.deepEqual(
    ['tenant', 'service', 'logType', 'logSubtype'].map((name) => asked.get(name)),
    ['library', 'bridge', 'cas', 'login'],
  );
  for (const pair of query.split(',')) {
    assert.ok(correlations(await run([...argv, '--query', pair], { directory })).includes('c2'), pair);
  }
  const single = await run([...argv, '-x', '--limit', '2', '-v'], { directory });
  assert.deepEqual(correlations(single), ['c1', 'c2']);
  assert.equal(single.status, 3);
  assert.match(single.stderr, /more records may be available/);
});

test('without CIRRUS_ORG_URL every organisation of the key is read, each from its own position', async (t) => {
  const directory = scratch(t);
  const vendor = await started(t, { orgUrls: [first, second] });
  vendor.add([event(1)], { orgUrl: first });
  vendor.add([event(2)], { orgUrl: second });
  const argv = ['-s', 'cirrus', '--state-dir', 'state'];
  const environment = { CIRRUS_URL: vendor.url, CIRRUS_API_KEY: 'key', CIRRUS_API_SECRET: 'a-long-value' };
  assert.deepEqual(correlations(await run(argv, { directory, environment })), ['c1', 'c2']);
  vendor.add([event(3)], { orgUrl: second });
  assert.deepEqual(correlations(await run(argv, { directory, environment })), ['c3']);
});

test('-x is one query, whatever the organisations: the others are counted, and a full page proves nothing', async (t) => {
  const directory = scratch(t);
  const orgUrls = [first, second, 'http://third.example/'];
  const vendor = await started(t, { orgUrls });
  for (const [at, orgUrl] of orgUrls.entries()) vendor.add([event(at)], { orgUrl });
  const environment = { CIRRUS_URL: vendor.url, CIRRUS_API_KEY: 'key', CIRRUS_API_SECRET: 'a-long-value' };
  for (const [limit, more] of [
    ['1', [`audit-export: ${first}: stopped after one API query, as asked; more records may be available`]],
    ['2', []],
  ] as const) {
    vendor.requests.length = 0;
    const result = await run(['-s', 'cirrus', '-x', '--limit', limit], { directory, environment });
    assert.deepEqual([result.status, correlations(result)], [3, ['c0']], result.stderr);
    assert.deepEqual(
      vendor.requests.map(({ target }) => new URL(target, vendor.url).searchParams.get('orgUrl')),
      [null, first],
    );
    assert.deepEqual(
      linesOf(result.stderr).filter((line) => !line.startsWith('hint: ')),
      [...more, 'audit-export: stopped after one API query, as asked; 2 of 3 branches were not asked'],
    );
  }
});

test('an organisation that the key may not read stops none of the others: they are delivered, and the status is 77', async (t) => {
  const directory = scratch(t);
  const vendor = await started(t, { orgUrls: [first, second] });
  vendor.add([event(1)], { orgUrl: first });
  vendor.add([event(2)], { orgUrl: second });
  const path = join(directory, 'cirrus.env');
  const settings = [
    'AUDIT_EXPORT_SOURCE=cirrus',
    `CIRRUS_URL=${vendor.url}`,
    `CIRRUS_ORG_URL="${first} http://www.institution.edu/ ${second}"`, // the slash makes it another one
    'CIRRUS_API_KEY=key',
    'CIRRUS_API_SECRET=a-long-value',
  ];
  writeFileSync(path, `${settings.join('\n')}\n`, { mode: 0o600 });
  const argv = ['-e', path, '--state-dir', 'state'];
  const result = await run(argv, { directory });
  assert.equal(result.status, 77, result.stderr);
  assert.deepEqual(correlations(result), ['c1', 'c2']);
  assert.match(result.stderr, /HTTP 403/);
  vendor.add([event(3)], { orgUrl: first });
  const next = await run(argv, { directory });
  assert.deepEqual([next.status, correlations(next)], [77, ['c3']]);
});

test('a command takes each page of a vendor with cursors, and its failure loses none', async (t) => {
  const directory = scratch(t);
  const vendor = await started(t);
  vendor.add([1, 2, 3, 4, 5].map((number) => event(number)));
  const environment = { PATH: '/usr/bin:/bin', CIRRUS_URL: vendor.url, API_KEY: 'key', API_SECRET: 'a-long-value' };
  const argv = ['-s', 'cirrus', '--state-dir', 'state', '--job', 'one', '--limit', '2', '--', 'sh', '-c'];
  const twice = '[ -e b ] && exit 9; [ -e a ] && touch b; touch a; cat >> got';
  const broken = await run([...argv, twice], { directory, environment });
  assert.equal(broken.status, 74, broken.stderr);
  const got = (): string[] => linesOf(readFileSync(join(directory, 'got'), 'utf8'));
  assert.equal(got().length, 4);
  const next = await run([...argv, 'cat >> got'], { directory, environment });
  assert.equal(next.status, 0, next.stderr);
  assert.deepEqual(
    got().map((line) => (JSON.parse(line) as { correlationId: string }).correlationId),
    ['c1', 'c2', 'c3', 'c4', 'c5'],
  );
});
