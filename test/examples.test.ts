/** What stands in examples/ is run: as cron, systemd and Kubernetes run it, with the sample vendor for the real one. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse as parseEnv } from 'dotenv';
import { parse as parseYaml, parseAllDocuments } from 'yaml';
import { parseCommandLine } from '../src/cli.ts';
import { configure } from '../src/config.ts';
import { byteBuffer } from '../src/core/bytes.ts';
import { definitionSchema, parseDefinition } from '../src/core/definition.ts';
import { placesOf } from '../src/core/definition/places.ts';
import { sentinelForm } from '../src/core/wire/sentinel/form.ts';
import { sinks } from '../src/sinks/index.ts';
import { sources } from '../src/sources/index.ts';
import { installed } from './support/installed.ts';
import { auditRecord } from './support/records.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const examples = join(root, 'examples');
const workplace = mkdtempSync(join(tmpdir(), 'audit-export-examples-'));
after(() => rmSync(workplace, { recursive: true }));

const programs = installed(workplace);

const read = (name: string): string => readFileSync(join(examples, name), 'utf8');
const files = readdirSync(examples, { withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ name }) => name);
const envFiles = files.filter((name) => name.endsWith('.env'));

interface Place {
  readonly home: string;
  readonly output: string;
  readonly envFile: string;
}

/** A home directory, and an env file for the sample vendor with a file as its destination. */
function place(name: string): Place {
  const home = join(workplace, name);
  mkdirSync(home);
  const [output, envFile] = [join(home, 'records.jsonl'), join(home, 'job.env')];
  writeFileSync(envFile, `AUDIT_EXPORT_SOURCE=sample\nAUDIT_EXPORT_SINK=file\nOUTPUT=${output}\n`);
  return { home, output, envFile };
}

/** Runs a shell command with nothing but these variables, and expects silence, exit 0 and records in the file. */
function runsSilently(command: string, environment: NodeJS.ProcessEnv, { output }: Place): void {
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', command], { env: environment, encoding: 'utf8' });
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' }, command);
  const lines = readFileSync(output, 'utf8').trimEnd().split('\n');
  assert.ok(lines.length > 1, 'records were delivered');
  for (const line of lines) assert.doesNotThrow(() => JSON.parse(line));
}

const crontab = read('crontab').split('\n');
const jobs = crontab.filter((line) => /^[\d*]/.test(line));

for (const [index, line] of jobs.entries()) {
  test(`the crontab line runs as cron would run it: ${line}`, () => {
    const [, minute = '', hour = '', command = ''] = /^(\S+) (\S+) \S+ \S+ \S+ (.+)$/.exec(line) ?? [];
    assert.match(`${minute} ${hour}`, /^(\*(?:\/5)?|[0-5]?\d) (\*|1?\d|2[0-3])$/);
    const here = place(`cron-${index}`);
    const path = crontab.find((one) => one.startsWith('PATH='))?.slice('PATH='.length);
    runsSilently(
      command.replace(/\/etc\/audit-export\/\S+\.env/, here.envFile),
      { HOME: here.home, LOGNAME: 'auditor', SHELL: '/bin/sh', PATH: `${programs}:${path}` },
      here,
    );
  });
}

test('every env file that an example names is an example itself', () => {
  const named = files.flatMap((name) => [...read(name).matchAll(/(?<![\w%-])[\w-]+\.env\b/g)].map(([file]) => file));
  const missing = named.filter((file) => !envFiles.includes(file) && file !== 'job.env');
  assert.deepEqual(missing, []);
});

test('the rule for Microsoft Sentinel declares every column that it is sent, for it drops others in silence', () => {
  const rule = JSON.parse(read('sentinel-rule.json')) as SentinelRule;
  const { streamDeclarations, dataFlows } = rule.properties;
  const [[stream, { columns }] = ['', { columns: [] }]] = Object.entries(streamDeclarations);
  const out = byteBuffer(1000);
  sentinelForm('acme', () => 0)(auditRecord('{}', '1'), out, '');
  const row = JSON.parse(out.view().toString('utf8').replace(/,$/, '')) as object;
  assert.deepEqual(columns.map(({ name }) => name).toSorted(), Object.keys(row).toSorted());
  assert.deepEqual(
    dataFlows.map(({ streams }) => streams),
    [[stream]],
  );
  const named = envFiles.filter((name) => name.endsWith('-sentinel.env')).map((name) => parseEnv(read(name)));
  assert.ok(named.length > 3);
  for (const { SENTINEL_STREAM: used } of named) assert.equal(used, stream);
});

interface SentinelRule {
  readonly properties: {
    readonly streamDeclarations: Readonly<Record<string, { readonly columns: readonly { readonly name: string }[] }>>;
    readonly dataFlows: readonly { readonly streams: readonly string[] }[];
  };
}

