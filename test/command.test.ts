/** The command after `--`, in real processes: what it takes is delivered once, what it does not take is not lost. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, openSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { until } from './faults/processes.ts';
import { linesOf } from './support/lines.ts';
import { ended, run, scratch, shell, start, type Ended } from './support/program.ts';
import { fakeElastic, withoutMark } from './support/sinks/elastic.ts';

const environment = { PATH: '/usr/bin:/bin' };

/** The sample's records, to a line of shell that reads them. */
function pullInto(directory: string, script: string, more: readonly string[] = []): Promise<Ended> {
  const argv = ['-s', 'sample', '--state-dir', 'state', '--job', 'one', ...more, '--', 'sh', '-c', script];
  return run(argv, { directory, environment });
}

/** What `cat >> got` has got. */
function got(directory: string): string[] {
  const path = join(directory, 'got');
  return existsSync(path) ? linesOf(readFileSync(path, 'utf8')) : [];
}

test('records go to the command, once; with nothing new it is not started', async (t) => {
  const directory = scratch(t);
  const first = await pullInto(directory, 'cat >> got; echo run >> runs');
  assert.deepEqual([first.status, first.stdout, first.stderr], [0, '', '']);
  const count = got(directory).length;
  assert.ok(count > 200);
  await pullInto(directory, 'cat >> got; echo run >> runs');
  assert.equal(new Set(got(directory)).size, got(directory).length);
  const before = readFileSync(join(directory, 'runs'), 'utf8');
  const none = await pullInto(directory, 'cat >> got; echo run >> runs', [
    '--job',
    'two',
    '--query',
    'action=none',
    '-c',
  ]);
  assert.deepEqual([none.status, none.stderr], [0, '']);
  assert.equal(readFileSync(join(directory, 'runs'), 'utf8'), before);
});

const failures: readonly (readonly [what: string, script: string, said: RegExp, more?: readonly string[]])[] = [
  ['exits 22 after it has read all', 'cat > /dev/null; exit 22', /the command sh ended with status 22/],
  ['exits 0 and reads nothing', 'exit 0', /the command sh did not read all of its input/],
  ['exits 0 after one line', 'read -r line', /the command sh did not read all of its input/],
  ['exits 3 before it reads', 'exit 3', /the command sh ended with status 3/],
  ['is killed', 'kill -9 $$', /the command sh was ended by SIGKILL/],
  ['is killed after it has read all', 'cat > /dev/null; kill -9 $$', /the command sh was ended by SIGKILL/],
  ['reads all and hangs', 'cat > /dev/null; sleep 1000', /the command sh did not end within 1 s/, ['--timeout', '1s']],
  ['reads nothing and hangs', 'sleep 1000', /the command sh (?:did not end|read nothing)/, ['--timeout', '1s']],
  ['is a shell that finds no command', 'exec no-such-program', /the command sh ended with status 127\n/],
];

for (const [what, script, said, more = []] of failures) {
  test(`a command that ${what}: 74, and the next run gives it everything again`, async (t) => {
    const directory = scratch(t);
    const failed = await pullInto(directory, script, more);
    assert.equal(failed.status, 74, failed.stderr);
    assert.match(failed.stderr, said);
    assert.equal(failed.stdout, '');
    const next = await pullInto(directory, 'cat > got');
    assert.equal(next.status, 0, next.stderr);
    assert.ok(got(directory).length > 200);
  });
}

