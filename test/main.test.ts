/** The program in real processes, with nothing in its environment but what a test puts there. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  lchownSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { version } from '../src/core/version.ts';
import { linesOf } from './support/lines.ts';
import { ended, run, scratch, shell, start } from './support/program.ts';
import { sendJson, serve } from './support/vendors/server.ts';

/** A vendor that does not answer before it is told to. */
async function silentVendor(t: { after(clean: () => void): void }): Promise<{ server: Server; url: string }> {
  const server = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test('the version is the one in package.json', () => {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  assert.equal(version, manifest.version);
});

test('from an empty environment: the sample comes out as JSON Lines, the second run gives only what is new', async (t) => {
  const state = join(scratch(t), 'state');
  const first = await run(['--source', 'sample', '--state-dir', state]);
  assert.deepEqual([first.status, first.stderr], [0, '']);
  const ids = linesOf(first.stdout).map((line) => (JSON.parse(line) as { id: string }).id);
  assert.ok(ids.length > 200, `${ids.length} records`);
  const second = await run(['--source', 'sample', '--state-dir', state]);
  assert.deepEqual([second.status, second.stderr], [0, '']);
  const newIds = linesOf(second.stdout).map((line) => (JSON.parse(line) as { id: string }).id);
  assert.ok(newIds.length > 0 && newIds.length < 20, `${newIds.length} records`);
  assert.ok(newIds.every((id) => !ids.includes(id)));
});

test('cron: HOME and an env file are enough', async (t) => {
  const home = scratch(t);
  writeFileSync(join(home, 'sample.env'), 'AUDIT_EXPORT_SOURCE=sample\n');
  const result = await run(['-e', join(home, 'sample.env')], { environment: { HOME: home } });
  assert.deepEqual([result.status, result.stderr], [0, '']);
  assert.match(readdirSync(join(home, '.local/state/audit-export')).join(), /^sample\.stdout\.[0-9a-f]{8}\.position/);
});

test('./.env is read without being named', async (t) => {
  const directory = scratch(t);
  writeFileSync(join(directory, '.env'), 'AUDIT_EXPORT_SOURCE=sample\nAUDIT_EXPORT_SINK=file\nOUTPUT=records.jsonl\n');
  const result = await run(['--state-dir', 'state'], { directory });
  assert.deepEqual([result.status, result.stdout, result.stderr], [0, '', '']);
  assert.ok(linesOf(readFileSync(join(directory, 'records.jsonl'), 'utf8')).length > 200);
});

test('./.env of another user is not read: it says where credentials go', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('only root can give a file away');
  const directory = scratch(t);
  const path = join(directory, '.env');
  writeFileSync(path, 'AUDIT_EXPORT_SOURCE=sample\n');
  chownSync(path, 65_534, 65_534);
  const refused = await run(['--since', '2h'], { directory });
  assert.deepEqual([refused.status, refused.stdout], [78, '']);
  assert.match(refused.stderr, /^audit-export: \.env in the current directory belongs to user 65534, /);
  assert.match(refused.stderr, /\nhint: if it is meant, name it: -e \.env; /);
  const named = await run(['--since', '2h', '-e', '.env'], { directory });
  assert.deepEqual([named.status, named.stderr], [0, '']);
});

test('./.env in which others have a say is not read either', async (t) => {
  const directory = scratch(t);
  const path = join(directory, '.env');
  const refusal = async (): Promise<string> => {
    const { status, stderr } = await run(['--since', '2h'], { directory });
    return status === 78 ? stderr : `status ${status}`;
  };
  writeFileSync(path, 'AUDIT_EXPORT_SOURCE=sample\n');
  chmodSync(path, 0o666);
  assert.match(
    await refusal(),
    /^audit-export: \.env in the current directory can be written by others, .*\nhint: chmod go-w /,
  );
  chmodSync(path, 0o664); // as with a umask of 002 and a group of one's own
  assert.equal(await refusal(), 'status 0');
  chmodSync(directory, 0o777);
  assert.match(
    await refusal(),
    /^audit-export: \.env in the current directory is in a directory that others can write to, /,
  );
  chmodSync(directory, 0o1777);
  assert.equal(await refusal(), 'status 0');
  if (process.getuid?.() !== 0) return; // nobody else can give a file away
  chownSync(path, 0, 65_534);
  assert.match(await refusal(), / can be written by others, /);
  chownSync(path, 0, 0);
  chownSync(directory, 65_534, 65_534);
  assert.match(await refusal(), /^audit-export: \.env in the current directory is in a directory of user 65534, /);
  chownSync(directory, 0, 0);
  renameSync(path, join(directory, 'job.env'));
  symlinkSync('job.env', path);
  assert.equal(await refusal(), 'status 0');
  lchownSync(path, 65_534, 65_534);
  assert.match(await refusal(), /^audit-export: \.env in the current directory belongs to user 65534, /);
});

