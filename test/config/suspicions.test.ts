import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'dotenv';
import { cutValues, misspelt, nearMisses, unclosedQuotes, unreadLines } from '../../src/config/suspicions.ts';
import { run, scratch } from '../support/program.ts';

/** The numbers of the lines that are said to be cut off. */
function cut(text: string): readonly number[] {
  const file = { path: 'job.env', text, values: new Map(Object.entries(parse(text))) };
  const lines = cutValues(file, { TOKEN: { summary: '', secret: true }, FILTER: { summary: '' } });
  return lines.map((line) => Number(/^job\.env:(\d+): \w+ is cut off at #: put its value in quotes$/.exec(line)?.[1]));
}

const cutOff = [
  'TOKEN=p#q',
  'TOKEN= p#q',
  'export TOKEN = p#q # token',
  'TOKEN: p#q',
  'TOKEN=p q#r',
  'TOKEN=p# q',
  'TOKEN=#q',
  "TOKEN='p#q",
  'TOKEN_FILE=/run/secrets/token#1',
];

for (const line of cutOff) {
  test(`a value that is cut off at # is warned of: ${line}`, () =>
    assert.deepEqual(cut(`FILTER=a\r\n${line}\r\n`), [2]));
}

const sound = [
  'TOKEN="p#q"',
  'TOKEN= "p#q"',
  "TOKEN =  'p#q' # token",
  'TOKEN= `p#q`',
  'TOKEN="p"#q',
  'TOKEN=p # q',
  'TOKEN=p #q',
  'TOKEN=p\t#q',
  'FILTER=   # optional',
  'FILTER=\t#optional',
  'FILTER=# optional',
  'FILTER=',
  '# TOKEN=p#q',
  'OTHER=p#q',
  'TOKEN="-----BEGIN\nFILTER=a#b\n-----END"',
];

for (const text of sound) {
  test(`a value that is not cut off is not warned of: ${JSON.stringify(text)}`, () =>
    assert.deepEqual(cut(`${text}\n`), []));
}

test('a value that a later line replaces is not cut off', () => {
  assert.deepEqual(cut('TOKEN=p#q\nTOKEN="p#q"\n'), []);
});

test('a line of an env file that looks like a flag is reported, since nothing reads it', () => {
  const told = (...names: readonly string[]): readonly string[] =>
    nearMisses(
      { path: 'job.env', text: '', values: new Map(names.map((name) => [name, 'x'])) },
      {
        TOKEN: { summary: '', secret: true },
      },
    );
  assert.deepEqual(told('AUDIT_EXPORT_SOURCE', 'AUDIT_EXPORT_SINK', 'TOKEN', 'TOKEN_FILE', 'HTTPS_PROXY'), []);
  assert.deepEqual(told('https_proxy', 'no_proxy', 'SINCE'), []);
  assert.deepEqual(told('AUDIT_EXPORT_OVERLAP', 'AUDIT_EXPORT_SINCE', 'STATE_DIRECTORY', 'TOKN'), [
    'job.env: nothing reads AUDIT_EXPORT_OVERLAP here; flags go on the command line',
    'job.env: nothing reads AUDIT_EXPORT_SINCE here; flags go on the command line',
    'job.env: nothing reads STATE_DIRECTORY here; flags go on the command line',
    'job.env: nothing reads TOKN; did you mean TOKEN?',
  ]);
});

for (const [text, unread] of [
  ['A_B=1\nFIG_KEY s3cret\nC=2\n', [[2, 'FIG_KEY']]],
  [
    '\n  export FIG_KEY\r\nFIG_URL',
    [
      [2, 'FIG_KEY'],
      [3, 'FIG_URL'],
    ],
  ],
  [
    's3cret\nABCDEFGHIJ234567\nFIG_KEY_s3cret x\np4ss-FIG_KEY x\n',
    [
      [1, ''],
      [2, ''],
      [3, ''],
      [4, ''],
    ],
  ],
  ['A="x\nFIG_KEY y\n"\nB=\'p\n\nq\'\nC=`r\ns`\n', []],
  ['A="unclosed\nFIG_KEY x\n', [[2, 'FIG_KEY']]],
  [
    'KEY=-----BEGIN KEY-----\nMIIB\n-----END KEY-----\n',
    [
      [2, ''],
      [3, ''],
    ],
  ],
  ['export A=1\n  # no = here\nB: yes\n\n\t\nC =\nD.e-f=1 # x\n', []],
] as const) {
  test(`lines that are not read: ${JSON.stringify(text)}`, () => {
    const lines = unreadLines({ path: 'job.env', text, values: new Map() });
    assert.deepEqual(
      lines.map(({ line, name }) => [line, name]),
      unread,
    );
  });
}

test('the name of a flag is not taken for a misspelt one: AUDIT_EXPORT_SINCE does not mean AUDIT_EXPORT_SINK', () => {
  const layers = { environment: { AUDIT_EXPORT_SINCE: '1h' }, files: [] };
  assert.equal(misspelt('AUDIT_EXPORT_SINK', layers, {}), '');
  const snik = { environment: { AUDIT_EXPORT_SNIK: 'elastic' }, files: [] };
  assert.equal(misspelt('AUDIT_EXPORT_SINK', snik, {}), ' (the environment has AUDIT_EXPORT_SNIK)');
});

test('nor is the name of a flag of several words, and no setting is taken for a misspelling of itself', () => {
  const flag = { environment: { AUDIT_EXPORT_TIME_PATH: 'a' }, files: [] };
  assert.equal(misspelt('AUDIT_EXPORT_TIME_PATHS', flag, {}), '');
  const blank = { environment: { FIG_KEY: '' }, files: [] };
  assert.equal(misspelt('FIG_KEY', blank, {}), '');
  const known = { environment: { FIG_KEYS: 'a' }, files: [] };
  assert.equal(misspelt('FIG_KEY', known, { FIG_KEYS: { summary: '' } }), '');
  assert.equal(misspelt('FIG_KEY', known, {}), ' (the environment has FIG_KEYS)');
  const file = { environment: { FIG_KEY_FILE: 'a' }, files: [] };
  assert.notEqual(misspelt('FIG_KEYFILE', file, { FIG_KEY: { summary: '' } }), '', 'only a secret is read from a file');
});

for (const [line, expected] of [
  [
    'TOKEN="pass',
    ['job.env:2: the " before the value of TOKEN is not closed: close it, or put the value in other quotes'],
  ],
  [
    'export TOKEN = \'pa"ss # token',
    ["job.env:2: the ' before the value of TOKEN is not closed: close it, or put the value in other quotes"],
  ],
  [
    'FILTER=`a',
    ['job.env:2: the ` before the value of FILTER is not closed: close it, or put the value in other quotes'],
  ],
  ["TOKEN='p#q", []], // told as cut off
  ['TOKEN="pass"', []],
  [`TOKEN='"pass'`, []],
  [`FILTER="user" = 'a'`, []],
  ['TOKEN=pass"', []],
  ['TOKEN="a\nb"', []],
  ['OTHER="pass', []],
] as const) {
  test(`a quotation mark that is not closed is told where it stands, without the value: ${JSON.stringify(line)}`, () => {
    const text = `FILTER2=a\r\n${line}\r\n`;
    const file = { path: 'job.env', text, values: new Map(Object.entries(parse(text))) };
    const settings = { TOKEN: { summary: '', secret: true }, FILTER: { summary: '' } };
    assert.deepEqual(unclosedQuotes(file, settings), expected);
  });
}

test('a run with a quotation mark that is not closed says so before its login is refused', async (t) => {
  const directory = scratch(t);
  writeFileSync(join(directory, 'job.env'), 'SAMPLE_USERNAME=auditor\nSAMPLE_PASSWORD="canary-pass\n', { mode: 0o600 });
  const { stderr } = await run(['-s', 'sample', '--dry-run', '-e', 'job.env'], { directory });
  assert.match(stderr, /job\.env:2: the " before the value of SAMPLE_PASSWORD is not closed/);
  assert.doesNotMatch(stderr, /canary/);
});
