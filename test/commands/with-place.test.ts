import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withPlace } from '../../src/commands/with-place.ts';
import { noFindings } from '../../src/config/findings.ts';
import { atAddress, check, inDefinition, ofSettings, unfitForHeader, type Hint } from '../../src/core/hint.ts';
import { exit, Problem, type ExitStatus } from '../../src/core/problem.ts';
import type { SettingValues } from '../../src/core/setting.ts';
import { datadog } from '../../src/sinks/datadog.ts';
import { elastic } from '../../src/sinks/elastic.ts';
import { secops } from '../../src/sinks/secops.ts';
import { stdout } from '../../src/sinks/stdout.ts';
import { webhook } from '../../src/sinks/webhook.ts';
import { cirrus } from '../../src/sources/cirrus.ts';
import { sycope } from '../../src/sources/sycope.ts';
import { scratch, shell } from '../support/program.ts';

const builtIn = { source: sycope, sourceOrigin: 'built-in', sourceFile: undefined } as const;

function hintOf(hint: Hint, password = 'pa55', status: ExitStatus = exit.noperm): string | undefined {
  const findings = noFindings();
  findings.origins.set('SYCOPE_USERNAME', '/etc/sycope.env');
  findings.origins.set('SYCOPE_PASSWORD', '/run/secrets/sycope');
  findings.origins.set('SYCOPE_TOKEN', '--apikey');
  const sourceValues = { SYCOPE_USERNAME: 'auditor', SYCOPE_PASSWORD: password };
  const known = { ...builtIn, findings, sourceValues, sink: stdout, sinkValues: {} };
  return withPlace(new Problem(status, 'refused', { hint }), known).hint;
}

test('a hint that names settings says where they are', () => {
  assert.equal(hintOf(check(['SYCOPE_USERNAME'])), 'check SYCOPE_USERNAME in /etc/sycope.env');
  assert.equal(
    hintOf(check(['SYCOPE_USERNAME', 'SYCOPE_PASSWORD'])),
    'check SYCOPE_USERNAME and SYCOPE_PASSWORD in /etc/sycope.env and /run/secrets/sycope',
  );
  assert.equal(
    hintOf(check(['SYCOPE_URL', 'OTHER', 'SYCOPE_PASSWORD'], ', and that it may read')),
    'check SYCOPE_URL, OTHER and SYCOPE_PASSWORD in /run/secrets/sycope, and that it may read',
  );
  assert.equal(
    hintOf([
      'see what it says',
      ofSettings(['SYCOPE_USERNAME'], (where) => `check SYCOPE_USERNAME (your own)${where}: it is old`),
    ]),
    'see what it says; check SYCOPE_USERNAME (your own) in /etc/sycope.env: it is old',
  );
});

test('a value that a flag gave is not said to be in the flag', () => {
  assert.equal(
    hintOf(check(['SYCOPE_TOKEN'], ', and that it may read')),
    'check SYCOPE_TOKEN (--apikey), and that it may read',
  );
  assert.equal(
    hintOf(check(['SYCOPE_USERNAME', 'SYCOPE_TOKEN'])),
    'check SYCOPE_USERNAME and SYCOPE_TOKEN in /etc/sycope.env (--apikey)',
  );
});

test('other hints stay as they are', () => {
  for (const hint of ['check the network', 'free some space']) assert.equal(hintOf(hint), hint);
  assert.equal(hintOf(check(['OTHER_NAME'])), 'check OTHER_NAME');
});

test('an address that is wrong is reported by the name of its setting', () => {
  const known = {
    ...builtIn,
    findings: noFindings(),
    sourceValues: { SYCOPE_URL: 'https://sycope.example:8443/npm' },
    sink: webhook,
    sinkValues: { WEBHOOK_URL: 'https://hooks.example' },
  };
  known.findings.origins.set('SYCOPE_URL', '/etc/sycope.env');
  const said = (host: string | undefined, hint: Hint): string | undefined =>
    withPlace(new Problem(exit.unavailable, 'refused the connection', { hint, host }), known).hint;
  const hint = [
    atAddress((url) => `check the port in ${url}`),
    atAddress((url) => `if it speaks TLS there, ${url} begins with https`),
  ];
  assert.equal(
    said('sycope.example:8443', hint),
    'check the port in SYCOPE_URL in /etc/sycope.env; if it speaks TLS there, SYCOPE_URL begins with https',
  );
  assert.equal(
    said(
      'hooks.example',
      atAddress((url) => `check ${url}`),
    ),
    'check WEBHOOK_URL',
  );
  for (const other of ['login.example', undefined]) {
    const unnamed = 'check the port in the URL; if it speaks TLS there, the URL begins with https';
    assert.equal(said(other, hint), unnamed);
  }
});

