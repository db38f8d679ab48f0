import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { chmodSync, linkSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import files from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { basename, join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { onReached } from '../../src/io/failpoint.ts';
import { lockJob } from '../../src/io/state/directory.ts';
import { scene } from '../faults/harness.ts';
import { fillUp, mounted } from '../faults/processes.ts';
import { stage } from '../support/canaries.ts';
import { certificateAuthority } from '../support/certificates.ts';
import { run, scratch, type Ended } from '../support/program.ts';
import { answers, rawServer, reply, silence } from '../support/raw-server.ts';
import { fakeElastic } from '../support/sinks/elastic.ts';
import { fakeSplunk } from '../support/sinks/splunk.ts';
import { fakeWebhook } from '../support/sinks/webhook.ts';
import { startCirrus } from '../support/vendors/cirrus.ts';
import { sendJson, serve } from '../support/vendors/server.ts';

const authority = certificateAuthority();
after(() => authority.remove());

async function check(
  t: TestContext,
  sink: string,
  environment: Readonly<Record<string, string>>,
  argv: readonly string[] = [],
): Promise<Ended> {
  const words = ['check', '--source', 'sample', '--sink', sink, '--state-dir', scratch(t), ...argv];
  return run(words, { environment });
}

test('a key that the destination refuses is 77, with the setting to look at', async (t) => {
  const server = await fakeSplunk();
  t.after(() => server.close());
  const settings = { SPLUNK_URL: server.url, SPLUNK_TOKEN: 'not-the-token' };
  const { status, stdout, stderr } = await check(t, 'splunk', settings);
  assert.equal(status, 77, stderr);
  assert.match(stdout, /^FAILED {2}sink splunk: splunk at \S+ refused the token \(HTTP 403\): Invalid token$/m);
  assert.match(stdout, /^ok {6}source sample: logged in/m);
  assert.match(stderr, /^hint: check SPLUNK_TOKEN/m);
  assert.deepEqual(server.lines, []);
});

test('of several branches, the one whose first page failed is named, as by a run', async (t) => {
  const vendor = await startCirrus();
  t.after(() => vendor.close());
  const settings = { CIRRUS_URL: vendor.url, CIRRUS_API_KEY: 'key', CIRRUS_API_SECRET: 'secret' };
  const words = ['check', '--source', 'cirrus', '--state-dir', scratch(t)];
  const orgUrls = 'http://gone.example http://www.institution.edu';
  const several = await run(words, { environment: { ...settings, CIRRUS_ORG_URL: orgUrls } });
  assert.equal(several.status, 77, several.stderr);
  assert.match(several.stdout, /^FAILED {2}source cirrus: http:\/\/gone\.example: cirrus refused page 1 \(HTTP 403\)/m);
  assert.match(several.stderr, /^audit-export: http:\/\/gone\.example: cirrus refused page 1 \(HTTP 403\)/m);
  const alone = await run(words, { environment: { ...settings, CIRRUS_ORG_URL: 'http://gone.example' } });
  assert.match(alone.stdout, /^FAILED {2}source cirrus: cirrus refused page 1 \(HTTP 403\)/m, 'there is no other');
});

test('a vendor that tells no time is said to leave windows to the clock of this machine', async (t) => {
  const here = await scene(t);
  const told = /; its replies have no Date header, so windows go by the clock of this machine, which must be right$/m;
  assert.doesNotMatch((await here.run(['check'])).stdout, told);
  here.vendor.fault = (_, truth) => Buffer.from(truth.toString('latin1').replace(/^Date: .*\r\n/m, ''), 'latin1');
  const { status, stdout, stderr } = await here.run(['check']);
  assert.equal(status, 0, stderr);
  assert.match(stdout, told);
});

test('a vendor whose clock was never set is 3, as in each run, with what to do', async (t) => {
  const here = await scene(t);
  here.vendor.fault = (_, truth) =>
    Buffer.from(truth.toString('latin1').replace(/^Date: .*$/m, 'Date: Thu, 01 Jan 1970 00:10:00 GMT'), 'latin1');
  const { status, stdout, stderr } = await here.run(['check']);
  assert.equal(status, 3, stdout);
  assert.match(stdout, /^FAILED {2}source \S+: \S+ says that it is 1970-01-01T00:10:00Z, and this machine /m);
  assert.match(stderr, /^hint: set the clock that is wrong/m);
});

test('an index that may not be written to is 77, one that is not there and may not be made is 78', async (t) => {
  for (const [rights, expected] of [
    [{ create_doc: false, auto_configure: false }, 77],
    [{ create_doc: true, auto_configure: false }, 78],
  ] as const) {
    const server = await fakeElastic({ rights, index: 'audit' });
    t.after(() => server.close());
    const { status, stdout, stderr } = await check(t, 'elastic', { ELASTIC_URL: server.url, ELASTIC_INDEX: 'adit' });
    assert.equal(status, expected, stderr);
    assert.match(stdout, /^FAILED {2}sink elastic: elastic at \S+ does not write to adit: /m);
    assert.match(stderr, /^hint: check ELASTIC_/m);
    assert.deepEqual(server.bulks(), []);
  }
});

test('a certificate that is not trusted is 76, until its authority is', async (t) => {
  const server = await rawServer((socket) => void socket.write(reply(405, {}, '')), { tls: authority.issue() });
  t.after(() => server.close());
  for (const [sink, environment, found] of [
    ['webhook', { WEBHOOK_URL: `${server.url}/hook` }, /HTTP 405 to OPTIONS/],
    ['sekoia', { SEKOIA_URL: server.url, SEKOIA_INTAKE_KEY: 'a-long-key' }, /the key is proven by the first delivery/],
    ['syslog', { SYSLOG_URL: server.url.replace('https:', 'tls:') }, /it takes connections/],
  ] as const) {
    const untrusted = await check(t, sink, environment);
    assert.equal(untrusted.status, 76, untrusted.stdout);
    assert.match(untrusted.stdout, /^FAILED {2}sink .* authority that is not trusted here/m);
    const trusted = await check(t, sink, environment, ['--ca-file', authority.certFile]);
    assert.equal(trusted.status, 0, trusted.stderr);
    assert.match(trusted.stdout, found);
  }
});

test('with --no-position, no position is looked for or promised', async (t) => {
  const words = ['check', '--source', 'sample', '--no-position'];
  const { status, stdout, stderr } = await run(words, { directory: scratch(t), environment: {} }); // there is no HOME
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /^ok {6}position: none is used \(--no-position\)$/m);
});

test('what is well says so, and what only a delivery proves', async (t) => {
  const server = await fakeWebhook();
  t.after(() => server.close());
  const { status, stdout, stderr } = await check(t, 'webhook', { WEBHOOK_URL: `${server.url}/hook` });
  assert.deepEqual([status, stderr, server.records], [0, '', []]);
  assert.match(stdout, /^ok {6}sink webhook: \S+: it answers .* proven by the first delivery$/m);
});

test('a session that was opened to look is closed again, whatever the destination says', async (t) => {
  for (const sink of [[], ['--sink', 'elastic']]) {
    const at = await stage(t, true);
    await at.run(['check', ...sink], { ELASTIC_URL: 'http://127.0.0.1:1', ELASTIC_INDEX: 'audit' });
    assert.deepEqual(
      at.vendor.requests.map(({ kind }) => kind),
      ['login', 'page', 'logout'],
    );
    assert.equal(at.vendor.sessions.size, 0);
  }
});

test('a source whose first run begins now is asked for no window without a length', async (t) => {
  const here = await scene(t, { define: (base) => ({ ...base, window: { ...base.window, firstRun: '0s' } }) });
  const { status, stdout } = await here.run(['check']);
  assert.equal(status, 0, stdout);
  const asked = new URL(here.vendor.requests[0]?.path ?? '', here.vendor.url).searchParams;
  assert.ok((asked.get('from') ?? '') < (asked.get('until') ?? ''), String(asked));
});

test('a delay as long as the vendor keeps records is 78, as it would be in a run', async (t) => {
  const here = await scene(t, { define: (base) => ({ ...base, window: { ...base.window, retention: '1d' } }) });
  const found: (number | null)[] = [];
  for (const delay of ['1d', '23h']) {
    for (const words of [['check'], []]) found.push((await here.run([...words, '--delay', delay])).status);
  }
  assert.deepEqual(found, [78, 78, 0, 0]);
  const { stdout } = await here.run(['check', '--delay', '1d']);
  assert.match(
    stdout,
    /^FAILED {2}source acme: acme keeps records for 1d, so that after a delay of 1d there are none$/m,
  );
});

test('a vendor that refuses a window longer than it allows, and tells no time, is asked for no second more', async (t) => {
  const hour = 3_600_000;
  const here = await scene(t, {
    define: (base) => ({ ...base, window: { ...base.window, time: 'iso-s', longest: '1h' } }),
  });
  here.clock.now += 282 - (here.clock.now % 1000);
  here.vendor.fault = ({ path }, truth) => {
    const [from = '', until = ''] = ['from', 'until'].map(
      (name) => new URL(path, here.vendor.url).searchParams.get(name) ?? '',
    );
    if (Date.parse(until) - Date.parse(from) > hour) return reply(400, {}, '{"message":"more than an hour"}');
    return Buffer.from(truth.toString('latin1').replace(/^Date: .*\r\n/m, ''), 'latin1');
  };
  for (const flags of [[], ['--since', '5h'], ['--since', '30m']]) {
    const { status, stdout, stderr } = await here.run(['check', ...flags]);
    assert.deepEqual([status, stderr], [0, ''], `${flags.join(' ')}\n${stdout}`);
  }
});

test('a vendor of whole days that refuses a window longer than it allows is asked for no day more', async (t) => {
  const day = 86_400_000;
  const here = await scene(t, {
    define: (base) => ({ ...base, window: { ...base.window, time: 'date', longest: '2d' } }),
  });
  here.vendor.fault = ({ path }, truth) => {
    const [from = '', until = ''] = ['from', 'until'].map(
      (name) => new URL(path, here.vendor.url).searchParams.get(name) ?? '',
    );
    if (Date.parse(until) - Date.parse(from) > 2 * day) return reply(400, {}, '{"message":"more than two days"}');
    return truth;
  };
  for (const flags of [[], ['--since', '5d'], ['--since', '2d']]) {
    const { status, stdout, stderr } = await here.run(['check', ...flags]);
    assert.deepEqual([status, stderr], [0, ''], `${flags.join(' ')}\n${stdout}`);
  }
});

test('a vendor that takes no window past its own clock, of which ours is ahead, works, as it does in a run', async (t) => {
  const here = await scene(t);
  const theirs = (): number => here.clock.now - 5000;
  here.vendor.fault = ({ path }, truth) => {
    const theirDate = new Date(theirs()).toUTCString();
    const until = new URL(path, here.vendor.url).searchParams.get('until');
    if (Date.parse(until ?? '') > theirs())
      return reply(400, { Date: theirDate }, '{"message":"until is in the future"}');
    return Buffer.from(truth.toString('latin1').replace(/^Date: .*$/m, `Date: ${theirDate}`), 'latin1');
  };
  const { status, stdout, stderr } = await here.run(['check']);
  assert.deepEqual([status, stderr], [0, ''], stdout);
  assert.match(stdout, /^ok {6}source acme: logged in, [1-9] records on/m);
  const { status: exit, stderr: said } = await here.run();
  assert.deepEqual([exit, said], [0, '']);
});

test('the clock that the login tells is the one that the window of the check is made by', async (t) => {
  const here = await scene(t, { session: true });
  const theirs = new Date(here.clock.now - 1_800_000).toUTCString();
  here.vendor.fault = (_, truth) =>
    Buffer.from(truth.toString('latin1').replace(/^Date: .*$/m, `Date: ${theirs}`), 'latin1');
  const { status, stdout } = await here.run(['check']);
  assert.equal(status, 0, stdout);
  const page = here.vendor.requests.find(({ kind }) => kind === 'page');
  const until = new URL(page?.path ?? '', here.vendor.url).searchParams.get('until') ?? '';
  assert.equal(Date.parse(until), Date.parse(theirs));
});

test('a full first page that names no next one is reported by the check, as it would be by a run, and the source is not ok then', async (t) => {
  const server = await rawServer(answers(reply(200, {}, '{"data":[{"id":1},{"id":2}],"nxt":"b"}')));
  t.after(() => server.close());
  const directory = scratch(t);
  writeFileSync(
    join(directory, 'fig.yaml'),
    `name: fig
summary: Figs.
settings: { FIG_URL: { summary: Address., kind: url, required: true } }
url: '{FIG_URL}'
auth: { type: none }
request: { path: /log, query: { limit: '{limit}', cursor: '{cursor}' } }
paging: { type: cursor, path: next }
window: { filter: none }
records: { path: data, id: { paths: [id] } }
limits: { page: 2 }
`,
  );
  const environment = { FIG_URL: server.url };
  const ended = await run(['check', '--source', './fig.yaml', '--state-dir', '.'], { directory, environment });
  assert.equal(ended.status, 0, ended.stderr);
  assert.match(ended.stderr, /^audit-export: warning: fig: page 1 was full, and nothing stands at next: /);
  assert.match(
    ended.stdout,
    /^warning source fig: logged in, 2 records on .*; page 1 was full, and nothing stands at next: [^;]*$/m,
  );
});

for (const [what, at, line] of [
  [
    'what a vendor shows of the first day, being asked by days, is no fault of the times',
    (day: string) => `${day}T00:00:00Z`,
    /^ok {6}source sloe: logged in, 1 record on the first page of \S+ to \S+$/m,
  ],
  [
    'a vendor that shows what is older than it was asked for is a warning: a run would leave out every record',
    () => '2020-01-01T00:00:00Z',
    /^warning source sloe: logged in, 1 record on .*; none of them with a time in that window \(one is of 2020-01-01T/m,
  ],
] as const) {
  test(what, async (t) => {
    const server = await serve({}, ({ target }, response) => {
      const day = /\bfrom=([\d-]+)/.exec(target)?.[1] ?? '';
      sendJson(response, 200, `[{"id":1,"at":"${at(day)}"}]`);
    });
    t.after(() => server.close());
    const directory = scratch(t);
    writeFileSync(
      join(directory, 'sloe.yaml'),
      `name: sloe
summary: Sloes.
settings: { SLOE_URL: { summary: Address., kind: url, required: true } }
url: '{SLOE_URL}'
auth: { type: none }
request: { path: /log, query: { from: '{from}', until: '{until}' } }
paging: { type: none }
window: { filter: event, time: { format: date, inclusive: true } }
records: { id: { paths: [id] }, time: { path: at, format: iso } }
`,
    );
    const environment = { SLOE_URL: server.origin };
    const ended = await run(['check', '--source', './sloe.yaml', '--state-dir', '.'], { directory, environment });
    assert.equal(ended.status, 0, ended.stderr);
    assert.match(ended.stdout, line);
  });
}

test('a source that fails is named once on its line', async (t) => {
  for (const [body, said] of [
    ['', /^FAILED {2}source acme: the reply to page 1 is empty$/m],
    ['{"records":[', /^FAILED {2}source acme: the reply to page 1 was cut off before its end$/m],
  ] as const) {
    const here = await scene(t);
    here.vendor.fault = () => reply(200, { 'Content-Type': 'application/json' }, body);
    const { status, stdout, stderr } = await here.run(['check']);
    assert.equal(status, 76);
    assert.match(stdout, said);
    assert.match(stderr, /^audit-export: acme: the reply to page 1 (?:is|was) /);
  }
});

test('--max-runtime ends a check as well, where a vendor does not answer', async (t) => {
  const server = await rawServer(silence);
  t.after(() => server.close());
  const started = performance.now();
  const { status, stdout, stderr } = await check(t, 'stdout', { SAMPLE_URL: server.url }, ['--max-runtime', '1s']);
  assert.ok(performance.now() - started < 15_000, 'of the minute that a request may take');
  assert.equal(status, 75, stderr);
  assert.match(stdout, /^FAILED {2}source sample: --max-runtime 1s is over before everything was looked at$/m);
  assert.match(stderr, /^hint: allow more time if this repeats$/m);
});

test('the window that a run would ask for first is looked at', async (t) => {
  const day = 86_400_000;
  for (const [flags, longest, from, until] of [
    [['--since', '2h', '--until', '1h'], undefined, 7_200_000, 3_600_000],
    [['--since', '2h'], undefined, 7_200_000, 0],
    [['--until', '1d'], undefined, day + 3_600_000, day],
    [['--first-run', '30m'], undefined, 1_800_000, 0],
    [['--since', '9d', '--until', '1d'], '2d', 9 * day, 7 * day],
  ] as const) {
    const here = await scene(t, {
      define: (base) => ({ ...base, window: { ...base.window, ...(longest !== undefined && { longest }) } }),
    });
    const { status, stdout } = await here.run(['check', ...flags]);
    assert.equal(status, 0, stdout);
    const asked = new URL(here.vendor.requests[0]?.path ?? '', here.vendor.url).searchParams;
    assert.deepEqual(
      ['from', 'until'].map((name) => here.clock.now - Date.parse(asked.get(name) ?? '')),
      [from, until],
      flags.join(' '),
    );
  }
});

test('an output file is not made by looking whether it could be, and one that is there stays as it is', async (t) => {
  const directory = scratch(t);
  const path = join(directory, 'out.jsonl');
  const look = (output: string): Promise<Ended> => check(t, 'file', {}, ['--output', output]);
  const fresh = await look(path);
  assert.deepEqual([fresh.status, fresh.stderr], [0, '']);
  assert.ok(fresh.stdout.includes(`ok      sink file: ready at ${path}\n`), fresh.stdout);
  assert.deepEqual(readdirSync(directory), []);
  writeFileSync(path, 'a torn li');
  assert.equal((await look(path)).status, 0);
  assert.deepEqual([readdirSync(directory), readFileSync(path, 'utf8')], [['out.jsonl'], 'a torn li']);
  symlinkSync('nowhere', join(directory, 'link'));
  for (const [output, status, said] of [
    [join(directory, 'none/out.jsonl'), 73, /no such directory/],
    [directory, 73, /it is a directory/],
    ['/dev/null', 73, /not a regular file\nhint: name a file; for a pipe or a device use the stdout sink/],
    [join(directory, 'link'), 78, /it is a symbolic link/],
    ['/sys/new.jsonl', 73, /permission|not permitted/], // where nobody may make a file, root neither
  ] as const) {
    const { status: found, stderr } = await look(output);
    assert.deepEqual([found, said.test(stderr)], [status, true], stderr);
  }
});

test('an output file that has got another name since a run wrote to it is no fault of the next run, nor of the check', async (t) => {
  const directory = scratch(t);
  const path = join(directory, 'out.jsonl');
  const words = ['--source', 'sample', '--state-dir', join(directory, 'state'), '--job', 'demo', '--output', path];
  chmodSync(directory, 0o1777);
  assert.equal((await run(words)).status, 0);
  linkSync(path, join(directory, 'backup'));
  for (const argv of [['check', ...words], words]) {
    const { status, stderr } = await run(argv);
    assert.deepEqual([status, stderr], [0, ''], argv[0]);
  }
  const other = await run(['check', ...words, '--job', 'another']);
  assert.deepEqual([other.status, / is a hard link/.test(other.stderr)], [73, true], other.stderr);
});

test('a job that a run is working on right now is no fault, and its position is left to that run', async (t) => {
  const directory = join(scratch(t), 'state');
  const lock = await lockJob(directory, 'busy');
  const { status, stdout, stderr } = await check(t, 'stdout', {}, ['--job', 'busy', '--state-dir', directory]);
  await lock.release();
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /^ok {6}position: in use by a run right now$/m);
});

test('a check never has the lock, at which a run that begins just then would end', async (t) => {
  const here = await scene(t);
  const steps: string[] = [];
  onReached((step) => void steps.push(step));
  t.after(() => onReached(undefined));
  for (const name of ['a first', 'a later'] as const) {
    assert.equal((await here.run(['check'])).status, 0, name);
    assert.deepEqual(
      steps.filter((step) => step.startsWith('lock: ')),
      [],
    );
    assert.equal((await here.run()).status, 0, name);
    steps.length = 0;
  }
});

test('a state directory on a full disk is 74, as in a run, and what the check has tried leaves no trace', async (t) => {
  const here = await scene(t);
  mkdirSync(here.stateDirectory);
  await mounted(t, here.stateDirectory, 'size=64k', async () => {
    for (const name of ['a first', 'a later'] as const) {
      const filler = fillUp(here.stateDirectory);
      const before = readdirSync(here.stateDirectory);
      const full = await here.run(['check']);
      assert.equal(full.status, 74, name);
      assert.match(full.stdout, /^FAILED {2}position: cannot save the position in \S+: the disk is full \(ENOSPC\)$/m);
      assert.match(full.stdout, /^ok {6}source /m);
      assert.match(full.stderr, /^hint: free some space/m);
      assert.equal((await here.run()).status, 74, 'a run');
      assert.deepEqual(readdirSync(here.stateDirectory), before);
      rmSync(filler);
      assert.equal((await here.run(['check'])).status, 0, name);
      assert.equal((await here.run()).status, 0, name);
    }
  });
});

test('a check that reads the position keeps no run away meanwhile', async (t) => {
  const here = await scene(t);
  assert.equal((await here.run()).status, 0);
  const { open } = files;
  t.after(() => setOpen(open));
  let runs = 0;
  setOpen(async (path, ...words) => {
    if (basename(String(path)).endsWith('.position')) {
      runs += 1;
      const job = basename(String(path), '.position');
      await (await lockJob(here.stateDirectory, decodeURIComponent(job))).release();
    }
    return open(path, ...words);
  });
  const { status, stdout, stderr } = await here.run(['check']);
  assert.deepEqual([status, stderr], [0, '']);
  assert.ok(runs > 0);
  assert.match(stdout, /^ok {6}position: \S+\.position$/m, 'nor does it take itself for a run');
});

function setOpen(open: typeof files.open): void {
  files.open = open;
  syncBuiltinESMExports();
}
