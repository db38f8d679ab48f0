import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommandLine } from '../src/cli.ts';
import { commands, flagTable } from '../src/cli/flags.ts';
import { Problem } from '../src/core/problem.ts';
import { problem } from './support/problem.ts';

function flagsOf(...argv: string[]): object {
  const invocation = parseCommandLine(argv, '1.2.3');
  assert.ok('flags' in invocation);
  return { command: invocation.command, ...invocation.flags };
}

function printed(...argv: string[]): string {
  const invocation = parseCommandLine(argv, '1.2.3');
  assert.ok('print' in invocation);
  return invocation.print;
}

test('without arguments it pulls', () => {
  assert.deepEqual(flagsOf(), { command: 'pull', position: true, progress: true });
});

test('flags may stand before and after a command', () => {
  const expected = {
    command: 'check',
    position: true,
    progress: true,
    source: 'sample',
    envFile: ['a', 'b'],
    verbose: 2,
  };
  assert.deepEqual(flagsOf('-s', 'sample', 'check', '-e', 'a', '--env-file=b', '-vv'), expected);
});

test('the whole command line of the Cirrus client is understood', () => {
  const argv = ['--apikey', 'k', '--apisecret', 's', '--orgurl', 'https://o', '--apiurl', 'https://a', '--limit', '10'];
  assert.deepEqual(flagsOf(...argv, '-x', '-v', '--since', '1h', '--until', '1m', '--query', 'user=a,tenant=b', '-c'), {
    command: 'pull',
    position: true,
    progress: true,
    apikey: 'k',
    apisecret: 's',
    orgurl: 'https://o',
    apiurl: 'https://a',
    limit: '10',
    singleQuery: true,
    verbose: 1,
    since: '1h',
    until: '1m',
    query: ['user=a,tenant=b'],
    continue: true,
  });
});

test('a value that begins with a dash can be given with an equals sign', () => {
  assert.deepEqual(flagsOf('--apisecret=-x-'), { command: 'pull', position: true, progress: true, apisecret: '-x-' });
});

test('help is printed, fits 120 columns, and names every flag, every command and every status', () => {
  const help = printed('--help');
  for (const { flags } of flagTable) assert.ok(help.includes(flags), flags);
  for (const word of ['check', 'status', 'sources', 'sinks', 'README']) assert.match(help, new RegExp(`\\b${word}\\b`));
  for (const code of [0, 3, 64, 65, 69, 70, 73, 74, 75, 76, 77, 78, 129, 130, 143]) {
    assert.match(help, new RegExp(`\\b${code} `), String(code));
  }
  for (const line of help.split('\n')) assert.ok(line.length <= 120, line);
});

test('the version is printed', () => {
  assert.equal(printed('--version'), '1.2.3\n');
  assert.equal(printed('-V'), '1.2.3\n');
});

test('a command has its own help', () => {
  assert.match(printed('check', '--help'), /Usage: audit-export check/);
});

test('the help of status says that it shows all jobs without --job', () => {
  assert.match(printed('status', '--help'), /--job <name>.*status: all/);
});

for (const command of commands.filter((name) => name !== 'pull')) {
  test(`the help of ${command} lists the flags that it takes, and it refuses all others`, () => {
    const help = printed(command, '--help');
    for (const { flags } of flagTable) {
      const [flag = '', value] = (/--[^,]+/.exec(flags)?.[0] ?? '').split(' ');
      const argv = [command, value === undefined ? flag : `${flag}=1`];
      if (help.includes(`  ${flags} `)) assert.doesNotThrow(() => parseCommandLine(argv, '1'), flag);
      else assert.throws(() => parseCommandLine(argv, '1'), new RegExp(`${command} takes no ${flag}`));
    }
    assert.match(help, / {2}-h, --help /);
  });
}