test('a destination whose address a setting only leads to is reported by the name of that setting', () => {
  const cloudId = `audit:${Buffer.from('cloud.example$abc$def').toString('base64')}`;
  const made = [
    [elastic, 'ELASTIC_CLOUD_ID', cloudId, 'abc.cloud.example'],
    [datadog, 'DATADOG_SITE', 'datadoghq.eu', 'http-intake.logs.datadoghq.eu'],
    [secops, 'SECOPS_REGION', 'eu', 'chronicle.eu.rep.googleapis.com'],
  ] as const;
  for (const [sink, name, value, host] of made) {
    const findings = noFindings();
    findings.origins.set(name, '/etc/job.env');
    const known = { ...builtIn, findings, sourceValues: {}, sink, sinkValues: { [name]: value } };
    const said = (asked: string): string | undefined => {
      const hint = atAddress((url) => `check ${url} and the name server`);
      return withPlace(new Problem(exit.unavailable, 'does not resolve', { hint, host: asked }), known).hint;
    };
    assert.equal(said(host), `check the URL (${name} in /etc/job.env) and the name server`);
    assert.equal(said('login.example'), 'check the URL and the name server');
  }
});

test('a destination whose address a setting only leads to is told of also where the source has no address', async (t) => {
  const directory = scratch(t);
  const id = Buffer.from('localhost.invalid:443$abc$').toString('base64');
  writeFileSync(join(directory, 'in'), '{"id":1}\n');
  const environment = { ELASTIC_CLOUD_ID: `x:${id}`, ELASTIC_INDEX: 'a', ELASTIC_API_KEY: 'canary', HOME: directory };
  const words = '-o elastic --state-dir state --job one';
  for (const line of [`$AUDIT_EXPORT -s - ${words} < in`, `$AUDIT_EXPORT -s sample ${words}`]) {
    const { status, stderr } = await shell(line, { environment, directory });
    assert.equal(status, exit.unavailable, stderr);
    assert.match(stderr, /has a host name that does not resolve/);
    assert.match(
      stderr,
      /^hint: check the URL \(ELASTIC_CLOUD_ID in the environment\) and the name server; where only a proxy/m,
    );
  }
});

const odd: readonly (readonly [password: string, what: string])[] = [
  ['"pa55"', 'begins or ends with a quotation mark'],
  ["'pa55", 'begins or ends with a quotation mark'],
  ['“pa55”', 'begins or ends with a quotation mark'],
  ['«pa55»', 'begins or ends with a quotation mark'],
  ['pa\u00a055', 'has a no-break space or an invisible character in it'],
  ['pa55\u200b', 'has a no-break space or an invisible character in it'],
  ['TOKEN=pa55', 'begins like a line of an env file, where the value alone belongs'],
  ['export OKTA_TOKEN="pa55"', 'begins like a line of an env file, where the value alone belongs'],
  ['$PASSWORD', 'is the name of a variable, and nothing fills it in'],
  ['${PASSWORD}', 'is the name of a variable, and nothing fills it in'],
  ['/etc/audit-export/password', 'is a path: its name with _FILE at the end would read that file'],
  ['Bearer pa55', 'has a blank in it'],
  ['pa55 ', 'has a blank in it'],
];

for (const [password, what] of odd) {
  test(`what is odd about a refused value is said, and not the value: ${password}`, () => {
    const hint = 'check SYCOPE_PASSWORD in /run/secrets/sycope';
    assert.equal(hintOf(check(['SYCOPE_PASSWORD']), password), `${hint}; SYCOPE_PASSWORD ${what}`);
    assert.equal(hintOf(check(['SYCOPE_PASSWORD']), password, exit.config), hint);
  });
}