test('a named env file that others can write is a warning', async (t) => {
  const directory = scratch(t);
  chmodSync(directory, 0o755);
  const path = join(directory, 'job.env');
  writeFileSync(path, 'AUDIT_EXPORT_SOURCE=sample\n');
  chmodSync(path, 0o666);
  const { status, stderr } = await run(['--since', '2h', '-e', path], { directory });
  assert.deepEqual(
    [status, stderr],
    [0, `audit-export: warning: ${path} can be written by others: chmod go-w ${path}\n`],
  );
});

test('a definition, or roots to trust, that everybody can write are a warning, as such an env file is', async (t) => {
  const directory = scratch(t);
  chmodSync(directory, 0o755);
  const [definition, roots] = [join(directory, 'acme.yaml'), join(directory, 'roots.pem')];
  copyFileSync(new URL('../examples/acme.yaml', import.meta.url), definition);
  writeFileSync(roots, 'none');
  const vendor = await serve({}, (_, response) => void response.writeHead(401).end());
  t.after(() => vendor.close());
  const environment = { ACME_URL: vendor.origin, ACME_TOKEN: 'a-long-token' };
  const warnings = async (): Promise<string[]> => {
    const { stderr } = await run(['--source', definition, '--ca-file', roots, '--since', '1h'], {
      directory,
      environment,
    });
    assert.match(stderr, /acme refused page 1/);
    return stderr.split('\n').filter((line) => line.includes('written by others'));
  };
  assert.deepEqual(await warnings(), []);
  for (const path of [definition, roots]) chmodSync(path, 0o666);
  assert.deepEqual(
    await warnings(),
    [definition, roots].map((path) => `audit-export: warning: ${path} can be written by others: chmod go-w ${path}`),
  );
});

test('a search touches no position and needs no place for one', async (t) => {
  const directory = scratch(t);
  const result = await run(['--source', 'sample', '--since', '2h'], { directory });
  assert.deepEqual([result.status, result.stderr], [0, '']);
  assert.deepEqual(readdirSync(directory), []);
});

test('help and version come on stdout, with status 0', async () => {
  assert.deepEqual(await run(['--version']), { status: 0, signal: null, stdout: `${version}\n`, stderr: '' });
  const help = await run(['--help']);
  assert.deepEqual([help.status, help.stderr], [0, '']);
  assert.match(help.stdout, /^Usage: audit-export/);
});

const wrong: readonly (readonly [argv: readonly string[], status: number, message: RegExp])[] = [
  [['--sorce'], 64, /unknown option '--sorce' \(Did you mean --source\?\)/],
  [['--source', 'sampel'], 64, /Did you mean sample\?/],
  [['--source', 'sample', '--since', '65'], 64, /--since/],
  [['--source', 'sample', '-qv'], 64, /contradict/],
  [['--source', 'sample', '--log-format', 'xml'], 64, /--log-format/],
  [['--source', 'sycope', '--state-dir', '/tmp'], 78, /settings missing: SYCOPE_URL, SYCOPE_USERNAME, SYCOPE_PASSWORD/],
];

for (const [argv, status, message] of wrong) {
  test(`${argv.join(' ')}: one line, one hint, status ${status}, nothing on stdout`, async () => {
    const result = await run(argv);
    assert.equal(result.status, status);
    assert.equal(result.stdout, '');
    const [first = '', second = '', ...rest] = linesOf(result.stderr);
    assert.match(first, message);
    assert.match(first, /^audit-export: [^A-Z].*[^.]$/);
    assert.match(second, /^hint: ./);
    assert.deepEqual(rest, []);
  });
}