test('status takes what says which positions, check what describes a job, lists neither', () => {
  const taken = (command: string): boolean[] =>
    ['--state-dir', '--job', '--env-file', '--verbose'].map((flag) => printed(command, '--help').includes(flag));
  assert.deepEqual(taken('status'), [true, true, false, true]);
  assert.deepEqual(taken('check'), [true, true, true, true]);
  assert.deepEqual(taken('sources'), [false, false, false, true]);
});

const wrong: readonly (readonly [argv: readonly string[], message: RegExp])[] = [
  [['--sorce', 'x'], /unknown option '--sorce'.*Did you mean --source\?/],
  [['-z'], /unknown option '-z'/],
  [['-s', 'sample', '-x=1'], /^unknown option, word 3$/],
  [['-vx5'], /^unknown option, word 1$/],
  [['chek'], /unknown command 'chek' \(Did you mean check\?\)/],
  [['check', '-s', 'x', 'all'], /too many arguments for 'check'/],
  [['--dry-run=yes'], /^--dry-run takes no value$/],
  [['--SINCE', '1h'], /^unknown option, word 1 \(Did you mean --since\?\)$/],
  [['--since'], /argument missing/],
  [['--since', '--insecure'], /--since needs a value, but --insecure follows/],
  [['--apikey', '-v'], /--apikey needs a value, but -v follows/],
  [['-s', '--sink=file'], /--source needs a value, but --sink follows/],
  [['--since='], /--since is empty/],
  [['--since', ' '], /--since is empty/],
  [['--query', 'a=b', '--query', ''], /--query is empty/],
  [['status', '--since', '1h'], /status takes no --since/],
  [['status', '-e', 'cirrus.env'], /status takes no --env-file/],
  [['sources', '--source', 'sample'], /sources takes no --source/],
];

for (const [argv, message] of wrong) {
  test(`refused with 64 and a hint: ${JSON.stringify(argv)}`, () => {
    assert.throws(
      () => parseCommandLine(argv, '1.2.3'),
      (error) => {
        assert.ok(error instanceof Problem);
        assert.match(error.message, message);
        assert.equal(error.status, 64);
        assert.notEqual(error.hint ?? '', '');
        assert.doesNotMatch(error.message, /\n/);
        return true;
      },
    );
  });
}

const mistaken: readonly (readonly [argv: readonly string[], message: RegExp, hint: RegExp])[] = [
  [['--since', '-2h'], /^--since needs a value/, /^a duration counts back by itself: --since 2h$/],
  [['--until', '-30m'], /^--until needs a value/, /^a duration counts back by itself: --until 30m$/],
  [['-since', '2h'], /^unknown option '-since' \(Did you mean --since\?\)$/, /./],
  [['--sinc', '2h'], /^unknown option '--sinc' \(Did you mean --since\?\)$/, /./],
  [['-s', 'okta', '-dry-run'], /^unknown option '-dry-run' \(Did you mean --dry-run\?\)$/, /./],
  [['-n', '10'], /^unknown option '-n'$/, /head -n 10; --limit is the size of a page/],
  [['-n10'], /^unknown option '-n'$/, /head -n 10/],
  [['--max=10'], /^unknown option '--max'/, /head -n 10/],
  [
    ['--last', '1h'],
    /^unknown option '--last'$/,
    /^write --since 1h for the last hour, or pipe the records into tail -n 10$/,
  ],
  [['--json'], /^unknown option '--json'/, /^records are JSON Lines: pipe them into jq$/],
  [['--format', 'json'], /^unknown option '--format'/, /pipe them into jq/],
  [['--fields', 'a,b'], /^unknown option '--fields'/, /pipe them into jq/],
  [['--pretty'], /^unknown option '--pretty'/, /pipe them into jq/],
  [['--from', '1h'], /^unknown option '--from'$/, /^write --since$/],
  [['check', '--env', 'job.env'], /^unknown option '--env'$/, /^write -e$/],
  [['check', 'job.env'], /^too many arguments for 'check'/, / an env file by audit-export check -e FILE, /],
  [['--to=1h'], /^unknown option '--to'$/, /^write --until$/],
  [['--filter', 'a=b'], /^unknown option '--filter'$/, /^write --query$/],
  [['--debug'], /^unknown option '--debug'/, /^write -v$/],
  [['--silent'], /^unknown option '--silent'/, /^write -q$/],
  [['status', 'demo'], /^too many arguments for 'status'/, /audit-export status --job NAME$/],
  [['check', 'okta'], /^too many arguments for 'check'/, /audit-export check --source NAME$/],
];

