import assert from 'node:assert/strict';
import files, { chmodSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { configure, type Configuration } from '../src/config.ts';
import { jobName } from '../src/config/job.ts';
import { stateDirectory } from '../src/config/state-directory.ts';
import type { Flags } from '../src/cli/flags.ts';
import { Problem } from '../src/core/problem.ts';
import type { Search, Sink, Source } from '../src/core/types.ts';
import { certificateAuthority } from './support/certificates.ts';
import { scratch } from './support/program.ts';

const now = Date.parse('2026-11-20T09:00:00Z');
const keys = { CIRRUS_API_KEY: 'key-1234', CIRRUS_API_SECRET: 'secret-1234' };

function configureWith(flags: Flags, environment: Record<string, string | undefined> = {}): Promise<Configuration> {
  return configure(flags, { HOME: '/home/soc', ...environment }, now);
}

function file(directory: string, name: string, text: string, mode = 0o600): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

async function refused(flags: Flags, environment: Record<string, string | undefined> = {}): Promise<Problem> {
  try {
    await configureWith(flags, environment);
  } catch (error) {
    assert.ok(error instanceof Problem, String(error));
    assert.notEqual(error.hint ?? '', '', 'every error ends with a next step');
    return error;
  }
  return assert.fail('nothing was refused');
}

test('all missing settings are named at once, of source and sink, with the file to put them in', async (t) => {
  const path = file(
    scratch(t),
    'cirrus.env',
    'AUDIT_EXPORT_SOURCE=cirrus\nAUDIT_EXPORT_SINK=elastic\nCIRRUS_API_KEY=\n',
  );
  const problem = await refused({ envFile: [path] });
  assert.equal(problem.status, 78);
  for (const name of ['CIRRUS_API_KEY (there, but empty)', 'CIRRUS_API_SECRET']) {
    assert.ok(problem.message.includes(name), problem.message);
  }
  assert.equal(problem.hint, `set them in ${path}`);
});

test('--bulk-format prints, whatever destination the env file names; a file stays, and a destination named by a flag is refused', async (t) => {
  const sinkOf = async (flags: Flags, named: string): Promise<string> => {
    const path = file(scratch(t), 'job.env', `AUDIT_EXPORT_SINK=${named}\nOUTPUT=/tmp/out\nELASTIC_INDEX=audit\n`);
    return (await configureWith({ source: 'cirrus', envFile: [path], ...flags }, keys)).sink.name;
  };
  for (const named of ['elastic', 'splunk', 'stdout']) {
    assert.equal(await sinkOf({ bulkFormat: 'elastic' }, named), 'stdout', named);
  }
  assert.equal(await sinkOf({ bulkFormat: 'elastic' }, 'file'), 'file');
  assert.equal(await sinkOf({ bulkFormat: 'none' }, 'file'), 'file');
  await assert.rejects(sinkOf({ bulkFormat: 'none' }, 'elastic'), /ELASTIC_URL/);
  await assert.rejects(sinkOf({ bulkFormat: 'elastic' }, 'elastci'), /elastci/);
  const both = await refused({ source: 'cirrus', sink: 'elastic', bulkFormat: 'elastic' }, keys);
  assert.equal(both.status, 64);
});

test('a missing setting that is there under a misspelt name is reported with that name', async (t) => {
  const text = 'AUDIT_EXPORT_SOURCE=cirrus\nCIRRUS_API_KEY=k\ncirrus_api_secret=s\n';
  const path = file(scratch(t), 'job.env', text);
  const inFile = await refused({ envFile: [path] });
  assert.equal(inFile.message, `settings missing: CIRRUS_API_SECRET (${path} has cirrus_api_secret)`);
  const elsewhere = await refused({ source: 'cirrus' }, { CIRRUS_API_KEY: 'k', CIRRUS_API_SECRT_FILE: '/run/secret' });
  assert.equal(elsewhere.message, 'settings missing: CIRRUS_API_SECRET');
  const around = await refused({ source: 'cirrus' }, { CIRRUS_API_KEY: 'k', CIRRUS_API_SECRT: 's' });
  assert.equal(around.message, 'settings missing: CIRRUS_API_SECRET (the environment has CIRRUS_API_SECRT)');
  const longer = await refused({ source: 'okta' }, { OKTA_URL: 'https://a.okta.com', OKTA_API_TOKEN: 's' });
  assert.equal(longer.message, 'settings missing: OKTA_TOKEN (the environment has OKTA_API_TOKEN)');
  // What the other end reads is not misspelt.
  const other = await refused(
    { source: 'sysdig-audit', sink: 'syslog' },
    { SYSDIG_URL: 'https://a', SYSDIG_TOKEN: 't' },
  );
  assert.equal(other.message, 'settings missing: SYSLOG_URL');
});

test('a line without = in an env file is reported, with no more of it than the name of a setting', async (t) => {
  const directory = scratch(t);
  const missing = file(directory, 'a.env', 'CIRRUS_API_KEY=k\nCIRRUS_API_SECRET s3cret\n');
  const required = await refused({ source: 'cirrus', envFile: [missing] });
  assert.equal(required.message, `settings missing: CIRRUS_API_SECRET (${missing}:2: no "=" after it)`);
  const known = file(directory, 'b.env', 'CIRRUS_ORG_URL http://s3cret\n');
  const optional = await refused({ source: 'cirrus', envFile: [known] }, keys);
  assert.deepEqual([optional.status, optional.message], [78, `${known}:1: no "=" after CIRRUS_ORG_URL`]);
  assert.equal(optional.hint, `correct it in ${known}`);
  const unnamed = file(directory, 'c.env', 'AUDIT_EXPORT_SOURCE cirrus\n');
  const source = await refused({ envFile: [unnamed] }, keys);
  assert.equal(source.message, `no source is named (${unnamed}:1: no "=" after it)`);
  const foreign = file(directory, 'd.env', 'set -a\nOTHER_KEY s3cret\n');
  const { findings } = await configureWith({ source: 'cirrus', envFile: [foreign] }, keys);
  assert.deepEqual(findings.warnings, [
    `${foreign}:1: a line without "=" is not read`,
    `${foreign}:2: no "=" after OTHER_KEY: the line is not read`,
  ]);
});

test('a source or a sink that is named under a misspelt name is not passed over', async (t) => {
  const source = file(scratch(t), 'job.env', 'AUDIT_EXPORT_SORCE=cirrus\n');
  assert.equal((await refused({ envFile: [source] })).message, `no source is named (${source} has AUDIT_EXPORT_SORCE)`);
  const sink = file(scratch(t), 'job.env', 'AUDIT_EXPORT_SNIK=elastic\n');
  const problem = await refused({ source: 'cirrus', envFile: [sink] }, keys);
  assert.deepEqual([problem.status, problem.message], [78, `no sink is named (${sink} has AUDIT_EXPORT_SNIK)`]);
  const empty = file(scratch(t), 'job.env', 'AUDIT_EXPORT_SINK=\n');
  assert.equal((await configureWith({ source: 'cirrus', envFile: [empty] }, keys)).sink.name, 'stdout');
});

test('settings of a sink that nothing names are reported, unless the records are only printed', async (t) => {
  const envFile = [file(scratch(t), 'job.env', 'ELASTIC_URL=https://a.example\nDATADOG_AUDIT_API_KEY=k\n')];
  const source = 'datadog-audit';
  const environment = { DATADOG_AUDIT_APPLICATION_KEY: 'a' };
  const told = async (flags: Flags): Promise<readonly string[]> =>
    (await configureWith({ source, envFile, ...flags }, environment)).findings.warnings;
  const warning = `${envFile[0]}: nothing reads ELASTIC_URL, since no sink is named; did you mean AUDIT_EXPORT_SINK=elastic?`;
  assert.deepEqual(await told({}), [warning]);
  for (const flags of [{ sink: 'stdout' }, { output: 'x' }, { bulkFormat: 'elastic' }, { since: '1h' }]) {
    assert.deepEqual(await told(flags), [], JSON.stringify(flags));
  }
});

test('a setting for the output file that nothing reads, because no sink is named, is reported', async (t) => {
  const envFile = [file(scratch(t), 'job.env', 'AUDIT_EXPORT_SOURCE=sample\nOUTPUT=records.jsonl\n')];
  const told = async (flags: Flags): Promise<readonly string[]> =>
    (await configureWith({ envFile, ...flags })).findings.warnings;
  const warning = `${envFile[0]}: nothing reads OUTPUT, since no sink is named; did you mean AUDIT_EXPORT_SINK=file?`;
  assert.deepEqual(await told({}), [warning]);
  for (const flags of [{ sink: 'file' }, { output: 'x' }, { since: '1h' }]) {
    assert.deepEqual(await told(flags), [], JSON.stringify(flags));
  }
});

test('the hint says the place where the fault is', async (t) => {
  const directory = scratch(t);
  const [empty, fine] = [file(directory, 'empty', ''), file(directory, 'fine', 'secret-1234')];
  const gone = join(directory, 'gone');
  const base = file(directory, 'base.env', 'CIRRUS_API_KEY=key-1234\nCIRRUS_API_SECRET=secret-1234\n');
  const url = file(directory, 'url.env', 'CIRRUS_URL=nowhere\n');
  const secret = file(directory, 'secret.env', `CIRRUS_API_SECRET_FILE=${empty}\n`);
  const lost = file(directory, 'lost.env', `CIRRUS_API_SECRET_FILE=${gone}\n`);
  const cut = file(directory, 'cut.env', 'CIRRUS_URL=https://a.example#b\n');
  const rows: readonly (readonly [string, readonly string[], Record<string, string>, Flags, string])[] = [
    ['the environment', [base], { CIRRUS_URL: 'nowhere' }, {}, 'correct it in the environment'],
    ['one of two files', [base, url], {}, {}, `correct it in ${url}`],
    ['a flag', [base, url], {}, { apiurl: 'nowhere' }, 'correct it in the flag --apiurl'],
    [
      'the environment, twice',
      [base],
      { CIRRUS_API_KEY: 'k', CIRRUS_API_KEY_FILE: fine },
      {},
      'correct it in the environment',
    ],
    ['an empty secret file', [base, secret], {}, {}, `put the secret into ${empty}`],
    ['a path of a secret file', [base, lost], {}, {}, `correct it in ${lost}`],
    ['a line that is cut off', [base, cut], {}, {}, `correct it in ${cut}`],
    [
      'an empty secret file, and a fault elsewhere',
      [base, secret],
      { CIRRUS_URL: 'nowhere' },
      {},
      `put the secret into ${empty}; correct the rest in the environment`,
    ],
    ['two places', [base, lost], { CIRRUS_URL: 'nowhere' }, {}, `correct them in ${lost} and the environment`],
    [
      'missing, and an empty secret file',
      [secret],
      {},
      {},
      `set what is missing in ${secret}; put the secret into ${empty}`,
    ],
    [
      'missing and wrong in one place',
      [url],
      keys,
      { sink: 'datadog' },
      `set what is missing in ${url}; correct the rest there`,
    ],
    [
      'missing and wrong, elsewhere',
      [base],
      { CIRRUS_URL: 'nowhere' },
      { sink: 'datadog' },
      `set what is missing in ${base}; correct the rest in the environment`,
    ],
    ['no file', ['/dev/null'], keys, { sink: 'datadog' }, 'set it in the environment or in an env file (-e)'],
  ];
  for (const [what, envFile, environment, flags, hint] of rows) {
    const problem = await refused({ source: 'cirrus', envFile, ...flags }, environment);
    assert.equal(problem.status, 78, what);
    assert.equal(problem.hint, hint, `${what}: ${problem.message}`);
  }
});

test('a secret file that does not exist is reported with the path that was tried', async () => {
  const problem = await refused({ source: 'cirrus' }, { CIRRUS_API_KEY: 'k', CIRRUS_API_SECRET_FILE: '~/secret' });
  assert.equal(
    problem.message,
    `CIRRUS_API_SECRET_FILE: cannot read ${process.cwd()}/~/secret (ENOENT: there is no such file)`,
  );
});

test('a secret that is set as NAME_FILE is not shown as the path of a file', async (t) => {
  const told = 'there is no such file: it takes a path, and CIRRUS_API_SECRET the secret itself';
  for (const secret of ['c4n4ry-00aBc', 'c4n4ry/00aBc+d==', `-----BEGIN PRIVATE KEY-----${'c4n4ry'.repeat(100)}`]) {
    const envFile = [file(scratch(t), 'job.env', `CIRRUS_API_KEY=k\nCIRRUS_API_SECRET_FILE=${secret}\n`)];
    const { message, hint } = await refused({ source: 'cirrus', envFile });
    assert.deepEqual(
      [message, hint],
      [`CIRRUS_API_SECRET_FILE in ${envFile[0]}: ${told}`, `correct it in ${envFile[0]}`],
    );
  }
});

test('for a secret file that this user may not read, the hint is about that file, and not about what names it', async (t) => {
  const secret = file(scratch(t), 'secret', 'secret-1234', 0o000);
  const environment = { CIRRUS_API_KEY: 'k', CIRRUS_API_SECRET_FILE: secret };
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    const { message, hint } = await refused({ source: 'cirrus' }, environment);
    assert.equal(message, `CIRRUS_API_SECRET_FILE: cannot read ${secret} (EACCES: permission denied)`);
    assert.equal(hint, `let the user of this job read ${secret}`);
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
});

test('an address in place of a name is shown without its path, which may be a webhook’s credential', async () => {
  const address = 'https://hooks.example/services/canary?token=canary';
  const flag = await refused({ source: 'cirrus', sink: address });
  const setting = await refused({ source: 'cirrus' }, { AUDIT_EXPORT_SINK: `https://me:canary@hooks.example` });
  const source = await refused({ source: address });
  assert.deepEqual([flag.status, setting.status, source.status], [64, 78, 64]);
  assert.equal(flag.message, "unknown sink 'https://hooks.example/…'");
  assert.equal(setting.message, flag.message);
  assert.equal(source.message, "unknown source 'https://hooks.example/…'");
  for (const { hint = '' } of [flag, setting, source]) assert.match(hint, /; its address is a setting of its own$/);
});

test('a name that is a part of another, or has one for its beginning, is taken for that', async () => {
  for (const [flags, meant] of [
    [
      { source: 'sysdig' },
      /^unknown source 'sysdig' \(Did you mean sysdig-activity, sysdig-audit or sysdig-events\?\)$/,
    ],
    [{ source: 's' }, /^unknown source 's'$/],
    [{ source: 'entra' }, /^unknown source 'entra' \(Did you mean entra-id or entra-id-sign-ins\?\)$/],
    [{ source: 'cirrus', sink: 'elasticsearch' }, /^unknown sink 'elasticsearch' \(Did you mean elastic\?\)$/],
    [{ source: 'cirrus', sink: 'kafka' }, /^unknown sink 'kafka'$/],
  ] as const) {
    assert.match((await refused(flags, keys)).message, meant);
  }
});

test('an env file in UTF-16 is refused, not read as one without settings', async (t) => {
  const path = join(scratch(t), 'job.env');
  writeFileSync(path, Buffer.from('\ufeffAUDIT_EXPORT_SOURCE=cirrus\r\n', 'utf16le'), { mode: 0o600 });
  const problem = await refused({ envFile: [path] });
  assert.deepEqual([problem.status, problem.message], [78, `the env file ${path} is not plain text`]);
});

test('a setting in another encoding than UTF-8 is refused, not read as something else', async (t) => {
  const directory = scratch(t);
  const written = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, Buffer.from(text, 'latin1'), { mode: 0o600 });
    return path;
  };
  const secret = written('secret', 'p\u00e4sswort');
  const envFile = written(
    'job.env',
    `# f\u00fcr\nCIRRUS_API_KEY=abc\nCIRRUS_ORG_URL=b\u00fcro\nCIRRUS_API_SECRET_FILE=${secret}\n`,
  );
  const { status, message, hint } = await refused({ source: 'cirrus', envFile: [envFile] });
  const said = 'CIRRUS_API_SECRET must be in UTF-8; CIRRUS_ORG_URL must be in UTF-8, not "b\ufffdro"';
  assert.deepEqual([status, message, hint], [78, said, `correct them in ${secret} and ${envFile}`]);
});

