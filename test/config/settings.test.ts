import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { noFindings, refuseFaults } from '../../src/config/findings.ts';
import { readSettings } from '../../src/config/settings.ts';
import { warnIfWritable } from '../../src/config/open-to-others.ts';
import type { Settings } from '../../src/core/setting.ts';
import { elastic } from '../../src/sinks/elastic.ts';
import { sekoia } from '../../src/sinks/sekoia.ts';
import { splunk } from '../../src/sinks/splunk.ts';
import { scratch } from '../support/scratch.ts';

const settings: Settings = {
  ACME_TOKEN: { summary: 'Token', secret: true, unless: 'ACME_KEY' },
  ACME_KEY: { summary: 'Key', secret: true, aliases: ['KEY'], flag: 'apikey' },
};

function missing(environment: Record<string, string>, flags: Record<string, string> = {}): readonly string[] {
  const findings = noFindings();
  readSettings(settings, { layers: { environment, files: [] }, flags, findings });
  assert.deepEqual(findings.faults, []);
  return [...findings.missing.values()];
}

test('a setting that another one replaces is not missing, wherever the other one is set', (t) => {
  const path = join(scratch(t), 'key');
  writeFileSync(path, 'secret\n', { mode: 0o600 });
  assert.deepEqual(missing({}), ['ACME_TOKEN or ACME_KEY']);
  assert.deepEqual(missing({ ACME_KEY: '' }), ['ACME_TOKEN or ACME_KEY']);
  for (const environment of [{ ACME_KEY: 'k' }, { ACME_KEY_FILE: path }, { KEY: 'k' }, { KEY_FILE: path }]) {
    assert.deepEqual(missing(environment), [], JSON.stringify(environment));
  }
  assert.deepEqual(missing({}, { apikey: 'k' }), []);
});

test('where either of two settings will do, one message names both', () => {
  const findings = noFindings();
  const either: Settings = { A_ONE: { summary: '', unless: 'A_TWO' }, A_TWO: { summary: '', unless: 'A_ONE' } };
  readSettings(either, { layers: { environment: {}, files: [] }, findings });
  assert.deepEqual([...findings.missing.values()], ['A_ONE or A_TWO']);
});

test('a route may be written with the slash that the vendor’s documentation puts before it', () => {
  const read = (endpoint: string): readonly [string | undefined, readonly string[]] => {
    const findings = noFindings();
    const environment = { SEKOIA_INTAKE_KEY: 'key', SEKOIA_ENDPOINT: endpoint };
    const values = readSettings(sekoia.settings, { layers: { environment, files: [] }, findings });
    return [values['SEKOIA_ENDPOINT'], findings.faults.map(({ text }) => text)];
  };
  assert.deepEqual(read('/plain/batch'), ['plain/batch', []]);
  assert.deepEqual(read('jsons'), ['jsons', []]);
  for (const wrong of ['/', '//jsons', '/json']) assert.equal(read(wrong)[1].length, 1, wrong);
});

test('a required setting that is blank is missing, and says so; so is a secret whose file is blank', (t) => {
  const path = join(scratch(t), 'key');
  writeFileSync(path, ' \n', { mode: 0o600 });
  const findings = noFindings();
  const required: Settings = {
    A_INDEX: { summary: '', required: true },
    A_KEY: { summary: '', required: true, secret: true },
    A_HOST: { summary: '', default: 'here' },
    A_TOKEN: { summary: '', secret: true },
  };
  const environment = { A_INDEX: ' ', A_KEY: '\t', A_HOST: '  ', A_TOKEN_FILE: path };
  const values = readSettings(required, { layers: { environment, files: [] }, findings });
  assert.deepEqual([...findings.missing.values()], ['A_INDEX (there, but empty)', 'A_KEY (there, but empty)']);
  assert.deepEqual(
    findings.faults.map(({ text }) => text),
    [`A_TOKEN_FILE: ${path} is empty`],
  );
  assert.equal(values['A_HOST'], 'here');
});