test('the systemd service runs as systemd would run it', () => {
  const here = place('systemd');
  const command = /^ExecStart=(.+)$/m.exec(read('audit-export@.service'))?.[1] ?? '';
  runsSilently(
    command.replace('/usr/local/bin/', ''),
    { PATH: `${programs}:/usr/bin:/bin`, STATE_DIRECTORY: join(here.home, 'state'), CREDENTIALS_DIRECTORY: here.home },
    here,
  );
});

test('the systemd service asks for nothing that came after LoadCredential=: %d is of version 251, and Ubuntu 22.04 has 249', () => {
  const specifiers = [...read('audit-export@.service').matchAll(/%./g)].map(([one]) => one);
  assert.deepEqual([...new Set(specifiers)].toSorted(), ['%i', '%n']);
});

const systemd = spawnSync('systemd-analyze', ['--version']).status === 0;
test('systemd accepts the service and the timer', { skip: systemd ? false : 'systemd-analyze is not here' }, () => {
  const units = join(workplace, 'units');
  mkdirSync(units);
  for (const kind of ['service', 'timer']) {
    const text = read(`audit-export@.${kind}`).replaceAll('/usr/local/bin', programs);
    writeFileSync(join(units, `audit-export@cirrus-elastic.${kind}`), text);
  }
  const { status, stderr } = spawnSync(
    'systemd-analyze',
    ['verify', '--man=no', ...readdirSync(units).map((unit) => join(units, unit))],
    { encoding: 'utf8', env: { ...process.env, SYSTEMD_UNIT_PATH: `${units}:` } },
  );
  assert.deepEqual(
    { status, complaints: stderr.split('\n').filter((line) => line.includes(units)) },
    { status: 0, complaints: [] },
  );
});

test('the Kubernetes job runs as a pod would run it, and so does each later pod, on a volume that kubelet mounts anew', () => {
  const here = place('kubernetes');
  const [job] = parseAllDocuments(read('kubernetes-cronjob.yaml')).map((document) => document.toJS() as CronJob);
  const pod = job?.spec.jobTemplate.spec.template.spec;
  const container = pod?.containers[0];
  assert.ok(pod !== undefined && container !== undefined);
  const mounted = container.volumeMounts[0]?.mountPath ?? '';
  const volume = join(here.home, 'volume');
  mkdirSync(volume, { mode: 0o755 });
  const environment = Object.fromEntries(
    container.env.map(({ name, value }) => [name, value.replace(mounted, volume)]),
  );
  const command = [...container.command, ...container.args].join(' ');
  for (let run = 1; run <= 3; run++) {
    mountAsKubelet(volume, pod.securityContext.fsGroupChangePolicy);
    runsSilently(
      command,
      { ...parseEnv(readFileSync(here.envFile)), ...environment, PATH: `${programs}:/usr/bin:/bin` },
      here,
    );
  }
  assert.equal(job?.spec.concurrencyPolicy, 'Forbid');
});

/**
 * What a mount does for `fsGroup` (pkg/volume/volume_linux.go of Kubernetes): files get g+rw, folders g+rwx and g+s; with
 * OnRootMismatch only if the root of the volume lacks them. The group itself is not what is tried here.
 */
function mountAsKubelet(volume: string, policy = 'Always'): void {
  const folder = 0o2770;
  if (policy === 'OnRootMismatch' && (statSync(volume).mode & folder) === folder) return;
  const below = readdirSync(volume, { recursive: true, encoding: 'utf8' }).map((name) => join(volume, name));
  for (const path of [volume, ...below]) {
    const stat = statSync(path);
    chmodSync(path, (stat.mode & 0o7777) | (stat.isDirectory() ? folder : 0o660));
  }
}

interface CronJob {
  readonly spec: {
    readonly concurrencyPolicy: string;
    readonly jobTemplate: { readonly spec: { readonly template: { readonly spec: Pod } } };
  };
}

interface Pod {
  readonly securityContext: { readonly fsGroupChangePolicy?: string };
  readonly containers: readonly {
    readonly command: readonly string[];
    readonly args: readonly string[];
    readonly env: readonly { readonly name: string; readonly value: string }[];
    readonly volumeMounts: readonly { readonly mountPath: string }[];
  }[];
}