test('a blank around an address is shown, wherever it came from', async () => {
  const problem = await refused({ source: 'cirrus' }, { ...keys, CIRRUS_URL: 'https://a.example ' });
  assert.match(problem.message, /^CIRRUS_URL must be an http:.* URL .*, not "https:\/\/a\.example "$/);
});

test('a byte order mark is no part of a secret', async (t) => {
  const CIRRUS_API_SECRET_FILE = file(scratch(t), 'secret', '\ufeffsecret-1234\r\n');
  const { sourceValues } = await configureWith(
    { source: 'cirrus', envFile: [] },
    { CIRRUS_API_KEY: 'k', CIRRUS_API_SECRET_FILE },
  );
  assert.equal(sourceValues['CIRRUS_API_SECRET'], 'secret-1234');
});

test('of two settings that can stand for each other, both are named; a setting that a flag gives is named with it', async () => {
  const elastic = await refused({ source: 'cirrus', sink: 'elastic' });
  assert.match(elastic.message, /CIRRUS_API_SECRET, ELASTIC_URL or ELASTIC_CLOUD_ID, ELASTIC_INDEX$/);
  const sysdig = await refused({ source: 'sysdig-audit', sink: 'file' });
  assert.equal(sysdig.message, 'settings missing: SYSDIG_URL or SYSDIG_REGION, SYSDIG_TOKEN, OUTPUT (--output)');
  const form = await configureWith({ source: 'cirrus', bulkFormat: 'elastic' }, keys);
  assert.equal(form.form?.name, 'elastic');
});