test('nothing is odd about most values', () => {
  for (const password of [
    'pa55',
    'p"a$5/5',
    '$ecret!',
    'pa$word',
    'a/b',
    'pa/55/word',
    '/pa/55/word+',
    '/x9+/Q==',
    'PA55WORD==',
    'pa=55',
    '-----BEGIN KEY-----\nMII\n-----END KEY-----',
  ]) {
    assert.equal(
      hintOf(check(['SYCOPE_PASSWORD']), password),
      'check SYCOPE_PASSWORD in /run/secrets/sycope',
      password,
    );
  }
});

test('what a header cannot carry is looked for in the settings that have it, and what is odd about them is said', () => {
  const findings = noFindings();
  findings.origins.set('SYCOPE_PASSWORD', '/etc/sycope.env');
  const told = (sourceValues: SettingValues): string | undefined => {
    const problem = new Problem(exit.config, 'no header', { hint: unfitForHeader((names) => `look at ${names}`) });
    return withPlace(problem, { ...builtIn, findings, sourceValues, sink: stdout, sinkValues: {} }).hint;
  };
  assert.equal(told({ SYCOPE_USERNAME: 'me', SYCOPE_PASSWORD: 'a–b' }), 'look at SYCOPE_PASSWORD in /etc/sycope.env');
  assert.equal(
    told({ SYCOPE_USERNAME: 'me', SYCOPE_PASSWORD: '“a”' }),
    'look at SYCOPE_PASSWORD in /etc/sycope.env; SYCOPE_PASSWORD begins or ends with a quotation mark',
  );
  assert.equal(told({ SYCOPE_USERNAME: 'me' }), 'look at the setting that it comes from');
});

test('a blank in a webhook’s header is not odd: it comes after the name', () => {
  const findings = noFindings();
  findings.origins.set('WEBHOOK_HEADERS', '/etc/webhook.env');
  const told = (headers: string): string | undefined => {
    const known = { ...builtIn, findings, sourceValues: {}, sink: webhook };
    const problem = new Problem(exit.noperm, 'refused', { hint: check(['WEBHOOK_HEADERS']) });
    return withPlace(problem, { ...known, sinkValues: { WEBHOOK_HEADERS: headers } }).hint;
  };
  const hint = 'check WEBHOOK_HEADERS in /etc/webhook.env';
  assert.equal(told('X-Key: abc'), hint);
  assert.equal(told('"X-Key: abc'), `${hint}; WEBHOOK_HEADERS begins or ends with a quotation mark`);
});

test('a blank between the parts that a setting lists is not odd', () => {
  const known = { ...builtIn, source: cirrus, findings: noFindings(), sink: stdout, sinkValues: {} };
  const problem = new Problem(exit.noperm, 'refused', { hint: check(['CIRRUS_ORG_URL']) });
  const sourceValues = { CIRRUS_ORG_URL: 'https://north.example https://south.example' };
  assert.equal(withPlace(problem, { ...known, sourceValues }).hint, 'check CIRRUS_ORG_URL');
});

for (const [hint, toOwner, toOthers] of [
  [
    inDefinition((there) => `check records.path ${there}, or the URL`),
    'check records.path in ./fig.yaml, or the URL',
    "check SYCOPE_URL and SYCOPE_API_PREFIX in /etc/fig.env, and the vendor's API version; if they are right, the replies have changed: report this message",
  ],
  [
    ['use --limit', inDefinition((there) => `or set limits ${there}`)],
    'use --limit; or set limits in ./fig.yaml',
    'use --limit',
  ],
] as const) {
  test(`a hint at the definition is for whoever has one, and others are told what they can do: ${toOwner}`, () => {
    const problem = new Problem(exit.protocol, 'no list', { hint });
    const findings = noFindings();
    findings.origins.set('SYCOPE_URL', '/etc/fig.env');
    const told = (sourceFile: string | undefined): string | undefined =>
      withPlace(problem, { ...builtIn, sourceFile, findings, sourceValues: {}, sink: stdout, sinkValues: {} }).hint;
    assert.equal(told('./fig.yaml'), toOwner);
    assert.equal(told(undefined), toOthers);
  });
}
