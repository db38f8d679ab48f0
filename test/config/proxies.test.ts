import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { configure } from '../../src/config.ts';
import { run, scratch } from '../support/program.ts';

/** The proxies that count, by the environment and env files. */
async function proxies(
  directory: string,
  environment: Record<string, string>,
  ...texts: readonly string[]
): Promise<unknown> {
  const files = texts.map((text, at) => {
    const path = join(directory, `${at}.env`);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  });
  const flags = { source: 'sample', ...(files.length > 0 && { envFile: files }) };
  const { http, findings } = await configure(flags, { HOME: directory, ...environment }, Date.now());
  assert.deepEqual(findings.warnings, []);
  return http.proxies;
}

test('proxies are settings: the environment first, then the env files, the last one first', async (t) => {
  const directory = scratch(t);
  const [one, two] = ['HTTPS_PROXY=http://p:1\nno_proxy=a.example\n', 'https_proxy=http://p:2\n'];
  assert.deepEqual(await proxies(directory, {}), {});
  assert.deepEqual(await proxies(directory, {}, one), { HTTPS_PROXY: 'http://p:1', NO_PROXY: 'a.example' });
  assert.deepEqual(await proxies(directory, {}, one, two), { HTTPS_PROXY: 'http://p:2', NO_PROXY: 'a.example' });
  for (const name of ['HTTPS_PROXY', 'https_proxy']) {
    const found = await proxies(directory, { [name]: 'http://p:3' }, one, two);
    assert.deepEqual(found, { HTTPS_PROXY: 'http://p:3', NO_PROXY: 'a.example' });
  }
  assert.deepEqual(await proxies(directory, { HTTPS_PROXY: '' }, two), { HTTPS_PROXY: 'http://p:2' });
  assert.deepEqual(await proxies(directory, {}, 'HTTP_PROXY=p:1\nhttp_proxy=p:2\n'), { HTTP_PROXY: 'p:2' });
});

test('a setting that looks like a proxy but is not one is reported', async (t) => {
  const directory = scratch(t);
  const told = async (text: string): Promise<string> => {
    writeFileSync(join(directory, 'job.env'), `SAMPLE_USERNAME=auditor\n${text}\n`, { mode: 0o600 });
    return (await run(['-s', 'sample', '--dry-run', '-e', 'job.env'], { directory })).stderr;
  };
  assert.match(await told('ALL_PROXY=http://p:1'), /job\.env: nothing reads ALL_PROXY; set HTTPS_PROXY instead/);
  assert.match(await told('HTTPS_PROXI=http://p:1'), /nothing reads HTTPS_PROXI; did you mean HTTPS_PROXY\?/);
});

test('a proxy of an env file is gone through, and the hint says where it is set', async (t) => {
  const directory = scratch(t);
  const path = join(directory, 'job.env');
  const lines = ['SYSDIG_URL=https://sysdig.test', 'SYSDIG_TOKEN=token-1234', 'HTTPS_PROXY=http://127.0.0.1:1'];
  writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o600 });
  const flags = ['check', '-s', 'sysdig-audit', '-e', path];
  const { stderr } = await run(flags, { directory });
  assert.match(stderr, /proxy http:\/\/127\.0\.0\.1:1 cannot be reached/);
  assert.ok(stderr.includes(`hint: check HTTPS_PROXY, HTTP_PROXY and NO_PROXY in ${path}`), stderr);
});