test('a flag wins over the environment, that over an env file, the later file over the earlier, that over the default', async (t) => {
  const directory = scratch(t);
  const one = file(directory, 'one', 'CIRRUS_URL=https://one.example\nCIRRUS_ORG_URL=one\n');
  const two = file(directory, 'two', 'CIRRUS_URL=https://two.example\n');
  const url = async (flags: Flags, environment = {}): Promise<string | undefined> =>
    (await configureWith({ source: 'cirrus', ...flags }, { ...keys, ...environment })).sourceValues['CIRRUS_URL'];
  const environment = { CIRRUS_URL: 'https://environment.example' };
  assert.equal(await url({ envFile: [one], apiurl: 'https://flag.example' }, environment), 'https://flag.example');
  assert.equal(await url({ envFile: [one] }, environment), 'https://environment.example');
  assert.equal(await url({ envFile: [one, two] }), 'https://two.example');
  assert.equal(await url({ envFile: [] }), 'https://api.cirrusidentity.com/logs/v1');
});

test('an alias is read when the name itself is not set', async () => {
  const { sourceValues } = await configureWith({ source: 'cirrus', envFile: [] }, { API_KEY: 'k', API_SECRET: 's' });
  assert.deepEqual([sourceValues['CIRRUS_API_KEY'], sourceValues['CIRRUS_API_SECRET']], ['k', 's']);
});