for (const [words, message] of [
  ['--raw-query foo', '--raw-query: sample has no query language; use --query'],
  ['--categories foo', '--categories: sample has none'],
  ["--query 'a..b=1'", '--query: "a..b" is not a path in a record'],
  ["--query 'a[0].b=1'", '--query: "a[0].b" is not a path in a record: a list cannot be looked into'],
  [`--query 'labels["a.b"]=1'`, '--query: "labels[\\"a.b\\"]" is not a path in a record (Did you mean labels."a.b"?)'],
  ["--query '$.action=a'", '--query: "$.action" is not a path in a record (Did you mean action?)'],
  ['--query action=a --query action=b', '--query: action cannot have two values at once'],
  ['check --raw-query foo', '--raw-query: sample has no query language; use --query'],
]) {
  test(`the sample is refused ${words}, and the run ends`, async (t) => {
    const line = `timeout 20 $AUDIT_EXPORT --source sample --state-dir state ${words}`;
    const result = await shell(line, { directory: scratch(t) });
    assert.deepEqual([result.status, linesOf(result.stderr)[0]], [64, `audit-export: ${message}`]);
  });
}

test('what a source cannot search has a hint at the command that shows what it can, as it is to be typed', async (t) => {
  const environment = { OKTA_URL: 'https://example.okta.com', OKTA_TOKEN: 'of-the-test' };
  const directory = scratch(t);
  const refused = await run(['--source', 'okta', '--since', '1h', '--categories', 'foo'], { environment });
  const hint = 'hint: audit-export sources okta shows what can be searched';
  assert.deepEqual(linesOf(refused.stderr), ['audit-export: --categories: okta has none', hint]);
  assert.doesNotMatch((await run(['sources'], { directory })).stdout, /actor\.id/);
  assert.match((await run(['sources', 'okta'], { directory })).stdout, /--query +eventType, actor\.id/);
  copyFileSync('examples/sources/okta.yaml', join(directory, 'our okta.yaml'));
  const ours = ['--source', 'our okta.yaml', '--since', '1h', '--categories', 'foo'];
  const toOwner = "hint: audit-export sources 'our okta.yaml' shows what can be searched";
  assert.equal(linesOf((await run(ours, { directory, environment })).stderr)[1], toOwner);
  const piped = await shell(`echo '{"id":1}' | $AUDIT_EXPORT --source - --raw-query foo`, { directory });
  assert.equal(linesOf(piped.stderr)[1], 'hint: any path in a record can be searched, as in --query actor.id=7');
});

test('asked for JSON, an error is a JSON line with message, hint and exit', async () => {
  for (const argv of [
    ['--log-format', 'json', '--sorce'],
    ['--source', 'sycope', '--log-format=json'],
  ]) {
    const result = await run(argv);
    const [line = '', ...rest] = linesOf(result.stderr);
    assert.deepEqual(rest, []);
    const said = JSON.parse(line) as Record<string, unknown>;
    assert.equal(said['exit'], result.status);
    assert.ok(said['message'] !== '' && said['hint'] !== undefined);
  }
});

test('what comes after -- belongs to the command: --log-format json and --no-progress there are not for us', async (t) => {
  const wrong = await run(['--source', 'sycope', '--state-dir', scratch(t), '--', 'x', '--log-format', 'json']);
  assert.equal(wrong.status, 78);
  assert.match(wrong.stderr, /^audit-export: settings missing/);
  const early = await run(['--sorce', '--', 'x', '--log-format', 'json']);
  assert.match(early.stderr, /^audit-export: unknown option '--sorce'/);

  // A terminal of script(1) may have no columns, and is given the usual ones.
  for (const columns of [100, 0]) {
    const words = `stty columns ${columns}; $AUDIT_EXPORT --source sample --since 7d -- sh -c 'cat > /dev/null' --no-progress`;
    const terminal = await shell(`script -qec "${words}" /dev/null`, { directory: scratch(t) });
    if (!/not found/.test(terminal.stderr)) assert.match(terminal.stdout, /\d+ records, /, `${columns} columns`);
  }
});