test('a secret file that gave no value is the one thing that is wrong, whatever the value was to be', (t) => {
  const directory = scratch(t);
  const paths = [' \n', 'A_HOOK=https://hooks.example/canary\n'].map((text, at) => {
    const path = join(directory, String(at));
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  });
  for (const path of [...paths, join(directory, 'absent')]) {
    const findings = noFindings();
    const hook: Settings = { A_HOOK: { summary: '', required: true, secret: true, kind: 'url' } };
    readSettings(hook, { layers: { environment: { A_HOOK_FILE: path }, files: [] }, findings });
    assert.deepEqual([findings.faults.length, findings.missing.size], [1, 0], path);
    assert.match(findings.faults[0]?.text ?? '', /^A_HOOK_FILE: /);
  }
});

test('a credential that was pasted with the scheme of its header is used without it, and hidden without it', () => {
  for (const [definition, name, text, expected] of [
    [splunk, 'SPLUNK_TOKEN', 'Splunk abc-1', 'abc-1'],
    [splunk, 'SPLUNK_TOKEN', 'splunk   abc-1 ', 'abc-1'],
    [splunk, 'SPLUNK_TOKEN', 'Splunkabc-1', 'Splunkabc-1'],
    [elastic, 'ELASTIC_API_KEY', 'ApiKey aWQ6a2V5', 'aWQ6a2V5'],
    [elastic, 'ELASTIC_API_KEY', 'APIKEY id:key', 'id:key'],
    [elastic, 'ELASTIC_PASSWORD', 'ApiKey as a password', 'ApiKey as a password'],
  ] as const) {
    const findings = noFindings();
    const values = readSettings(definition.settings, {
      layers: { environment: { [name]: text }, files: [] },
      findings,
    });
    assert.equal(values[name], expected);
    assert.ok(findings.secrets.has(expected));
  }
});

test('no message shows the secret that it refuses, and each is handed on to be redacted', () => {
  const secret: Settings = {
    A_HOOK: { summary: '', secret: true, kind: 'url' },
    A_MODE: { summary: '', secret: true, values: ['one', 'two'] },
    A_PASSWORD: { summary: '', secret: true, default: 'made-up' },
    A_PLACE: { summary: '', secret: true, kind: 'url' },
    A_BARE: { summary: '', secret: true, kind: 'url' },
    A_PATH: { summary: '', secret: true, kind: 'url' },
    A_NAME: { summary: '' },
  };
  const environment = {
    A_HOOK: 'hooks.example/canary',
    A_MODE: 'canary',
    A_PLACE: 'HTTPS://siem.example:8443/',
    A_BARE: 'http://siem.example',
    A_PATH: 'https://hooks.example/canary',
    A_NAME: 'audit',
  };
  const findings = noFindings();
  readSettings(secret, { layers: { environment, files: [] }, findings });
  assert.equal(findings.faults.length, 2);
  for (const { text } of findings.faults) assert.doesNotMatch(text, /canary/);
  // Neither what everybody knows is hidden, nor where a receiver is.
  assert.deepEqual([...findings.secrets], ['hooks.example/canary', 'canary', 'https://hooks.example/canary']);
});

test('each fault says where it is to be put right: in the file where the setting stands, by whichever of its names', () => {
  const file = {
    path: 'job.env',
    text: '',
    values: new Map(Object.entries({ KEY: 'a\nb', A_COUNT: 'few', A_TOKEN: 'a\nb' })),
  };
  const findings = noFindings();
  const named: Settings = {
    A_KEY: { summary: '', secret: true, aliases: ['KEY'], values: ['c'] },
    A_TOKEN: { summary: '', secret: true },
    A_COUNT: { summary: '', kind: 'integer' },
    A_FLAG: { summary: '', kind: 'integer', flag: 'flag' },
    A_HERE: { summary: '', kind: 'integer' },
  };
  const layers = { environment: { A_HERE: 'x' }, files: [file] };
  readSettings(named, { layers, flags: { flag: 'many' }, findings });
  assert.deepEqual(
    findings.faults.map(({ text, at }) => [text.split(' ')[0], at]),
    [
      ['KEY', 'job.env'],
      ['A_TOKEN', 'job.env'],
      ['A_KEY', 'job.env'],
      ['A_COUNT', 'job.env'],
      ['A_FLAG', '--flag'],
      ['A_HERE', 'the environment'],
    ],
  );
});