test('a secret can be in a file of its own: exactly one line break at its end is dropped', async (t) => {
  const directory = scratch(t);
  const read = async (text: string): Promise<string | undefined> => {
    const environment = { CIRRUS_API_KEY: 'k', CIRRUS_API_SECRET_FILE: file(directory, 'secret', text) };
    return (await configureWith({ source: 'cirrus', envFile: [] }, environment)).sourceValues['CIRRUS_API_SECRET'];
  };
  assert.equal(await read('p#q "x" \n'), 'p#q "x" ');
  assert.equal(await read('crlf\r\n'), 'crlf');
  assert.equal(await read('none'), 'none');
});

test('a secret in the environment goes before one that an env file names a file for, and the other way round', async (t) => {
  const directory = scratch(t);
  const [near, far] = [file(directory, 'near', 'near'), file(directory, 'far', 'far')];
  const secret = async (inFile: string, environment: Record<string, string>): Promise<string | undefined> => {
    const envFile = [file(directory, 'one.env', `CIRRUS_API_KEY=k\n${inFile}\n`)];
    return (await configureWith({ source: 'cirrus', envFile }, environment)).sourceValues['CIRRUS_API_SECRET'];
  };
  assert.equal(await secret(`CIRRUS_API_SECRET_FILE=${far}`, { CIRRUS_API_SECRET: 'direct' }), 'direct');
  assert.equal(await secret('CIRRUS_API_SECRET=direct', { CIRRUS_API_SECRET_FILE: near }), 'near');
});