for (const name of envFiles) {
  test(`${name} has every setting that its pairing needs, and no other`, async () => {
    const text = read(name);
    const values = parseEnv(text);
    const { AUDIT_EXPORT_SOURCE: source = '', AUDIT_EXPORT_SINK: sink = '' } = values;
    assert.equal(name, `${source}-${sink}.env`);
    const settings = { ...(await sources[source]?.())?.settings, ...(await sinks[sink]?.())?.settings };
    const known = new Set(
      Object.entries(settings).flatMap(([key, { secret }]) => (secret === true ? [key, `${key}_FILE`] : [key])),
    );
    // Lines that are commented out count: whoever removes the # relies on the name.
    const named = [...text.matchAll(/^(?:# ?)?([A-Z][A-Z0-9_]+)=/gm)].map((match) => match[1] ?? '');
    const unknown = named.filter((key) => !known.has(key) && !key.startsWith('AUDIT_EXPORT_'));
    assert.deepEqual(unknown, []);

    // Secrets that are read from files: the files exist only where the job runs.
    const secret = join(workplace, 'secret');
    writeFileSync(secret, 'a-secret-for-the-test', { mode: 0o600 });
    const copy = join(workplace, name);
    writeFileSync(copy, text.replaceAll(/^([A-Z_]+_FILE)=.*$/gm, `$1=${secret}`), { mode: 0o600 });
    const invocation = parseCommandLine(['-e', copy], '0.0.0');
    assert.ok('flags' in invocation);
    const { findings } = await configure(invocation.flags, { HOME: workplace }, 0);
    assert.deepEqual(findings.warnings, []);
  });
}

/** The parts of acme.yaml that stand there as comments: each block of lines that begin with `#` and three blanks. */
const commented = read('acme.yaml')
  .split(/\n(?!#   )/)
  .flatMap((text) => {
    const lines = text.split('\n').filter((line) => line.startsWith('#   '));
    return lines.length === 0 ? [] : [lines.map((line) => line.slice(4)).join('\n')];
  });

/** What else has to be said, or left out, where a part is used. */
const companions: Readonly<Record<string, object>> = {
  branches: {
    request: { path: '/teams/{branch}/audit', query: { from: '{from}' } },
    paging: { type: 'link' },
    query: undefined,
  },
  job: {
    request: { path: '/queries/{job}/rows', query: { offset: '{offset}' } },
    paging: { type: 'offset' },
    query: undefined,
    categories: undefined,
  },
  items: { records: { path: 'data', id: { paths: ['id'] } } },
};

/** acme.yaml with one of them: parts of `auth` are those with a `type`, or with what belongs to the one before. */
function withPart(part: Readonly<Record<string, unknown>>, before: object | undefined): unknown {
  const acme = parseYaml(read('acme.yaml')) as { readonly settings: object };
  const companion = Object.assign({}, ...Object.keys(part).map((key) => companions[key] ?? {})) as object;
  const isAuth = 'type' in part || 'form' in part;
  const made = isAuth ? { auth: { ...('type' in part ? {} : { ...before, basic: undefined }), ...part } } : part;
  const used = [...JSON.stringify(part).matchAll(/\{(ACME_[A-Z_]+)\}/g)].map(([, name = '']) => name);
  const further = used.map((name) => [
    name,
    { summary: name, secret: /(?:KEY|SECRET|PASSWORD)$/.test(name), lines: name.endsWith('KEY') },
  ]);
  const settings = { ...Object.fromEntries(further), ACME_TEAMS: { summary: 'Teams.' }, ...acme.settings };
  return JSON.parse(JSON.stringify({ ...acme, ...companion, ...made, settings }));
}

let auth: object | undefined;
for (const text of commented) {
  // Several alternatives of one part are a line each.
  const lines = text.split('\n');
  const alternatives =
    new Set(lines.map((line) => line.split(':')[0])).size < lines.length && lines.every((line) => /^\w/.test(line));
  for (const part of alternatives ? lines : [text]) {
    const value = parseYaml(part) as Readonly<Record<string, unknown>>;
    const around = auth;
    if ('type' in value) auth = value;
    test(`what acme.yaml has as a comment can be used: ${part.split('\n')[0]}`, () => {
      parseDefinition(withPart(value, around), 'acme.yaml');
    });
  }
}

test('acme.yaml, which messages point to, has every name that a definition can have', () => {
  const text = read('acme.yaml');
  const older = 'without';
  const lacking = [...placesOf(definitionSchema).keys()].filter((name) => !new RegExp(`\\b${name}:`).test(text));
  assert.deepEqual(lacking, [older]);
});

test('acme.yaml explains every way in which pages end', () => {
  const text = read('acme.yaml');
  for (const end of ['missing', 'short-page', 'empty-page', 'unchanged'])
    assert.match(text, new RegExp(`stop: .*${end}`));
});

test('all comments of acme.yaml that are parts were found', () => {
  assert.deepEqual(
    commented.map((text) => text.split(':')[0]),
    ['branches', 'type', 'form', 'type', 'type', 'type', 'headers', 'parameters', 'prepare', 'job', 'items'],
  );
});