for (const [argv, message, hint] of mistaken) {
  test(`the hint says what was meant: ${JSON.stringify(argv)}`, () => {
    assert.throws(() => parseCommandLine(argv, '1.2.3'), problem(64, message, hint));
  });
}

test('help and version may be words', () => {
  assert.equal(printed('help'), printed('--help'));
  assert.equal(printed('help', 'check'), printed('check', '--help'));
  assert.equal(printed('version'), printed('--version'));
});

test('help for a word that is no command is refused as the word is, and not answered by the help of all', () => {
  assert.throws(() => parsed(['help', 'staus']), {
    status: 64,
    message: "unknown command 'staus' (Did you mean status?)",
  });
  const invocation = parseCommandLine(['help', 'okta'], '1.2.3');
  assert.equal('stray' in invocation && invocation.stray, 'okta');
});

test('a stray word may be a name: who knows the names says what is meant', () => {
  const invocation = parseCommandLine(['-v', 'sample'], '1.2.3');
  assert.ok('stray' in invocation);
  assert.deepEqual([invocation.stray, invocation.problem.status], ['sample', 64]);
});

function parsed(argv: readonly string[]): void {
  const invocation = parseCommandLine(argv, '1.2.3');
  if ('stray' in invocation) throw invocation.problem;
}

const withSecrets: readonly (readonly [argv: readonly string[], message: RegExp])[] = [
  [['--api-key=S3cretKey123'], /^unknown option '--api-key' \(Did you mean --apikey\?\)$/],
  [['--token=S3cretKey123'], /^unknown option '--token'$/],
  [['--apikeyS3cretKey123'], /^unknown option, word 1$/],
  [['-v', '--S3cretKey123'], /^unknown option, word 2$/],
  [['-kS3cretKey123'], /^unknown option '-k'$/],
  [['-apikey=S3cretKey123'], /^unknown option '-apikey' \(Did you mean --apikey\?\)$/],
  [['-x=S3cretKey123'], /^unknown option, word 1$/],
  [['check', "--api-key='S3cretKey123'"], /^unknown option '--api-key' \(Did you mean --apikey\?\)$/],
  [['--apikey', '-S3cretKey123'], /^--apikey needs a value, but what follows begins with a dash$/],
  [['--apikey', '--S3cretKey123=='], /^--apikey needs a value, but what follows begins with a dash$/],
  [['--apikey', '-vS3cretKey123'], /^--apikey needs a value, but what follows begins with a dash$/],
  [['--apikey', 'K', 'S3cretKey123'], /^word 3 is neither a command nor the value of a flag$/],
  [['check', 'S3cretKey123'], /too many arguments for 'check'/],
  [['--since', 'S3cretKey123', 'S3cretKey123'], /^word 3 is neither/],
];

for (const [argv, message] of withSecrets) {
  test(`what may be a value is not said: ${JSON.stringify(argv)}`, () => {
    assert.throws(
      () => parsed(argv),
      (error) => {
        assert.ok(error instanceof Problem);
        assert.match(error.message, message);
        assert.equal(error.status, 64);
        assert.doesNotMatch(`${error.message} ${error.hint}`, /S3cret/);
        return true;
      },
    );
  });
}

test('what stands after -- belongs to a command, whatever it looks like', () => {
  const invocation = parseCommandLine(['-s', 'sample', '--', 'curl', '--insecure', '--', '-v'], '1');
  assert.ok('flags' in invocation);
  assert.deepEqual(invocation.flags.command, ['curl', '--insecure', '--', '-v']);
  assert.equal(invocation.flags.insecure, undefined);
  assert.equal(invocation.flags.verbose, undefined);
});