test('secret files that cannot be meant are refused without showing the secret', async (t) => {
  const directory = scratch(t);
  const cases: readonly (readonly [environment: Record<string, string>, message: RegExp])[] = [
    [{ CIRRUS_API_SECRET_FILE: file(directory, 'empty', '\n') }, /is empty/],
    [{ CIRRUS_API_SECRET_FILE: file(directory, 'two', 'canary\n\n') }, /line break/],
    [{ CIRRUS_API_SECRET_FILE: file(directory, 'nul', 'canary\0') }, /NUL/],
    [{ CIRRUS_API_SECRET: 'canary\r\nX-Admin: 1' }, /line break/],
    [{ CIRRUS_API_SECRET_FILE: join(directory, 'absent') }, /ENOENT/],
    [{ CIRRUS_API_SECRET_FILE: directory }, /EISDIR/],
    [{ CIRRUS_API_SECRET: 'canary', CIRRUS_API_SECRET_FILE: file(directory, 'both', 'canary') }, /both set/],
  ];
  for (const [environment, message] of cases) {
    const problem = await refused({ source: 'cirrus', envFile: [] }, { CIRRUS_API_KEY: 'k', ...environment });
    assert.equal(problem.status, 78);
    assert.match(problem.message, message);
    assert.doesNotMatch(`${problem.message}${problem.hint}`, /canary/);
  }
});

test('a secret file that is an env file is refused as such, with what belongs there and without the secret', async (t) => {
  const directory = scratch(t);
  for (const text of [
    'CIRRUS_API_SECRET=canary\n',
    'export CIRRUS_API_SECRET="canary"\n',
    'CIRRUS_API_KEY=k\r\nCIRRUS_API_SECRET = canary\r\n',
  ]) {
    const path = file(directory, 'job.env', text);
    const environment = { CIRRUS_API_KEY: 'k', CIRRUS_API_SECRET_FILE: path };
    const problem = await refused({ source: 'cirrus', envFile: [] }, environment);
    assert.equal(problem.status, 78);
    assert.equal(
      problem.message,
      `CIRRUS_API_SECRET_FILE: ${path} is an env file (it has a line CIRRUS_API_SECRET=), and not the value alone`,
    );
    assert.equal(problem.hint, `put the value of CIRRUS_API_SECRET into a file of its own, in place of ${path}`);
  }
});

test('a file of settings that never ends is refused', async (t) => {
  const huge = file(scratch(t), 'huge', '');
  truncateSync(huge, 16 * 1024 * 1024 + 1); // and so is /dev/zero, with no need to try its patience
  const envFile: string[] = [];
  for (const refusal of [
    await refused({ source: 'cirrus', envFile: [huge] }, keys),
    await refused({ source: 'cirrus', envFile, caFile: huge }, keys),
    await refused({ source: 'cirrus', envFile }, { CIRRUS_API_KEY: 'k', CIRRUS_API_SECRET_FILE: huge }),
  ]) {
    assert.equal(refusal.status, 78);
    assert.match(refusal.message, /cannot read .*huge \(EFBIG\)/);
  }
});

test('--output alone means the file sink, whatever sink the environment or an env file names', async (t) => {
  const envFile = [file(scratch(t), 'job.env', 'AUDIT_EXPORT_SINK=elastic\n')];
  for (const environment of [{}, { AUDIT_EXPORT_SINK: 'splunk' }]) {
    const { sink, sinkValues } = await configureWith({ source: 'sample', envFile, output: 'x' }, environment);
    assert.deepEqual([sink.name, sinkValues], ['file', { OUTPUT: resolve('x') }]);
  }
});