test('on a terminal no record comes after the progress line; -q draws none, and neither does a terminal that cannot redraw', async (t) => {
  const directory = scratch(t);
  const words = '$AUDIT_EXPORT --source sample --since 7d';
  const told = await shell(`script -qec "${words}" /dev/null`, { directory });
  if (/not found/.test(told.stderr)) return t.skip('there is no script(1) here');
  assert.match(told.stdout, / MB, /);
  assert.deepEqual(
    linesOf(told.stdout).filter((line) => / MB, [^\r]*\{/.test(line)),
    [],
  );
  const piped = await shell(`script -qec "${words} | cat" /dev/null`, { directory });
  assert.match(piped.stdout, / MB, [^\r]*\r\u001b\[K\{"/);
  const quiet = await shell(`script -qec "${words} -q" /dev/null`, { directory });
  assert.doesNotMatch(quiet.stdout, / MB, |\u001b/);
  const dumb = await shell(`TERM=dumb script -qec "${words}" /dev/null`, { directory });
  assert.match(dumb.stdout, /"id"/);
  assert.doesNotMatch(dumb.stdout, / MB, |\u001b/);
});

test('a state directory that cannot be made is status 73, before anything is asked of the vendor', async (t) => {
  const directory = scratch(t);
  writeFileSync(join(directory, 'file'), '');
  const { server, url } = await silentVendor(t);
  let requests = 0;
  server.on('request', () => (requests += 1));
  const argv = ['--source', 'sample', '--state-dir', join(directory, 'file/state')];
  const result = await run(argv, { environment: { SAMPLE_URL: url } });
  assert.equal(result.status, 73);
  assert.match(result.stderr, /^audit-export: .*file\/state.*\nhint: /);
  assert.equal(requests, 0);
});

test('a search into a reader that has enough ends quietly with 0', async (t) => {
  const line =
    'S=$( { $AUDIT_EXPORT --source sample --since 7d; echo $? >&3; } 3>status | head -1 | wc -l); cat status; echo $S';
  const result = await shell(line, { directory: scratch(t) });
  assert.deepEqual([result.stdout, result.stderr], ['0\n1\n', '']);
});

test('with a position, a reader that is gone is status 74, and the records come again', async (t) => {
  const directory = scratch(t);
  const line =
    '{ $AUDIT_EXPORT --source sample --state-dir state; echo $? >&3; } 3>status | head -c 1 >/dev/null; cat status';
  const broken = await shell(line, { directory });
  assert.equal(broken.stdout, '74\n');
  assert.match(broken.stderr, /^audit-export: the reader of the pipe is gone\nhint: /);
  const again = await run(['--source', 'sample', '--state-dir', 'state'], { directory });
  assert.equal(again.status, 0);
  assert.ok(linesOf(again.stdout).length > 200);
});

test('a closed stdout is refused, /dev/null is warned of, a full disk is status 74', async (t) => {
  const directory = scratch(t);
  const closed = await shell('$AUDIT_EXPORT --source sample --state-dir a >&-', { directory });
  assert.equal(closed.status, 78);
  assert.match(closed.stderr, /standard output is closed/);
  const nowhere = await shell('$AUDIT_EXPORT --source sample --state-dir b >/dev/null', { directory });
  assert.equal(nowhere.status, 0);
  assert.match(nowhere.stderr, /^audit-export: warning: standard output is \/dev\/null/);
  const search = await shell('$AUDIT_EXPORT --source sample --since 1h >/dev/null', { directory });
  assert.deepEqual([search.status, search.stderr], [0, '']);
  const full = await shell('$AUDIT_EXPORT --source sample --state-dir c >/dev/full', { directory });
  assert.equal(full.status, 74);
  assert.match(full.stderr, /ENOSPC/);
});

test('a slow reader gets every byte', async (t) => {
  const directory = scratch(t);
  const line = '$AUDIT_EXPORT --source sample --state-dir state | { sleep 1; cat; }';
  const slow = await shell(line, { directory });
  assert.ok(slow.stdout.length > 65_536, 'more than a pipe holds');
  for (const record of linesOf(slow.stdout)) JSON.parse(record);
  assert.ok(slow.stdout.endsWith('}\n'));
});

test('records go into a file that stdout names, and into a socket', async (t) => {
  const directory = scratch(t);
  const path = join(directory, 'out.jsonl');
  const stdio = ['ignore', openSync(path, 'a'), 'pipe'] as const;
  const result = await run(['--source', 'sample', '--since', '7d'], { directory, stdio: [...stdio] });
  assert.equal(result.status, 0);
  assert.ok(linesOf(readFileSync(path, 'utf8')).length > 200);
});

for (const [signal, status] of [
  ['SIGTERM', 143],
  ['SIGINT', 130],
  ['SIGHUP', 129],
] as const) {
  test(`${signal} stops it cleanly with ${status}`, async (t) => {
    const { server, url } = await silentVendor(t);
    const argv = ['--source', 'sample', '--state-dir', join(scratch(t), 'state')];
    const child = start(argv, { environment: { SAMPLE_URL: url } });
    const end = ended(child);
    await once(server, 'request');
    child.kill(signal);
    const result = await end;
    assert.deepEqual([result.status, result.stdout], [status, '']);
    assert.match(result.stderr, new RegExp(`^audit-export: stopped by ${signal}\nhint: `));
  });
}

test('a terminal that is closed stops it cleanly with 129: Node itself would end with SIGABRT, and leave its memory on the disk', async (t) => {
  const directory = scratch(t);
  const inside = `trap '' HUP; (echo '{"id":1}'; sleep 5) | $AUDIT_EXPORT --source - --no-position; echo $? > status`;
  writeFileSync(join(directory, 'inside'), inside);
  await shell(
    `command -v script > found || exit 0
    script -qec 'sh inside' /dev/null > shown &
    for try in $(seq 200); do grep -q '"id"' shown && break; sleep 0.1; done
    kill -9 $!
    for try in $(seq 200); do test -s status && break; sleep 0.1; done`,
    { directory },
  );
  if (!existsSync(join(directory, 'status'))) return t.skip('there is no script(1) here');
  assert.equal(readFileSync(join(directory, 'status'), 'utf8'), '129\n');
});

test('a terminal stays as others have set it: Node itself would leave the shell without an echo, once less has ended first', async (t) => {
  const directory = scratch(t);
  const inside = `stty -echo # as less does
    { echo '{"id":1}'; for try in $(seq 200); do grep -q '"id"' shown && break; sleep 0.1; done; stty echo < /dev/tty; } |
      $AUDIT_EXPORT --source - --no-position
    stty -a > after`;
  writeFileSync(join(directory, 'inside'), inside);
  const { stderr } = await shell(`script -qec 'sh inside' /dev/null > shown`, { directory });
  if (/not found/.test(stderr)) return t.skip('there is no script(1) here');
  assert.match(readFileSync(join(directory, 'after'), 'utf8'), / echo /);
});

for (const [what, argv, hint] of [
  ['a search', ['--since', '1h'], 'a single signal lets it end cleanly'],
  [
    'a job',
    ['--state-dir', 'state'],
    'what was delivered since the position was last saved may arrive twice; a single signal lets it end cleanly',
  ],
] as const) {
  test(`a second signal, a second later, ends ${what} at once and says so, although a sink has ten seconds to answer`, async (t) => {
    const { server, url } = await silentVendor(t);
    const environment = { ELASTIC_URL: url, ELASTIC_INDEX: 'audit' };
    const directory = scratch(t);
    const child = start(['--source', 'sample', '--sink', 'elastic', ...argv], { environment, directory });
    const end = ended(child);
    await once(server, 'request');
    const began = Date.now();
    child.kill('SIGINT');
    await sleep(20); // as timeout(1) signals a process and then its group
    child.kill('SIGINT');
    await sleep(1100);
    assert.equal(child.exitCode, null);
    // A second from when it heard the first, which on a busy machine is later than when that was sent: so more than once.
    const again = setInterval(() => child.kill('SIGINT'), 50);
    const { status, stderr } = await end;
    clearInterval(again);
    assert.equal(status, 130);
    assert.equal(stderr, `audit-export: stopped at once by a second signal (SIGINT)\nhint: ${hint}\n`);
    assert.ok(Date.now() - began < 9000, 'before the ten seconds are over');
  });
}

test('--max-runtime ends with 75 and says so', async (t) => {
  const { url } = await silentVendor(t);
  const argv = ['--source', 'sample', '--state-dir', join(scratch(t), 'state'), '--max-runtime', '1s'];
  const result = await run(argv, { environment: { SAMPLE_URL: url } });
  assert.equal(result.status, 75);
  assert.match(result.stderr, /^audit-export: --max-runtime 1s is over/);
});

test('a second run of the same job ends with 75 at once', async (t) => {
  const { server, url } = await silentVendor(t);
  const argv = ['--source', 'sample', '--job', 'one', '--state-dir', join(scratch(t), 'state')];
  const first = start(argv, { environment: { SAMPLE_URL: url } });
  const end = ended(first);
  await once(server, 'request');
  const second = await run(argv, { environment: { SAMPLE_URL: url } });
  assert.equal(second.status, 75);
  first.kill('SIGTERM');
  await end;
});

test('a hint about an env file names -e: Node itself reads what --env-file names, and ends with 9 where it is missing', async (t) => {
  const words = ['--source', 'sample', '--state-dir', scratch(t), '-e'];
  const missing = await run([...words, '/nonexistent/job.env']);
  assert.equal(missing.status, 78);
  assert.match(missing.stderr, /\nhint: give its full path with -e, /);
  // What can be read once is there for the program alone.
  const pipe = join(scratch(t), 'pipe');
  const line = `mkfifo ${pipe} && { echo AUDIT_EXPORT_SINK=nowhere > ${pipe} & } && $AUDIT_EXPORT ${words.join(' ')} ${pipe}`;
  assert.match((await shell(line)).stderr, /unknown sink 'nowhere'/);
});

test('a setting that a sink refuses is reported with the file that it is in', async (t) => {
  const file = join(scratch(t), 'job.env');
  writeFileSync(file, 'ELASTIC_URL=http://127.0.0.1:9/?key=canary\nELASTIC_INDEX=audit\n', { mode: 0o600 });
  for (const command of [[], ['check']]) {
    const result = await run([
      ...command,
      '--source',
      'sample',
      '-o',
      'elastic',
      '--state-dir',
      scratch(t),
      '-e',
      file,
    ]);
    assert.equal(result.status, 78);
    assert.match(result.stderr, /^audit-export: ELASTIC_URL must end with its path$/m);
    assert.match(result.stderr, new RegExp(`^hint: check ELASTIC_URL in ${file}: leave out everything from`, 'm'));
    assert.doesNotMatch(result.stderr, /canary/);
  }
});

test('an address of a source that goes on behind its path is told with its setting and the file that it is in', async (t) => {
  const file = join(scratch(t), 'job.env');
  writeFileSync(file, 'OKTA_URL=http://127.0.0.1:9/?key=canary\nOKTA_TOKEN=of-the-test\n', { mode: 0o600 });
  const { status, stderr } = await run(['--source', 'okta', '--since', '1h', '-e', file]);
  assert.equal(status, 78);
  assert.deepEqual(linesOf(stderr), [
    'audit-export: the address of okta must end with its path',
    `hint: check OKTA_URL in ${file}: leave out everything from the first ? or #`,
  ]);
});

test('what a command prints is an env file as well, with -e <(…); one that prints nothing says that settings are missing', async (t) => {
  for (const [printed, said] of [
    ['{ sleep 0.3; echo SYCOPE_URL=nowhere; }', /SYCOPE_URL must be an http/],
    ['false', /settings missing: SYCOPE_URL/],
  ] as const) {
    const line = `$AUDIT_EXPORT --source sycope --state-dir ${scratch(t)} -e <(${printed})`;
    const result = await shell(`exec bash -c '${line}'`);
    assert.equal(result.status, 78);
    assert.match(result.stderr, said);
  }
});

for (const words of [
  '--output records.jsonl',
  '--state-dir state',
  '--job one --state-dir state',
  '--dry-run --state-dir state',
]) {
  test(`a directory that was removed is reported where a path begins in it: ${words}`, async (t) => {
    const gone = join(scratch(t), 'gone');
    const line = `mkdir ${gone} && cd ${gone} && rmdir ${gone} && $AUDIT_EXPORT --source sample ${words}`;
    const result = await shell(line, { environment: { HOME: scratch(t) } });
    const [message, hint] = linesOf(result.stderr);
    assert.equal(result.status, 78, result.stderr);
    assert.match(
      message ?? '',
      /^audit-export: \w+(?:\.jsonl)? begins in the current directory, which is no longer there$/,
    );
    assert.equal(hint, 'hint: give its full path, or start in another directory');
  });
}

for (const words of ['--source ./acme.yaml', 'check --source acme.yaml', 'sources acme.yaml']) {
  test(`a definition that is looked for in a directory that was removed is not found, which is no bug: ${words}`, async (t) => {
    const gone = join(scratch(t), 'gone');
    const line = `mkdir ${gone} && cd ${gone} && rmdir ${gone} && $AUDIT_EXPORT ${words}`;
    const result = await shell(line, { environment: { HOME: scratch(t) } });
    const [message, hint] = linesOf(result.stderr);
    assert.equal(result.status, 78, result.stderr);
    assert.match(
      message ?? '',
      /^audit-export: the definition (?:\.\/)?acme\.yaml cannot be read \(ENOENT: there is no such file\)$/,
    );
    assert.match(hint ?? '', /; it was looked for in the current directory, which is no longer there$/);
  });
}

test('a definition that somebody else wrote cannot write to the terminal of whoever looks at its settings', async (t) => {
  const directory = scratch(t);
  const settings = { FIG_URL: { summary: 'Here: \u009b31m', kind: 'url' } };
  const most = { url: '{FIG_URL}', auth: { type: 'none' }, request: { path: '/log' }, paging: { type: 'none' } };
  const read = { window: { filter: 'none' }, records: { id: { paths: ['a\u001bb'] } } };
  const definition = { name: 'fig', summary: 'Figs.\u001b[2J\u202e\nplum: Plums.', settings, ...most, ...read };
  writeFileSync(join(directory, 'fig.json'), JSON.stringify(definition));
  const { stdout } = await run(['sources', './fig.json'], { directory });
  assert.deepEqual(linesOf(stdout), [
    String.raw`./fig.json: Figs.\u001b[2J\u202e\nplum: Plums.`,
    String.raw`    FIG_URL  Here: \u009b31m`,
    String.raw`    ID       a\u001bb`,
  ]);
});

test('a check that is stopped promises nothing of the next run, which goes on where the last run stopped', async (t) => {
  const directory = scratch(t);
  const { server, url } = await silentVendor(t);
  const going = start(['check', '--source', 'sample'], { directory, environment: { SAMPLE_URL: url } });
  const end = ended(going);
  await once(server, 'request');
  going.kill('SIGINT');
  const { status, stderr } = await end;
  assert.equal(status, 130);
  assert.equal(stderr, 'audit-export: stopped by SIGINT\nhint: run it again\n');
});

test('--insecure is warned of on every run, even a quiet one', async () => {
  const result = await run(['--source', 'sample', '--since', '1h', '--insecure', '-q']);
  assert.equal(result.status, 0);
  assert.match(result.stderr, /^audit-export: warning: TLS certificates are not verified, and plain http is permitted/);
});

test('--quiet says nothing of a dry run that would deliver everything', async (t) => {
  const result = await run(['--source', 'sample', '--dry-run', '-q'], { directory: scratch(t) });
  assert.deepEqual([result.status, result.stdout, result.stderr], [0, '', '']);
});

for (const job of [[], ['--job', 'one']]) {
  test(`a dry run and a run do not get in each other's way, ${job.join(' ') || 'without --job'}`, async (t) => {
    const { server, url } = await silentVendor(t);
    const directory = scratch(t);
    const words = ['--source', 'sample', '--state-dir', 'state', ...job];
    const going = start(words, { directory, environment: { SAMPLE_URL: url } });
    const end = ended(going);
    await once(server, 'request');
    server.removeAllListeners('request').on('request', (_request, response) => response.writeHead(401).end());
    const dry = await run([...words, '--dry-run'], { directory, environment: { SAMPLE_URL: url } });
    assert.equal(dry.status, 77, dry.stderr); // as it would be without the other
    assert.equal(going.exitCode, null);
    going.kill('SIGTERM');
    assert.equal((await end).status, 143);
  });
}

test('-v accounts for every record in one line, --dry-run does always and saves nothing', async (t) => {
  const directory = scratch(t);
  const dry = await run(['--source', 'sample', '--state-dir', 'state', '--dry-run'], { directory });
  assert.deepEqual([dry.status, dry.stdout], [0, '']);
  assert.match(dry.stderr, /^audit-export: \S+ to \S+, (\d+) fetched, \1 would be delivered\n$/);
  assert.deepEqual(readdirSync(directory), []);
  const verbose = await run(['--source', 'sample', '--state-dir', 'state', '-v', '--log-format', 'text'], {
    directory,
  });
  assert.match(verbose.stderr, /^audit-export: \S+ to \S+, (\d+) fetched, \1 delivered, position \S+$/m);
});

test('the fields of a --dry-run say what it was: in a log that is kept as proof, nothing it counts was delivered', async (t) => {
  const directory = scratch(t);
  const words = ['--source', 'sample', '--state-dir', 'state', '-v', '--log-format', 'json'];
  const [dry, real] = [await run([...words, '--dry-run'], { directory }), await run(words, { directory })].map(
    ({ stderr }) => stderr.split('\n').find((line) => line.includes('"level":"info"')) ?? '{}',
  );
  assert.equal((JSON.parse(dry ?? '') as { dryRun?: boolean }).dryRun, true);
  assert.ok(!('dryRun' in (JSON.parse(real ?? '') as object)), real);
});

test('no secret is printed, whatever fails and however much is said', async (t) => {
  const canary = 'c4n4ry-p&ss/w+rd';
  const vendor = await serve({}, ({ headers }, response) =>
    sendJson(response, 401, JSON.stringify({ message: `no: ${canary} ${String(headers['authorization'])}` })),
  );
  t.after(() => vendor.close());
  const directory = scratch(t);
  const secretFile = join(directory, 'secret');
  writeFileSync(secretFile, `${canary}\n`);
  chmodSync(secretFile, 0o600);
  const environment = { CIRRUS_URL: vendor.origin, CIRRUS_API_KEY: canary, CIRRUS_API_SECRET_FILE: secretFile };
  for (const format of ['text', 'json']) {
    const argv = ['--source', 'cirrus', '--state-dir', 'state', '-vv', '--log-format', format];
    const result = await run(argv, { environment, directory });
    assert.equal(result.status, 77, result.stderr);
    const basic = Buffer.from(`${canary}:${canary}`).toString('base64');
    for (const spelling of [canary, basic, Buffer.from(canary).toString('base64'), encodeURIComponent(canary)]) {
      assert.ok(!`${result.stdout}${result.stderr}`.includes(spelling), result.stderr);
    }
  }
  const kept = readdirSync(join(directory, 'state'));
  assert.ok(
    kept.some((name) => name.endsWith('.position')),
    kept.join(),
  );
  for (const name of kept) {
    assert.ok(!readFileSync(join(directory, 'state', name)).includes(canary), name);
  }
});

test('a refused login says which settings to check, and where they are', async (t) => {
  const vendor = await serve({}, (_, response) => sendJson(response, 401, '{}'));
  t.after(() => vendor.close());
  const directory = scratch(t);
  const path = join(directory, 'sycope.env');
  writeFileSync(path, `SYCOPE_URL=${vendor.origin}\nSYCOPE_USERNAME=u\nSYCOPE_PASSWORD=wrong-one\n`, { mode: 0o600 });
  const result = await run(['-s', 'sycope', '--state-dir', 'state', '-e', path], { directory });
  assert.equal(result.status, 77, result.stderr);
  assert.ok(result.stderr.endsWith(`hint: check SYCOPE_USERNAME and SYCOPE_PASSWORD in ${path}\n`), result.stderr);
  assert.ok(existsSync(join(directory, 'state')));
});