/** Gone, or dead and not yet buried. */
function isDead(pid: string): boolean {
  try {
    return /\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

test('a hanging command is ended with all that it started', async (t) => {
  const directory = scratch(t);
  await pullInto(directory, 'sleep 1000 & echo $! > pid; echo $$ >> pid; wait', ['--timeout', '1s']);
  const pids = linesOf(readFileSync(join(directory, 'pid'), 'utf8'));
  assert.equal(pids.length, 2);
  for (const pid of pids) await until(() => isDead(pid)); // a moment after the signal, for a machine may be busy
});

test('SIGTERM while the command is slow: what it was given comes again', async (t) => {
  const directory = scratch(t);
  const argv = ['-s', 'sample', '--state-dir', 'state', '--', 'sh', '-c', 'echo x > begun; exec sleep 1000'];
  const child = start(argv, { directory, environment });
  const end = ended(child);
  while (!existsSync(join(directory, 'begun'))) await sleep(20);
  child.kill('SIGTERM');
  child.kill('SIGTERM'); // the second one does not wait for the command
  assert.equal((await end).status, 143);
});

test('kill -9 of this program: the command sees the end of its input, and the next run repeats it', async (t) => {
  const directory = scratch(t);
  writeFileSync(join(directory, 'in'), Array.from({ length: 5000 }, (_, id) => `{"id":${id}}\n`).join(''));
  const pull = (script: string): ReturnType<typeof start> =>
    start(['-s', '-', '--state-dir', 'state', '--job', 'one', '--', 'sh', '-c', script], {
      directory,
      environment,
      stdio: [openSync(join(directory, 'in'), 'r'), 'pipe', 'pipe'],
    });
  const child = pull('read -r line; echo x > begun; cat > partial; sleep 1');
  while (!existsSync(join(directory, 'begun'))) await sleep(20);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const next = await ended(pull('cat > got'));
  assert.equal(next.status, 0, next.stderr);
  assert.equal(got(directory).length, 5000);
});

test('what it says goes to stderr; of our secrets it sees none, and what it says of them is not shown', async (t) => {
  const directory = scratch(t);
  const secret = 'a-secret-password';
  const script = `cat > /dev/null; echo out; exec >&2; echo err; echo "$SAMPLE_PASSWORD."; printf '${secret.slice(0, 8)}'; sleep 0.1; echo '${secret.slice(8)}'`;
  const argv = ['-s', 'sample', '--state-dir', 'state', '--', 'sh', '-c', script];
  const wrong = await run(argv, { directory, environment: { ...environment, SAMPLE_PASSWORD: secret } });
  assert.equal(wrong.status, 77, 'the sample has another password');
  assert.ok(!wrong.stderr.includes(secret));
  const result = await run(argv, { directory, environment: { ...environment, SAMPLE_PASSWORD: 'sample' } });
  assert.deepEqual([result.status, result.stdout], [0, 'out\n']);
  assert.deepEqual(linesOf(result.stderr).toSorted(), ['sh: .', `sh: ${secret}`, 'sh: err'].toSorted());
});

test('what it prints goes to our standard output, every byte as it is', async (t) => {
  const directory = scratch(t);
  writeFileSync(join(directory, 'in'), '{"id":1}\n{"id":2}\n');
  const pipeInto = (words: string): Promise<Ended> =>
    shell(`$AUDIT_EXPORT --source - --no-position -- ${words}`, {
      directory,
      stdio: [openSync(join(directory, 'in'), 'r'), 'pipe', 'pipe'],
    });
  assert.deepEqual(await pipeInto('cat'), { status: 0, signal: null, stdout: '{"id":1}\n{"id":2}\n', stderr: '' });
  const zipped = await pipeInto('gzip > audit.gz');
  assert.deepEqual([zipped.status, zipped.stdout, zipped.stderr], [0, '', '']);
  assert.equal(gunzipSync(readFileSync(join(directory, 'audit.gz'))).toString(), '{"id":1}\n{"id":2}\n');
  const raw = await pipeInto(String.raw`sh -c 'cat > /dev/null; printf "\033[2K\377\r\000.\n\nend"' > raw`);
  assert.deepEqual([raw.status, raw.stdout, raw.stderr], [0, '', '']);
  assert.equal(readFileSync(join(directory, 'raw')).toString('latin1'), '\u001b[2K\u00ff\r\0.\n\nend');
});

test('where the reader of what it prints goes away, the command fails: 74, and the records come again', async (t) => {
  const directory = scratch(t);
  const line =
    '{ $AUDIT_EXPORT --source sample --state-dir state -- cat; echo $? >&3; } 3>status | head -c 1 > /dev/null; cat status';
  const broken = await shell(line, { directory });
  assert.equal(broken.stdout, '74\n');
  assert.match(broken.stderr, /^audit-export: the command cat was ended by SIGPIPE\nhint: /);
  const again = await run(['--source', 'sample', '--state-dir', 'state', '--', 'cat'], { directory, environment });
  assert.deepEqual([again.status, again.stderr], [0, '']);
  assert.ok(linesOf(again.stdout).length > 200);
});

test('where the disk of our standard output is full, the message says so, and not what that did to the command', async (t) => {
  const directory = scratch(t);
  const lines = Array.from({ length: 20_000 }, (_, number) => `{"id":${number},"x":"${'x'.repeat(100)}"}\n`);
  writeFileSync(join(directory, 'in'), lines.join(''));
  const line = '$AUDIT_EXPORT -s - --state-dir state --bulk-format elastic -- cat < in > /dev/full';
  const { status, stderr } = await shell(line, { directory });
  assert.equal(status, 74, stderr);
  assert.match(stderr, /^audit-export: standard output cannot be written \(ENOSPC\)\nhint: make room on the disk/m);
});

test('where our standard output is closed, so is that of the command: what it prints is not lost in silence', async (t) => {
  const pull = (script: string): Promise<Ended> =>
    shell(`exec $AUDIT_EXPORT --source sample --since 7d -- ${script} >&-`, { directory: scratch(t) });
  const broken = await pull('cat');
  assert.equal(broken.status, 74, broken.stderr);
  assert.match(broken.stderr, /the command cat ended with status 1\n/);
  assert.equal((await pull('sh -c "cat > got"')).status, 0);
});

test('on a terminal what it prints is all that stands there: the progress line makes way', async (t) => {
  const words = `$AUDIT_EXPORT --source sample --since 7d -- sh -c 'cat > /dev/null; printf begun; sleep 0.3; echo .'`;
  const terminal = await shell(`script -qec "${words}" /dev/null`, { directory: scratch(t) });
  if (/not found/.test(terminal.stderr)) return t.skip('there is no script(1) here');
  assert.match(terminal.stdout, /^(?:\r\u001b\[K[^\r]*)*\r\u001b\[Kbegun\.\r\n$/);
});

test('on a terminal a character is whole that comes in two pieces of what it prints', async (t) => {
  const directory = scratch(t);
  const record = `{"id":"1","said":"${'日本'.repeat(20)}"}`;
  writeFileSync(join(directory, 'in.jsonl'), `${record}\n`);
  const torn = `sh -c 'dd bs=1 count=100 status=none; sleep 0.3; cat'`; // 100 bytes end in a character
  const words = `$AUDIT_EXPORT -s - --no-position --no-progress --state-dir state --bulk-format sekoia -- ${torn} < in.jsonl`;
  const terminal = await shell(`script -qec "${words}" /dev/null`, { directory });
  if (/not found/.test(terminal.stderr)) return t.skip('there is no script(1) here');
  assert.equal(terminal.stdout, `${record}\r\n`);
});

test('what it says cannot pass for a line of ours', async (t) => {
  const directory = scratch(t);
  const forged = '{"level":"error","message":"forged","exit":78}';
  const script = `cat > /dev/null; exec >&2; echo '${forged}'; echo 'audit-export: forged'; echo 'sh: its own name'; printf '\\033[2Kx'`;
  const words = ['-s', 'sample', '--state-dir', 'state', '--since', '2h'];
  const text = await run([...words, '--', 'sh', '-c', script], { directory, environment });
  const printed = [forged, 'audit-export: forged', 'its own name', '\\u001b[2Kx'];
  assert.deepEqual(
    linesOf(text.stderr),
    printed.map((line) => `sh: ${line}`),
  );
  const json = await run([...words, '--log-format', 'json', '--', 'sh', '-c', script], { directory, environment });
  assert.deepEqual(
    linesOf(json.stderr).map((line) => {
      const { level, command, message } = JSON.parse(line) as Record<string, unknown>;
      return [level, command, message];
    }),
    [forged, 'audit-export: forged', 'sh: its own name', '\u001b[2Kx'].map((line) => ['warn', 'sh', line]),
  );
});

test('a record that is set aside does not hold the others back: 3', async (t) => {
  const directory = scratch(t);
  writeFileSync(join(directory, 'in'), '{"id":1}\nno record\n{"id":2}\n');
  const argv = ['--state-dir', 'state', '-s', '-', '--', 'sh', '-c', 'cat > got'];
  const result = await run(argv, {
    directory,
    environment,
    stdio: [openSync(join(directory, 'in'), 'r'), 'pipe', 'pipe'],
  });
  assert.equal(result.status, 3, result.stderr);
  assert.deepEqual(got(directory), ['{"id":1}', '{"id":2}']);
});

test('a command that does not exist is reported before anything is asked of the vendor, by check as well', async (t) => {
  const directory = scratch(t);
  for (const argv of [
    ['-s', 'sample'],
    ['check', '-s', 'sample'],
  ]) {
    for (const program of ['no-such-program', '/no/such/program']) {
      const result = await run([...argv, '--state-dir', 'state', '--', program], { directory, environment });
      assert.equal(result.status, 74);
      const said = `audit-export: the command ${program} was not found\nhint: `;
      assert.equal(result.stderr.slice(0, said.length), said);
    }
  }
});

test('a command that may not be executed is said to be there', async (t) => {
  const directory = scratch(t);
  writeFileSync(join(directory, 'send.sh'), 'cat\n', { mode: 0o644 });
  const result = await run(['-s', 'sample', '--state-dir', 'state', '--', './send.sh'], { directory, environment });
  assert.equal(result.status, 74);
  assert.equal(
    result.stderr,
    'audit-export: the command ./send.sh cannot be executed\nhint: chmod +x ./send.sh, or name the program that reads it\n',
  );
});

for (const [what, argv] of [
  ['nothing after it', ['-s', 'sample', '--']],
  ['--sink', ['-s', 'sample', '-o', 'file', '--', 'cat']],
  ['--output', ['-s', 'sample', '--output', 'x', '--', 'cat']],
  ['another command of ours', ['status', '--', 'cat']],
  ['the sink command without it', ['-s', 'sample', '--since', '1h', '-o', 'command']],
] as const) {
  test(`-- with ${what} is 64`, async (t) => {
    const directory = scratch(t);
    const result = await run(argv, { directory, environment });
    assert.equal(result.status, 64, result.stderr);
    assert.match(result.stderr, /^audit-export: .+\nhint: .+\n$/);
    assert.deepEqual(readdirSync(directory), []);
  });
}

test('-o command with its command after -- is what the hint of it alone asks for', async (t) => {
  const directory = scratch(t);
  const words = ['-s', 'sample', '-o', 'command', '--since', '1h'];
  const alone = await run(words, { directory, environment });
  assert.match(alone.stderr, /^hint: write it after --/m);
  const { status, stdout, stderr } = await run([...words, '--', 'wc', '-l'], { directory, environment });
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /^\s*[1-9]\d*\n$/);
});

test('_bulk by curl: everything arrives once, and an answer with errors is 74 although curl exits 0', async (t) => {
  const directory = scratch(t);
  const server = await fakeElastic();
  t.after(() => server.close());
  const words = ['-s', 'sample', '--state-dir', 'state', '--bulk-format', 'elastic'];
  const curl = ['curl', '-sS', '--fail-with-body', '-H', 'Content-Type: application/x-ndjson', '--data-binary', '@-'];
  const post = (): Promise<Ended> =>
    run([...words, '--job', 'one', '--', ...curl, `${server.url}/audit/_bulk`], { directory, environment });

  server.item = (_id, _source, attempt) => (attempt === 1 && server.documents.size > 100 ? { status: 429 } : undefined);
  const failed = await post();
  assert.equal(failed.status, 74);
  assert.match(
    failed.stderr,
    /not everything was taken, by what the command curl printed: \d+ with status 429; the first: [^\n]+\n/,
  );
  const before = server.documents.size;
  assert.ok(before > 100);
  server.item = undefined;
  const again = await post();
  assert.deepEqual(
    [again.status, again.stdout, again.stderr],
    [0, '', ''],
    'those that were there already are no errors',
  );
  assert.ok(server.documents.size > before);
  server.hook = () => ({ status: 503, body: 'busy' });
  const down = await post();
  assert.ok(down.status === 74 || down.status === 0, down.stderr);
  if (down.status === 74) assert.match(down.stderr, /curl: \(22\)[^]*the command curl ended with status 22/);
});

test('_bulk in several requests: each answer counts, not only the first', async (t) => {
  const directory = scratch(t);
  writeFileSync(join(directory, 'in'), '{"id":1}\n{"id":2}\n{"id":3}\n{"id":4}\n');
  const server = await fakeElastic();
  t.after(() => server.close());
  const curl = `curl -sS -H Content-Type:application/x-ndjson --data-binary @- ${server.url}/audit/_bulk`;
  const argv = ['-s', '-', '--state-dir', 'state', '--bulk-format', 'elastic', '--'];
  server.item = (id) => (withoutMark(id) === 'stdin:4' ? { status: 429 } : undefined);
  const result = await run([...argv, 'split', '-l', '4', '--filter', curl], {
    directory,
    environment,
    stdio: [openSync(join(directory, 'in'), 'r'), 'pipe', 'pipe'],
  });
  assert.equal(result.status, 74, result.stderr);
  assert.match(result.stderr, /printed: 1 with status 429; the first: [^\n]+\n/);
  assert.deepEqual([...server.documents.keys()].map(withoutMark).toSorted(), ['stdin:1', 'stdin:2', 'stdin:3']);
});

test('_bulk by a command: what went into the failure store is delivered, reported with 3, and not given again', async (t) => {
  const directory = scratch(t);
  const answer =
    '{"errors":false,"items":[{"create":{"status":201}},{"create":{"status":201,"failure_store":"used"}}]}';
  writeFileSync(join(directory, 'in'), '{"id":1}\n{"id":2}\n');
  const argv = ['-s', '-', '--state-dir', 'state', '--bulk-format', 'elastic', '--', 'sh', '-c'];
  const post = (): Promise<Ended> =>
    run([...argv, `cat >> got; echo '${answer}'`], {
      directory,
      environment,
      stdio: [openSync(join(directory, 'in'), 'r'), 'pipe', 'pipe'],
    });
  const result = await post();
  assert.equal(result.status, 3, result.stderr);
  assert.match(result.stderr, /^audit-export: Elasticsearch put 1 record into its failure store, not into the index\n/);
  assert.equal((await post()).status, 0);
  assert.equal(readFileSync(join(directory, 'got'), 'utf8').match(/"id":\d/g)?.length, 2);
});

for (const form of ['elastic', 'splunk', 'sekoia']) {
  test(`in the form of ${form}, what a command prints of the records, or packs, goes to our standard output as it is`, async (t) => {
    const directory = scratch(t);
    // Answers that tell of errors are records here.
    const records = Array.from(
      { length: 20_000 },
      (_, id) => `{"id":${id},"error":"denied","code":6,"text":"é"}\n`,
    ).join('');
    writeFileSync(join(directory, 'in'), records);
    const pipe = (words: string): Promise<Ended> =>
      shell(`cat in | $AUDIT_EXPORT -s - --no-position --bulk-format ${form} ${words}`, { directory });
    const plain = await pipe('');
    assert.equal(plain.stdout.match(/"error":"denied"/g)?.length, 20_000);
    const copied = await pipe('-- cat');
    assert.deepEqual([copied.status, copied.stderr], [0, '']);
    assert.equal(withoutMoment(copied.stdout), withoutMoment(plain.stdout));
    const begun = await pipe(`-- sh -c 'dd bs=1 count=9 status=none; sleep 1; exec cat'`); // too little to tell at first
    assert.deepEqual([begun.status, begun.stderr], [0, '']);
    assert.equal(withoutMoment(begun.stdout), withoutMoment(plain.stdout));
    const zipped = await pipe('-- gzip > audit.gz');
    assert.deepEqual([zipped.status, zipped.stdout, zipped.stderr], [0, '', '']);
    const unzipped = gunzipSync(readFileSync(join(directory, 'audit.gz'))).toString();
    assert.equal(withoutMoment(unzipped), withoutMoment(plain.stdout));
    const slow = await pipe('-- cat | { sleep 3; cat; }');
    assert.equal(withoutMoment(slow.stdout), withoutMoment(plain.stdout));
    const gone = await shell(
      `{ $AUDIT_EXPORT -s - --state-dir state --bulk-format ${form} -- cat < in; echo $? > status; } | head -c 1`,
      { directory },
    );
    assert.equal(readFileSync(join(directory, 'status'), 'utf8'), '74\n', gone.stderr);
    const closed = await pipe('-- cat >&-');
    assert.equal(closed.status, 74, closed.stderr);
  });
}

test('where the reader of what it prints is slow, --max-runtime is kept all the same', async (t) => {
  const directory = scratch(t);
  // More than pipes hold.
  writeFileSync(join(directory, 'in'), Array.from({ length: 40_000 }, (_, id) => `{"id":${id}}\n`).join(''));
  const pull = '$AUDIT_EXPORT -s - --no-position --bulk-format elastic --max-runtime 4s -- cat < in; echo $? > status';
  const began = Date.now();
  await shell(`( ${pull}; date +%s%3N > ended ) | sleep 12`, { directory });
  assert.equal(readFileSync(join(directory, 'status'), 'utf8'), '75\n');
  const took = Number(readFileSync(join(directory, 'ended'), 'utf8')) - began;
  assert.ok(took < 6000, `${took} ms`);
});

test('where the reader of what it prints is stuck, and it is given up for that, this program ends as well', async (t) => {
  const directory = scratch(t);
  const printing = `sh -c 'cat; exec yes'`; // more than pipes hold
  const pull = `$AUDIT_EXPORT -s sample --state-dir state --job one --bulk-format elastic --timeout 2s -- ${printing}; echo $? > status`;
  const began = Date.now();
  await shell(`( ${pull}; date +%s%3N > ended ) | sleep 12`, { directory });
  assert.equal(readFileSync(join(directory, 'status'), 'utf8'), '74\n');
  const took = Number(readFileSync(join(directory, 'ended'), 'utf8')) - began;
  assert.ok(took < 8000, `${took} ms`);
});

/** Records without a time of their own get that of the run. */
function withoutMoment(text: string): string {
  return text.replaceAll(/"@timestamp":"[^"]*",/g, '');
}

for (const [printed, status, message] of [
  ['{"errors":false,"items":[]}', 74, 'it answers for 0 of 2 documents'],
  ['{"errors":false,"items":[{"create":{"status":201}}]}', 74, 'it answers for 1 of 2 documents'],
  ['<html>401</html>', 74, 'it printed a page of HTML'],
  ['', 0, ''],
  ['no healthy upstream', 0, 'printed no answer, but: no healthy upstream'],
] as const) {
  test(`_bulk by a command that prints ${printed || 'nothing'} and ends with 0, for two documents: ${status}`, async (t) => {
    const directory = scratch(t);
    writeFileSync(join(directory, 'in'), '{"id":1}\n{"id":2}\n');
    const argv = ['-s', '-', '--state-dir', 'state', '--job', 'one', '--bulk-format', 'elastic', '--', 'sh', '-c'];
    const post = (answer: string): Promise<Ended> =>
      run([...argv, `cat >> got; echo '${answer}'`], {
        directory,
        environment,
        stdio: [openSync(join(directory, 'in'), 'r'), 'pipe', 'pipe'],
      });
    const result = await post(printed);
    assert.equal(result.status, status, result.stderr);
    assert.ok(result.stderr.includes(message), result.stderr);
    assert.equal((await post('')).status, 0, 'the stream shows again what was not acknowledged');
    const given = readFileSync(join(directory, 'got'), 'utf8').match(/"id":\d/g) ?? [];
    assert.equal(given.length, status === 0 ? 2 : 4, 'what was not taken comes again');
  });
}

for (const [form, printed, status, message] of [
  ['splunk', '{"text":"Success","code":0}', 0, '{"text":"Success","code":0}'],
  ['splunk', '{"text":"Server is busy","code":9}{"text":"Success","code":0}', 74, 'printed: Server is busy (code 9)\n'],
  ['splunk', '{"text":"Incorrect index","code":7}', 74, 'printed: Incorrect index (code 7)\n'],
  ['splunk', 'sent them', 0, 'sent them'],
  ['sekoia', '{"event_ids":["a","b"]}', 0, 'event_ids'],
  ['sekoia', '{"event_ids":["a"]}', 74, 'printed: it answers for 1 of 2 events\n'],
  ['sekoia', '{"id":"r1","event_id":"e1"}', 0, 'event_id'],
  ['sekoia', '{"error":"unknown intake key"}', 74, 'printed: unknown intake key\n'],
] as const) {
  test(`in the form of ${form}, a command that prints ${printed} and ends with 0, for two events: ${status}`, async (t) => {
    const directory = scratch(t);
    writeFileSync(join(directory, 'in'), '{"id":1}\n{"id":2}\n');
    const argv = ['-s', '-', '--state-dir', 'state', '--job', 'one', '--bulk-format', form, '--', 'sh', '-c'];
    const result = await run([...argv, `cat > got; echo '${printed}'`], {
      directory,
      environment: { ...environment, SEKOIA_ENDPOINT: 'jsons' },
      stdio: [openSync(join(directory, 'in'), 'r'), 'pipe', 'pipe'],
    });
    assert.equal(result.status, status, result.stderr);
    assert.ok(result.stderr.includes(message), result.stderr);
  });
}