test('files with secrets that others can read are warned of', async (t) => {
  const directory = scratch(t);
  chmodSync(directory, 0o755);
  const open = file(directory, 'open.env', 'CIRRUS_API_KEY=key\nCIRRUS_API_SECRET=secret\n', 0o644);
  const { findings } = await configureWith({ source: 'cirrus', envFile: [open] });
  assert.equal(findings.warnings.length, 1);
  assert.match(findings.warnings[0] ?? '', /can be read by others: chmod 600/);
  const closed = file(directory, 'closed.env', 'CIRRUS_API_KEY=key\nCIRRUS_API_SECRET=secret\n');
  assert.deepEqual((await configureWith({ source: 'cirrus', envFile: [closed] })).findings.warnings, []);
});

test('files with secrets that only their owner and the group of the job can get at are not warned of', async (t) => {
  const directory = scratch(t);
  const text = 'CIRRUS_API_KEY=key\nCIRRUS_API_SECRET=secret\n';
  chmodSync(directory, 0o755);
  // As systemd and Kubernetes give credentials to a service.
  const grouped = file(directory, 'grouped.env', text, 0o440);
  const inner = join(directory, 'private', 'jobs');
  mkdirSync(inner, { recursive: true });
  const hidden = file(inner, 'hidden.env', text, 0o644);
  chmodSync(join(directory, 'private'), 0o700);
  for (const envFile of [[grouped], [hidden]]) {
    assert.deepEqual((await configureWith({ source: 'cirrus', envFile })).findings.warnings, []);
  }
});

test('a file with secrets that is gone once it was read, as at a rotation, is no error', async (t) => {
  const key = file(scratch(t), 'key', 'key\n');
  const { statSync } = files;
  t.after(() => {
    Object.assign(files, { statSync });
    syncBuiltinESMExports();
  });
  const goneAfterwards: ProxyHandler<typeof statSync> = {
    apply(...call) {
      rmSync(key, { force: true });
      return Reflect.apply(...call) as unknown;
    },
  };
  Object.assign(files, { statSync: new Proxy(statSync, goneAfterwards) });
  syncBuiltinESMExports();
  const { sourceValues, findings } = await configureWith(
    { source: 'cirrus', envFile: [] },
    { CIRRUS_API_KEY_FILE: key, CIRRUS_API_SECRET: 'secret-1234' },
  );
  assert.equal(sourceValues['CIRRUS_API_KEY'], 'key');
  assert.deepEqual(findings.warnings, []);
});

test('a secret as a flag works and is warned of; it is known to be a secret', async () => {
  const { findings, sourceValues } = await configureWith({
    source: 'cirrus',
    envFile: [],
    apikey: 'k1',
    apisecret: 's1',
  });
  assert.equal(sourceValues['CIRRUS_API_SECRET'], 's1');
  assert.deepEqual([...findings.secrets], ['k1', 's1']);
  assert.equal(findings.warnings.length, 2);
  assert.doesNotMatch(findings.warnings.join(), /k1|s1/);
});

test('secrets leave the environment that children would inherit', async () => {
  const environment: Record<string, string | undefined> = { HOME: '/h', ...keys, API_SECRET: 'also' };
  await configure({ source: 'cirrus', envFile: [] }, environment, now);
  assert.deepEqual(environment, { HOME: '/h' });
});

test('the secrets of the destination, and the client’s TLS key, leave the environment as well', async () => {
  const authority = certificateAuthority();
  try {
    const { cert, key } = authority.issue();
    const shown = { SOURCE_CLIENT_CERTIFICATE: cert, SOURCE_CLIENT_KEY: key };
    const given = { ...keys, ...shown, WEBHOOK_URL: 'https://hooks.example/canary', WEBHOOK_SECRET: 'canary' };
    const environment: Record<string, string | undefined> = { HOME: '/h', ...given };
    const { http } = await configure({ source: 'cirrus', sink: 'webhook', envFile: [] }, environment, now);
    assert.deepEqual([environment, http.clients.source?.key], [{ HOME: '/h' }, key]);
  } finally {
    authority.remove();
  }
});

test('what is printed in the form of a destination needs none of its credentials, and does not read them', async () => {
  const environment = { ...keys, SPLUNK_TOKEN: 'canary', SPLUNK_INDEX: 'audit' };
  const { form, findings } = await configureWith({ source: 'cirrus', bulkFormat: 'splunk' }, environment);
  assert.deepEqual(form?.values, { SPLUNK_INDEX: 'audit', SPLUNK_SOURCETYPE: '_json', SPLUNK_ACK: 'false' });
  assert.ok(!findings.secrets.has('canary'));
});

test('a window that ends where it begins is refused: nothing could be in it', async () => {
  const moment = '2025-11-20T00:00:00Z';
  const { status, message } = await refused({ source: 'sysdig-audit', envFile: [], since: moment, until: moment });
  assert.deepEqual([status, message], [64, `--since ${moment} is not before --until ${moment}`]);
});