test('a secret with any character that would end a header is refused, one of several lines with NUL alone', () => {
  const kinds: Settings = { A_KEY: { summary: '', secret: true }, A_LIST: { summary: '', secret: true, lines: true } };
  for (const [character, refused] of [
    ['\r', ['A_KEY']],
    ['\n', ['A_KEY']],
    ['\0', ['A_KEY', 'A_LIST']],
  ] as const) {
    const findings = noFindings();
    const text = `canary${character}canary`;
    readSettings(kinds, { layers: { environment: { A_KEY: text, A_LIST: text }, files: [] }, findings });
    assert.deepEqual(
      findings.faults.map((fault) => fault.text),
      refused.map((name) => `${name} contains a line break or a NUL character`),
    );
  }
});

test('a secret file that everybody can read is warned of, something other than a file is not', (t) => {
  const directory = scratch(t);
  chmodSync(directory, 0o755);
  const path = join(directory, 'key');
  writeFileSync(path, 'secret\n');
  const cure = `chmod 600 ${path}, or mount a Kubernetes Secret with defaultMode: 0440`;
  for (const [mode, warnings] of [
    [0o644, [`${path} holds A_KEY and can be read by others: ${cure}`]],
    [0o640, []],
  ] as const) {
    chmodSync(path, mode);
    const findings = noFindings();
    const one: Settings = { A_KEY: { summary: '', secret: true } };
    readSettings(one, { layers: { environment: { A_KEY_FILE: path }, files: [] }, findings });
    assert.deepEqual(findings.warnings, warnings);
  }
  const findings = noFindings();
  warnIfWritable('/dev/null', findings);
  assert.deepEqual(findings.warnings, []);
});

test('a certificate is no secret: its file may be read by everybody, unless the key is in it as well', (t) => {
  const directory = scratch(t);
  chmodSync(directory, 0o755);
  const path = join(directory, 'client.pem');
  const part = (label: string): string => `-----BEGIN ${label}-----\nMIIB\n-----END ${label}-----\n`;
  const one: Settings = { A_CERTIFICATE: { summary: '', secret: true, lines: true } };
  const warnings = (text: string): number => {
    writeFileSync(path, text);
    chmodSync(path, 0o644);
    const findings = noFindings();
    readSettings(one, { layers: { environment: { A_CERTIFICATE_FILE: path }, files: [] }, findings });
    return findings.warnings.length;
  };
  assert.equal(warnings(part('CERTIFICATE')), 0);
  assert.equal(warnings(`subject=CN = client\n${part('CERTIFICATE')}${part('CERTIFICATE')}`), 0);
  assert.equal(warnings(part('CERTIFICATE') + part('PRIVATE KEY')), 1);
  assert.equal(warnings(part('RSA PRIVATE KEY')), 1);
  assert.equal(warnings('secret'), 1);
});

test('what is to be corrected is said to be "there" only where one place was named before', (t) => {
  const directory = scratch(t);
  const [path, key] = [join(directory, 'job.env'), join(directory, 'key')];
  writeFileSync(key, '\n', { mode: 0o600 });
  const some: Settings = {
    A_URL: { summary: '', required: true },
    A_KEY: { summary: '', secret: true },
    A_FLAG: { summary: '', kind: 'flag' },
  };
  for (const [values, hint] of [
    [{ A_FLAG: 'maybe' }, `set what is missing in ${path}; correct the rest there`],
    [
      { A_FLAG: 'maybe', A_KEY_FILE: key },
      `set what is missing in ${path}; put the secret into ${key}; correct the rest in ${path}`,
    ],
    [{ A_URL: 'here', A_FLAG: 'maybe', A_KEY_FILE: key }, `put the secret into ${key}; correct the rest in ${path}`],
  ] as const) {
    const layers = { environment: {}, files: [{ path, text: '', values: new Map(Object.entries(values)) }] };
    const findings = noFindings();
    readSettings(some, { layers, findings });
    assert.throws(() => refuseFaults(findings, layers, some), { hint });
  }
});
