/** JSON Lines on standard input, in real pipes. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { mounted, until } from './faults/processes.ts';
import { linesOf } from './support/lines.ts';
import { ended, scratch, shell, start } from './support/program.ts';
import { fakeElastic, withoutMark } from './support/sinks/elastic.ts';
import { fakeSekoia } from './support/sinks/sekoia.ts';
import { fakeSplunk } from './support/sinks/splunk.ts';
import { sendJson, serve } from './support/vendors/server.ts';

/** What `spl audit export` prints, for some record numbers. */
function exported(...numbers: readonly number[]): string {
  const record = (number: number): string =>
    `{"category":"system","thread":"th_1","record":{"id":"id-${number}","clock":${number},"body":{"n":1.10}}}\n`;
  return `# spl audit export\n${numbers.map(record).join('')}`;
}

test('an hourly export that reaches back over the last one is delivered once', async (t) => {
  const directory = scratch(t);
  const pull = 'cat in | $AUDIT_EXPORT --source - --state-dir state >> got';
  writeFileSync(join(directory, 'in'), exported(1, 2, 3));
  assert.deepEqual((await shell(pull, { directory })).stderr, '');
  writeFileSync(join(directory, 'in'), exported(2, 3, 4));
  assert.equal((await shell(pull, { directory })).status, 0);
  const ids = linesOf(readFileSync(join(directory, 'got'), 'utf8')).map((line) => /id-\d+/.exec(line)?.[0]);
  assert.deepEqual(ids, ['id-1', 'id-2', 'id-3', 'id-4']);
});

test('a tick that could not deliver is made good by an export that reaches back over it, and by no other', async (t) => {
  const directory = scratch(t);
  const elastic = await fakeElastic();
  t.after(() => elastic.close());
  const environment = { ELASTIC_URL: elastic.url, ELASTIC_INDEX: 'audit', ELASTIC_API_KEY: 'id:key' };
  const tick = (...numbers: readonly number[]): ReturnType<typeof shell> => {
    writeFileSync(join(directory, 'in'), exported(...numbers));
    return shell('cat in | $AUDIT_EXPORT --source - --sink elastic --state-dir state', { directory, environment });
  };
  assert.equal((await tick(1)).status, 0);
  elastic.hook = () => ({ status: 401 });
  assert.equal((await tick(1, 2)).status, 77);
  elastic.hook = undefined;
  assert.equal((await tick(3)).status, 0);
  assert.deepEqual(
    [...elastic.documents.keys()].map(withoutMark),
    ['stdin:id-1', 'stdin:id-3'],
    'the pipe is not asked again',
  );
  assert.equal((await tick(1, 2, 3)).status, 0);
  assert.deepEqual([...elastic.attempts.values()], [1, 1, 1]);
});

test('with --no-position the whole pipe passes every time, and nothing is left behind', async (t) => {
  const directory = scratch(t);
  writeFileSync(join(directory, 'in'), exported(1, 2));
  for (let time = 0; time < 2; time++) {
    const result = await shell('cat in | $AUDIT_EXPORT --source - --no-position', { directory });
    assert.deepEqual([result.status, result.stderr, linesOf(result.stdout).length], [0, '', 2]);
  }
  assert.ok(!existsSync(join(directory, '.local')));
});

test('pipes into one index are kept apart by their jobs, though their IDs are the same', async (t) => {
  const elastic = await fakeElastic();
  t.after(() => elastic.close());
  const directory = scratch(t);
  const environment = { ELASTIC_URL: elastic.url, ELASTIC_INDEX: 'audit', ELASTIC_API_KEY: 'id:key' };
  for (const job of ['north', 'south']) {
    const pull = `echo '{"id":1,"from":"${job}"}' | $AUDIT_EXPORT --source - --sink elastic --state-dir state --job ${job}`;
    assert.deepEqual((await shell(pull, { directory, environment })).stderr, '');
  }
  assert.deepEqual([...elastic.documents.keys()].map(withoutMark), ['north:1', 'south:1']);
});