test('one request may take a minute, unless --timeout says otherwise', async () => {
  const timeoutOf = async (timeout?: string): Promise<number> =>
    (await configureWith({ source: 'cirrus', ...(timeout !== undefined && { timeout }) }, keys)).http.timeout;
  assert.deepEqual([await timeoutOf(), await timeoutOf('5m')], [60_000, 300_000]);
});

test('a value that an unquoted # cuts off is refused; a comment after a value and a quoted # are fine', async (t) => {
  const directory = scratch(t);
  const cut = file(directory, 'cut.env', 'CIRRUS_API_KEY=k\nCIRRUS_API_SECRET=can#ary\n');
  const problem = await refused({ source: 'cirrus', envFile: [cut] });
  assert.match(problem.message, /cut\.env:2: CIRRUS_API_SECRET is cut off at #/);
  assert.doesNotMatch(problem.message, /can|ary/);
  const fine = file(directory, 'fine.env', 'CIRRUS_API_KEY=k # key\nCIRRUS_API_SECRET="can#ary" # secret\nOTHER=a#b\n');
  assert.equal(
    (await configureWith({ source: 'cirrus', envFile: [fine] })).sourceValues['CIRRUS_API_SECRET'],
    'can#ary',
  );
});

test('a mistyped name in an env file is warned of', async (t) => {
  const path = file(scratch(t), 'typo.env', 'CIRRUS_API_KEY=k\nCIRRUS_API_SECRET=s\nCIRRUS_ORGURL=https://o\n');
  const { findings } = await configureWith({ source: 'cirrus', envFile: [path] });
  assert.match(findings.warnings.join(), /nothing reads CIRRUS_ORGURL; did you mean CIRRUS_ORG_URL\?/);
});

const wrongValues: readonly (readonly [value: string, message: RegExp])[] = [
  ['ftp://x', /CIRRUS_URL must be an http/],
  ['not a url', /CIRRUS_URL must be an http.*not "not a url"/],
  ['https://user:canary@x.example', /CIRRUS_URL must be an http.*without user name/],
];

for (const [value, message] of wrongValues) {
  test(`a URL like ${value} is refused, naming what is expected`, async () => {
    const problem = await refused({ source: 'cirrus', envFile: [] }, { ...keys, CIRRUS_URL: value });
    assert.equal(problem.status, 78);
    assert.match(problem.message, message);
    assert.doesNotMatch(problem.message, /canary/);
  });
}

const wrongFlags: readonly (readonly [flags: Flags, status: number, message: RegExp])[] = [
  [{}, 64, /no source is named/],
  [{ source: 'sampel' }, 64, /unknown source 'sampel' \(Did you mean sample\?\)/],
  [{ source: '__proto__' }, 64, /unknown source/],
  [{ sink: 'elastik' }, 64, /unknown sink 'elastik' \(Did you mean elastic\?\)/],
  [{ bulkFormat: 'elastik' }, 64, /unknown bulk format.*elastic/],
  [{ since: '65' }, 64, /--since/],
  [{ since: '1,5h' }, 64, /--since/],
  [{ since: '2026-02-30T00:00:00Z' }, 64, /--since/],
  [{ since: '2026-11-20T08:00:00' }, 64, /--since/],
  [{ since: '1h', until: '2h' }, 64, /--since 1h is not before --until 2h/],
  [{ since: '2027-01-01T00:00:00Z' }, 64, /not before now/],
  [{ limit: '0' }, 64, /--limit/],
  [{ limit: '1.5' }, 64, /--limit/],
  [{ limit: '1000000000' }, 64, /^--limit is too large: 1000000000$/],
  [{ categories: [','] }, 64, /^--categories names none: ","$/],
  [{ categories: [' , '] }, 64, /^--categories names none/],
  [{ overlap: '5' }, 64, /--overlap/],
  [{ maxRuntime: '0s' }, 64, /--max-runtime/],
  [{ timeout: 'soon' }, 64, /--timeout/],
  [{ query: ['user'] }, 64, /user/],
  [{ dedupe: 'time' }, 64, /--dedupe/],
  [{ maxQuarantine: '101' }, 64, /^--max-quarantine is not a percentage: 101$/],
  [{ maxQuarantine: '0.5' }, 64, /^--max-quarantine is not a percentage: 0\.5$/],
  [{ output: 'x', sink: 'stdout' }, 64, /stdout has no setting for --output/],
  [{ apikey: 'canary' }, 64, /sample has no setting for --apikey/],
  [{ envFile: ['/does/not/exist.env'] }, 78, /exist\.env \(ENOENT: there is no such file\)/],
  [{ caFile: '/does/not/exist.pem' }, 78, /--ca-file .*ENOENT/],
];

for (const [flags, status, message] of wrongFlags) {
  test(`refused with ${status}: ${JSON.stringify(flags)}`, async () => {
    const source = Object.keys(flags).length === 0 || 'source' in flags ? {} : { source: 'sample' };
    const problem = await refused({ envFile: [], ...source, ...flags });
    assert.equal(problem.status, status);
    assert.match(problem.message, message);
    assert.doesNotMatch(problem.message, /canary/);
  });
}

test('an unknown source in the environment is a wrong setting, not a wrong flag', async () => {
  assert.equal((await refused({ envFile: [] }, { AUDIT_EXPORT_SOURCE: 'nothing' })).status, 78);
});

test('a search uses no position unless told to continue', async () => {
  const uses = async (flags: Flags): Promise<boolean> =>
    (await configureWith({ source: 'sample', envFile: [], ...flags })).job.usePosition;
  assert.equal(await uses({}), true);
  assert.equal(await uses({ rawQuery: 'x', categories: ['a'], limit: '5' }), true);
  const searches: readonly Flags[] = [{ since: '1h' }, { until: '1h' }, { query: ['a=b'] }, { singleQuery: true }];
  for (const flags of searches) {
    assert.equal(await uses(flags), false);
    assert.equal(await uses({ ...flags, continue: true }), true);
  }
});

test('the state directory: flag, systemd, XDG, home, or a problem', () => {
  const all = { STATE_DIRECTORY: '/var/lib/a:/var/lib/b', XDG_STATE_HOME: '/xdg', HOME: '/home/soc' };
  assert.equal(stateDirectory('/flag', all), '/flag');
  assert.equal(stateDirectory(undefined, all), '/var/lib/a');
  assert.equal(stateDirectory(undefined, { ...all, STATE_DIRECTORY: '' }), '/xdg/audit-export');
  assert.equal(stateDirectory(undefined, { XDG_STATE_HOME: 'relative', HOME: '/h' }), '/h/.local/state/audit-export');
  assert.equal(
    stateDirectory(undefined, {}),
    join(userInfo().homedir, '.local/state/audit-export'),
    'without HOME, as the password database says',
  );
  assert.throws(() => stateDirectory(undefined, { HOME: 'relative' }), { status: 78 });
});

test('--categories unite, and however one is called, how often, and in which order makes no other job', async () => {
  const source = { name: 'syncropel', scope: 'https://a' } as Source;
  const sink = { name: 'stdout', scope: '' } as Sink;
  const named = async (...categories: string[]): Promise<[string, readonly string[]]> => {
    const { job } = await configureWith({ source: 'syncropel', categories });
    return [jobName({}, source, sink, job.search), job.search.categories.toSorted()];
  };
  const one = await named('aitl,governance');
  assert.deepEqual(one[1], ['aitl', 'governance']);
  for (const lists of [
    ['aitl', 'governance'],
    ['governance', 'aitl'],
    ['aitl,governance,aitl'],
    ['decision, governance'],
    ['aitl,decision', 'governance'],
  ]) {
    assert.deepEqual(await named(...lists), one, lists.join(' '));
  }
  assert.notDeepEqual((await named('aitl'))[0], one[0]);
});

test('jobs that must not share a position have different names', () => {
  const search: Search = { query: [], rawQuery: undefined, categories: [], limit: undefined, single: false };
  const source = { name: 'sycope', scope: 'https://a auditLog' } as Source;
  const sink = { name: 'elastic', scope: 'https://e audit' } as Sink;
  const names = [
    jobName({}, source, sink, search),
    jobName({}, { ...source, scope: 'https://b auditLog' }, sink, search),
    jobName({}, source, { ...sink, scope: 'https://e other' }, search),
    jobName({}, source, sink, { ...search, query: [['a', 'b']] }),
    jobName({}, source, sink, { ...search, rawQuery: 'a' }),
    jobName({}, source, sink, { ...search, categories: ['a'] }),
    jobName({ command: ['curl', 'http://a'] }, source, sink, search),
    jobName({ command: ['curl', 'http://b'] }, source, sink, search),
  ];
  assert.equal(new Set(names).size, names.length);
  assert.match(names[0] ?? '', /^sycope\.elastic\.[0-9a-f]{8}$/);
  assert.equal(jobName({}, source, sink, { ...search, limit: 5, single: true }), names[0]);
  const several: Search = {
    ...search,
    query: [
      ['a', '1'],
      ['a', '2'],
      ['b', '0'],
    ],
    categories: ['x', 'y'],
  };
  const reordered = { query: several.query.toReversed(), categories: several.categories.toReversed() };
  assert.equal(jobName({}, source, sink, { ...several, ...reordered }), jobName({}, source, sink, several));
  assert.equal(jobName({}, source, sink, several), 'sycope.elastic.5189db97', 'a name that lies on disks');
  assert.equal(jobName({ job: 'my-job' }, source, sink, search), 'my-job');
  for (const wrong of ['../x', '', 'a b', '..', 'x'.repeat(101)]) {
    assert.throws(() => jobName({ job: wrong }, source, sink, search), { status: 64 });
  }
});
