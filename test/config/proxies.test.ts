import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { configure } from '../../src/config.ts';
import { run, scratch } from '../support/program.ts';
import { answers, rawServerFor, reply } from '../support/raw-server.ts';

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
  assert.deepEqual(await proxies(directory, {}, one), { HTTPS_PROXY: 'http://p:1', no_proxy: 'a.example' });
  assert.deepEqual(await proxies(directory, {}, one, two), { https_proxy: 'http://p:2', no_proxy: 'a.example' });
  for (const name of ['HTTPS_PROXY', 'https_proxy']) {
    const found = await proxies(directory, { [name]: 'http://p:3' }, one, two);
    assert.deepEqual(found, { [name]: 'http://p:3', no_proxy: 'a.example' });
  }
  assert.deepEqual(await proxies(directory, { HTTPS_PROXY: '' }, two), { https_proxy: 'http://p:2' });
  assert.deepEqual(await proxies(directory, {}, 'HTTP_PROXY=p:1\nhttp_proxy=p:2\n'), { http_proxy: 'p:2' });
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
  assert.ok(stderr.includes(`hint: check HTTPS_PROXY and NO_PROXY in ${path}`), stderr);
});

test('a hint names the proxy setting as it is spelled where it is set', async (t) => {
  const directory = scratch(t);
  const path = join(directory, 'job.env');
  const server = await rawServerFor(t, (socket) => {
    socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
  });
  const at = `127.0.0.1:${server.port}`;
  const told = async (text: string, environment = {}): Promise<string> => {
    writeFileSync(path, `SYSDIG_URL=https://sysdig.test\nSYSDIG_TOKEN=token-1234\n${text}\n`, { mode: 0o600 });
    return (await run(['check', '-s', 'sysdig-audit', '-e', path], { directory, environment })).stderr;
  };
  const unasked = await told(`https_proxy=http://${at}`);
  assert.ok(unasked.includes(`hint: put them into https_proxy in ${path}, as http://USER:PASSWORD@`), unasked);
  const refused = await told('', { https_proxy: `http://u:p@${at}` });
  assert.ok(refused.includes('hint: check https_proxy in the environment: the user name and password'), refused);
  const inBoth = await told(`https_proxy=http://${at}`, { HTTPS_PROXY: `http://u:p@${at}` });
  assert.ok(inBoth.includes('hint: check HTTPS_PROXY in the environment: the user name and password'), inBoth);
});

for (const [what, settings, flags] of [
  ['a vendor', 'SYSDIG_URL=http://sysdig.test\nSYSDIG_TOKEN=token-1234\n', ['-s', 'sysdig-audit', '-x']],
  ['a destination', 'SPLUNK_URL=http://splunk.test\nSPLUNK_TOKEN=token-1234\n', ['-s', 'sample', '-o', 'splunk']],
] as const) {
  test(`a proxy that refuses (403) in place of ${what} may be meant, beside the credentials`, async (t) => {
    const directory = scratch(t);
    const path = join(directory, 'job.env');
    const proxy = await rawServerFor(t, answers(reply(403, { 'X-Squid-Error': 'ERR_ACCESS_DENIED 0' }, '<html>')));
    writeFileSync(path, `${settings}HTTP_PROXY=${proxy.url}\n`, { mode: 0o600 });
    const environment = { HOME: directory };
    const { status, stderr } = await run([...flags, '-e', path, '--allow-plaintext'], { directory, environment });
    assert.equal(status, 77, stderr);
    const orProxy = `check HTTP_PROXY and NO_PROXY in ${path}: the proxy ${proxy.url} may have answered itself`;
    assert.match(stderr, /^hint: .*_TOKEN in \S+job\.env, /m);
    assert.ok(stderr.includes(`; ${orProxy}`), stderr);
  });
}