test('a torn last line is 76 after the lines before it, and the next export brings it again', async (t) => {
  const directory = scratch(t);
  writeFileSync(join(directory, 'in'), exported(1, 2, 3).slice(0, -10));
  const pull = 'cat in | $AUDIT_EXPORT --source - --state-dir state --output got';
  const got = (): string => readFileSync(join(directory, 'got'), 'utf8');
  const torn = await shell(pull, { directory });
  assert.equal(torn.status, 76);
  assert.match(torn.stderr, /^audit-export: standard input was cut off in its last line\nhint: .*its status\n$/);
  assert.equal(got(), exported(1, 2).replace(/^#.*\n/, ''));
  writeFileSync(join(directory, 'in'), exported(1, 2, 3));
  assert.equal((await shell(pull, { directory })).status, 0);
  assert.equal(got(), exported(1, 2, 3).replace(/^#.*\n/, ''));
});

test('a line that is not JSON is set aside in each run that it comes to, for it may be another one', async (t) => {
  const directory = scratch(t);
  for (let run = 1; run <= 3; run++) {
    const pull = `printf 'bad line\\n{"id":"${run}"}\\n' | $AUDIT_EXPORT --source - --job q --state-dir state`;
    const { status, stdout, stderr } = await shell(pull, { directory });
    assert.deepEqual([status, stdout], [3, `{"id":"${run}"}\n`]);
    assert.match(stderr, /^audit-export: 1 record was not delivered but set aside in .*q\.quarantine\.jsonl\n/);
    assert.equal(linesOf(readFileSync(join(directory, 'state', 'q.quarantine.jsonl'), 'utf8')).length, run);
  }
});

test('a command that fails is not said to get the same records again, where they come from a pipe', async (t) => {
  const directory = scratch(t);
  writeFileSync(join(directory, 'in'), exported(1, 2));
  const pull = `cat in | $AUDIT_EXPORT --source - --state-dir state -- sh -c 'cat >/dev/null; exit 3'`;
  const { status, stderr } = await shell(pull, { directory });
  assert.equal(status, 74, stderr);
  const hint =
    'see what it says; stdin cannot be asked again: have the command before the pipe print once more what was not taken';
  assert.equal(/^hint: (.*)$/m.exec(stderr)?.[1], hint);
});

test('what a destination did not take is to be put in again, for a pipe cannot be asked twice', async (t) => {
  const splunk = await fakeSplunk();
  t.after(() => splunk.close());
  const directory = scratch(t);
  writeFileSync(join(directory, 'in'), exported(1, 2, 3));
  const environment = { SPLUNK_URL: splunk.url, SPLUNK_TOKEN: 'a-long-token' };
  const pull = 'cat in | $AUDIT_EXPORT --source - --sink splunk --state-dir state';
  splunk.hook = ({ path }) =>
    path.endsWith('/event') ? { status: 400, body: { text: 'Incorrect index', code: 7 } } : undefined;
  const refused = await shell(pull, { directory, environment });
  assert.equal(refused.status, 78);
  const hint =
    /^hint: .*; stdin cannot be asked again: have the command before the pipe print once more what was not taken$/m;
  assert.match(refused.stderr, hint);
  splunk.hook = undefined;
  assert.deepEqual((await shell(pull, { directory, environment })).stderr, '');
  assert.equal(splunk.lines.length, 3);
});

test('a single query of an input that ends is whole, also when the writer takes a while to end', async (t) => {
  const directory = scratch(t);
  const line = '{ echo \'{"id":1}\'; sleep 1; } | $AUDIT_EXPORT --source - -x --no-position';
  assert.deepEqual(await shell(line, { directory }), { status: 0, signal: null, stdout: '{"id":1}\n', stderr: '' });
});

test('a time is read by whatever form and zone are listed for a source, so that what was set aside keeps its time', async (t) => {
  const directory = scratch(t);
  const options = { directory, environment: { HOME: directory, ELASTIC_INDEX: 'audit' } };
  const definition = (time: string): string =>
    `{name: x, summary: X., settings: {}, url: 'https://x.test', auth: {type: none}, request: {path: /}, paging: {type: none}, window: {filter: none}, records: {id: {content: true}, time: ${time}}}`;
  for (const [time, text, moment] of [
    ['{path: at, format: sql, zone: America/New_York}', '2026-11-20 04:00:00', '2026-11-20T09:00:00.000Z'],
    ['{path: at, format: iso-naive, zone: "+02:00"}', '2026-11-20T11:00:00.5', '2026-11-20T09:00:00.500Z'],
    ["{path: at, format: {pattern: 'DD.MM.YYYY, HH:mm'}}", '20.11.2026, 09:00', '2026-11-20T09:00:00.000Z'],
    [
      "{path: at, format: {pattern: 'M/D/YYYY h:mm A'}, zone: Europe/Warsaw}",
      '11/20/2026 10:00 AM',
      '2026-11-20T09:00:00.000Z',
    ],
  ]) {
    writeFileSync(join(directory, 'x.yaml'), definition(time ?? ''));
    const list = await shell('$AUDIT_EXPORT sources ./x.yaml', options);
    const [, path, format] = /^ +time +(\S+) \((.*)\)$/m.exec(list.stdout) ?? [];
    writeFileSync(join(directory, 'in'), `{"id":1,"at":"${text}"}\n`);
    const { status, stdout, stderr } = await shell(
      `cat in | $AUDIT_EXPORT --source - --time-path ${path} --time-format '${format}' --no-position --bulk-format elastic`,
      options,
    );
    assert.deepEqual([status, stderr], [0, ''], format);
    assert.match(stdout, new RegExp(`"@timestamp":"${moment}"`), format);
  }
});

test('an ID is found by whatever is listed for a source, so that what was set aside keeps its _id', async (t) => {
  const directory = scratch(t);
  const rows = ['{"id":1,"at":"2026-11-20T09:00:00Z"}', '{"id":1,"b":2,"c":"x","at":"2026-11-20T09:00:00Z"}'];
  const vendor = await serve({}, (_, response) => sendJson(response, 200, `[${rows.join(',')}]`));
  t.after(() => vendor.close());
  const environment = { HOME: directory, ELASTIC_INDEX: 'audit', X_URL: vendor.origin };
  const options = { directory, environment };
  writeFileSync(join(directory, 'in'), rows.map((row) => `${row}\n`).join(''));
  for (const [id, flag] of [
    ['{content: true}', "--id-path 'its content'"],
    ['{content: true, without: [c]}', "--id-path 'its content' --volatile-path c"],
    ['{paths: [a.b, b, id], first: true}', "--id-path 'a.b, else b, else id'"],
    ['{paths: [id, c]}', '--id-path id --id-path c'],
  ] as const) {
    writeFileSync(
      join(directory, 'x.yaml'),
      `{name: x, summary: X., settings: {X_URL: {summary: Address., kind: url}}, url: '{X_URL}', auth: {type: none}, request: {path: /}, paging: {type: none}, window: {filter: none}, records: {id: ${id}, time: {path: at, format: iso}}}`,
    );
    const list = await shell('$AUDIT_EXPORT sources ./x.yaml', options);
    const listed = /^ +ID +(.*)$/m.exec(list.stdout)?.[1] ?? '';
    assert.ok(listed === 'id and c' || flag.includes(`--id-path '${listed}'`), listed);
    const first = await shell('$AUDIT_EXPORT --source ./x.yaml --no-position --bulk-format elastic', options);
    const job = /"_id":"([^:"]*):/.exec(first.stdout)?.[1] ?? '';
    const again = await shell(
      `cat in | $AUDIT_EXPORT --source - --no-position --job ${job} ${flag} --time-path at --bulk-format elastic`,
      options,
    );
    assert.deepEqual([first.status, again.status, again.stderr], [0, 0, ''], flag);
    const [before, after] = [first, again].map(({ stdout }) => stdout.match(/"_id":"[^"]*"/g) ?? []);
    assert.equal(before?.length, 2);
    assert.deepEqual(after, before, flag);
  }
});

test('an unknown time format, and a zone for times that name their own, are refused with 64 and what may be written instead', async (t) => {
  const options = { directory: scratch(t) };
  for (const format of ['sqll', 'sql, Nowhere/Land', 'epoch-s, +02:00', 'rfc2822, Europe/Warsaw', 'YYYY']) {
    const command = `$AUDIT_EXPORT --source - --no-position --time-path at --time-format '${format}' < /dev/null`;
    const { status, stderr } = await shell(command, options);
    assert.equal(status, 64, format);
    assert.match(stderr, /--time-format cannot be .*\nhint: .*epoch-s.* or a pattern such as .* zone/);
  }
});

test('a terminal, and times that no line has, are refused with 64', async (t) => {
  const directory = scratch(t);
  const options = { directory, environment: { HOME: directory } };
  const terminal = await shell('script -qec "$AUDIT_EXPORT --source -" /dev/null < /dev/null', options);
  if (!/not found/.test(terminal.stderr)) {
    assert.match(terminal.stdout, /standard input is a terminal/);
    assert.equal(terminal.status, 64);
  }
  for (const flags of [
    '--since 1h',
    '--until 2026-01-01T00:00:00Z',
    '--time-format iso',
    '--id-path a..b',
    '--id-path a[0]',
    '--volatile-path a[0]',
    '--volatile-path ,',
    '--time-path /t',
  ]) {
    const result = await shell(`$AUDIT_EXPORT --source - ${flags} < /dev/null`, options);
    assert.equal(result.status, 64, flags);
  }
  for (const flag of ['--id-path', '--volatile-path']) {
    assert.equal((await shell(`$AUDIT_EXPORT --source sample ${flag} a`, options)).status, 64);
  }
});

test('what a reader took and then lost comes again only with --no-position', async (t) => {
  for (const [flags, again] of [
    ['', 0],
    ['--no-position', 3],
  ] as const) {
    const directory = scratch(t);
    writeFileSync(join(directory, 'in'), exported(1, 2, 3));
    const pull = `cat in | $AUDIT_EXPORT --source - --state-dir state --bulk-format elastic ${flags}`;
    const options = { directory, environment: { ELASTIC_INDEX: 'audit' } };
    assert.equal((await shell(`${pull} | { cat > /dev/null; exit 22; }`, options)).status, 22);
    const next = await shell(pull, options);
    assert.deepEqual([next.status, linesOf(next.stdout).length], [0, 2 * again], flags);
  }
});

test('members that --volatile-path names do not change the _id, and are delivered as they came', async (t) => {
  const directory = scratch(t);
  async function printed(record: string, flags: string): Promise<{ readonly id: string; readonly lines: string[] }> {
    writeFileSync(join(directory, 'in'), `${record}\n`);
    const pull = `cat in | $AUDIT_EXPORT --source - --no-position --id-path uid --bulk-format elastic ${flags}`;
    const { status, stdout, stderr } = await shell(pull, { directory, environment: { ELASTIC_INDEX: 'audit' } });
    assert.deepEqual([status, stderr], [0, '']);
    const [action = '', ...others] = linesOf(stdout);
    return { id: /"_id":"([^"]*)"/.exec(action)?.[1] ?? '', lines: others };
  }
  const [first, second] = [
    '{"uid":"u1","cursor":"a","n":1.10,"page":{"at":1}}',
    '{"cursor":"b","uid":"u1","n":1.10,"page":{"at":2}}',
  ];
  const [plain] = [await printed('{"uid":"u1","n":1.10,"page":{}}', '')];
  for (const flags of ['--volatile-path cursor,page.at', '--volatile-path cursor --volatile-path " page.at"']) {
    const [a, b] = [await printed(first, flags), await printed(second, flags)];
    assert.deepEqual([a.id, b.id], [plain.id, plain.id]);
    assert.match(b.lines.join(), /"cursor":"b","uid":"u1","n":1\.10,"page":\{"at":2\}/);
  }
  assert.notEqual((await printed(first, '--volatile-path cursor')).id, plain.id);
});

for (const [input, status, message] of [
  ['< .', 74, 'standard input cannot be read (EISDIR)'],
  ['0> made', 74, 'standard input cannot be read (EBADF)'],
  ['<&-', 78, 'standard input is closed, no records can come from it'],
] as const) {
  test(`an input that cannot be read, ${input}, is ${status}, also for check`, async (t) => {
    const directory = scratch(t);
    for (const command of ['', 'check']) {
      const line = `$AUDIT_EXPORT ${command} --source - --state-dir state ${input}`;
      const { status: ended, stderr } = await shell(line, { directory });
      assert.equal(stderr.split('\n')[0], `audit-export: ${message}`, command);
      assert.equal(ended, status, command);
    }
  });
}

test('a stream without an end is delivered as it comes, at most a second late', async (t) => {
  const directory = scratch(t);
  const argv = ['--source', '-', '--state-dir', 'state', '--output', 'got'];
  const pipe = join(directory, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const input = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK); // what the program does not read, stays in there
  t.after(() => closeSync(input));
  const child = start(argv, { directory, stdio: [openSync(pipe, 'r'), 'pipe', 'pipe'] });
  const end = ended(child);
  const got = (): number => {
    const path = join(directory, 'got');
    return existsSync(path) ? linesOf(readFileSync(path, 'utf8')).length : 0;
  };
  while (!existsSync(join(directory, 'got'))) await sleep(20); // it has started
  const late: number[] = [];
  for (let number = 1; number <= 3; number++) {
    writeSync(input, exported(number));
    const written = Date.now();
    while (got() < number && Date.now() - written < 60_000) await sleep(20);
    assert.equal(got(), number);
    late.push(Date.now() - written);
  }
  assert.ok(Math.min(...late) < 2000, `${late.join(', ')} ms`); // a busy machine may stop any of them, and hardly all
  writeSync(input, exported(4));
  await sleep(300);
  child.kill('SIGTERM');
  const result = await end;
  assert.equal(result.status, 143, result.stderr);
  writeSync(input, '.'); // so that there is something to read
  const unread = Buffer.alloc(10_000);
  const isUnread = readSync(input, unread) > 1;
  assert.equal(got(), isUnread ? 3 : 4, 'what was read is delivered before it stops');
});

for (const flags of [[], ['--no-position']]) {
  test(`a file that is taken away while a stream goes into it is 74, and no run has its records ${flags.join()}`, async (t) => {
    const directory = scratch(t);
    const argv = ['--source', '-', '--state-dir', 'state', '--output', 'got', ...flags];
    const child = start(argv, { directory, stdio: ['pipe', 'pipe', 'pipe'] });
    const end = ended(child);
    const path = join(directory, 'got');
    child.stdin?.write('{"id":1}\n');
    await until(() => existsSync(path) && readFileSync(path, 'utf8') !== '');
    rmSync(path);
    child.stdin?.end('{"id":2}\n');
    const { status, stderr } = await end;
    assert.equal(status, 74, stderr);
    assert.match(stderr, /^audit-export: \S+got was removed while it was written to\nhint: let log rotation rename/);
    assert.match(stderr, /; stdin cannot be asked again: have the command before the pipe print once more/);
    assert.doesNotMatch(stderr, /next run/);
  });
}

test('a pipe is not promised that the next run goes on: what was not read of it, or not taken, is gone', async (t) => {
  const directory = scratch(t);
  const again = 'stdin cannot be asked again: have the command before the pipe print once more what was not taken';
  const full = join(directory, 'full');
  mkdirSync(full);
  await mounted(t, full, 'size=4k,nr_inodes=4', async () => {
    for (const name of ['a', 'b', 'c']) writeFileSync(join(full, name), '');
    const line = `echo '{"id":1}' | $AUDIT_EXPORT --source - --state-dir`;
    for (const words of ['state --output full/got', 'full']) {
      const { status, stderr } = await shell(`${line} ${words}`, { directory });
      assert.equal(status, 74, stderr);
      assert.ok(
        stderr.endsWith(`\nhint: free some space, or files where df -i shows that there may be no more; ${again}\n`),
        stderr,
      );
    }
  });
  for (const flags of [[], ['--no-position']]) {
    const child = start(['--source', '-', '--state-dir', 'state', ...flags], {
      directory,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const end = ended(child);
    child.stdin?.write('{"id":2}\n');
    await once(child.stdout ?? child, 'data');
    child.kill('SIGTERM');
    const { status, stderr } = await end;
    assert.deepEqual([status, stderr], [143, `audit-export: stopped by SIGTERM\nhint: ${again}\n`]);
  }
  const [name = ''] = readdirSync(join(directory, 'state')).filter((file) => /^stdin\.stdout.*\.position$/.test(file));
  assert.ok(readFileSync(join(directory, 'state', name), 'utf8').includes(`"hint": "${again}"`), name);
});

test('a search into a file is not over before the file is on the disk', async (t) => {
  const { stderr } = await shell('strace -f -e trace=fsync $AUDIT_EXPORT -s sample --since 1h --output got', {
    directory: scratch(t),
  });
  if (/not found|Operation not permitted/.test(stderr)) return t.skip('nothing can be traced here');
  assert.match(stderr, /fsync\(\d+/);
});

test('a reader that has enough ends a stream without an end, quietly where no position is kept', async (t) => {
  const directory = scratch(t);
  const line =
    'while echo \'{"a":1}\'; do :; done 2> /dev/null | { $AUDIT_EXPORT --source - --no-position --dedupe content; echo $? >&3; } 3> status | head -1; cat status';
  const result = await shell(line, { directory });
  assert.deepEqual(linesOf(result.stdout), ['{"a":1}', '0']);
});

test('--max-runtime ends a stream with 75, and what was read is delivered', async (t) => {
  const directory = scratch(t);
  const argv = ['--source', '-', '--state-dir', 'state', '--max-runtime', '2s', '--output', 'got'];
  const child = start(argv, { directory, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin?.write('{"id":1}\n');
  const result = await ended(child);
  assert.equal(result.status, 75, result.stderr);
  assert.equal(readFileSync(join(directory, 'got'), 'utf8'), '{"id":1}\n');
});

test('the recipe of the Syncropel document: --bulk-format elastic into curl', async (t) => {
  const directory = scratch(t);
  const server = await fakeElastic();
  t.after(() => server.close());
  writeFileSync(join(directory, 'in'), exported(1, 2));
  const line =
    'cat in | $AUDIT_EXPORT --source - --state-dir state --bulk-format elastic | ' +
    `curl -s -X POST "${server.url}/syncropel-audit/_bulk" -H "Content-Type: application/x-ndjson" ` +
    '-H "Authorization: ApiKey x" --data-binary @-';
  const result = await shell(line, { directory });
  assert.equal(result.stderr, '');
  assert.equal((JSON.parse(result.stdout) as { errors: boolean }).errors, false);
  assert.deepEqual([...server.documents.keys()].map(withoutMark), ['stdin:id-1', 'stdin:id-2']);
  const [first = ''] = server.documents.values();
  assert.match(first, /"body":\{"n":1\.10\}/);
});

test('the recipe of the Syncropel document for Splunk and Sekoia.io, with no credential of theirs asked for', async (t) => {
  const directory = scratch(t);
  const [splunk, sekoia] = [await fakeSplunk(), await fakeSekoia()];
  t.after(() => Promise.all([splunk.close(), sekoia.close()]));
  writeFileSync(join(directory, 'in'), exported(1, 2));
  const pipe = (format: string, target: string): string =>
    `cat in | $AUDIT_EXPORT --source - --no-position --bulk-format ${format} -- curl -sS --fail-with-body ${target} --data-binary @-`;
  const toSplunk = await shell(
    pipe('splunk', `-H "Authorization: Splunk a-long-token" ${splunk.url}/services/collector/event`),
    { directory },
  );
  assert.equal(toSplunk.status, 0, toSplunk.stderr);
  assert.equal(splunk.lines.length, 2);
  assert.deepEqual((JSON.parse(splunk.lines[0] ?? '') as { fields: unknown }).fields, { record_id: 'id-1' });
  const toSekoia = await shell(
    pipe('sekoia', `-H "X-SEKOIAIO-INTAKE-KEY: a-long-key" -H "Content-Type: text/plain" ${sekoia.url}/plain/batch`),
    { directory },
  );
  assert.equal(toSekoia.status, 0, toSekoia.stderr);
  const events = sekoia.lines.filter((line) => line !== ''); // a pipe ends its last line as well
  assert.deepEqual(events, linesOf(exported(1, 2)).slice(1));
  const refused = await shell(
    pipe('splunk', `-H "Authorization: Splunk wrong" ${splunk.url}/services/collector/event`),
    {
      directory,
    },
  );
  assert.equal(refused.status, 74);
  assert.match(refused.stderr, /Invalid token[^]*the command curl ended with status 22/);
});

test('what --bulk-format prints into a file is what the pipe gets, and a closed pipe ends it with 74', async (t) => {
  const directory = scratch(t);
  writeFileSync(join(directory, 'in'), exported(1, 2));
  const flags = '--source - --no-position --bulk-format splunk';
  const piped = await shell(`cat in | $AUDIT_EXPORT ${flags} | cat`, { directory });
  await shell(`cat in | $AUDIT_EXPORT ${flags} --output file`, { directory });
  assert.equal(readFileSync(join(directory, 'file'), 'utf8'), piped.stdout);
  assert.equal(linesOf(piped.stdout).length, 2);
});

test('a run that is killed while its input goes on holds up no later one', async (t) => {
  const directory = scratch(t);
  const child = start(['--source', '-', '--state-dir', 'state', '--output', 'got'], {
    directory,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  while (!existsSync(join(directory, 'got'))) await sleep(20);
  child.stdin?.on('error', () => undefined);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const again = await shell('echo \'{"id":1}\' | $AUDIT_EXPORT --source - --state-dir state --output got', {
    directory,
  });
  assert.deepEqual([again.status, again.stderr], [0, '']);
  assert.equal(readFileSync(join(directory, 'got'), 'utf8'), '{"id":1}\n');
});
