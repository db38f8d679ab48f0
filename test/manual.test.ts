/** What the manual shows for jobs that are in use, word for word in /bin/sh. */
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { installed } from './support/installed.ts';
import { scratch, shell } from './support/program.ts';
import { fakeElastic, withoutMark } from './support/sinks/elastic.ts';
import { startOkta } from './support/vendors/okta.ts';
import { sendJson, serve } from './support/vendors/server.ts';
import { missing } from './system/tools.ts';

const readme = readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8');

/** The first block that has the text, and the one after it. */
function blocks(text: string): readonly [string, string] {
  const all = [...readme.matchAll(/^ *```\w+\n([\s\S]*?)^ *```$/gm)].map(([, body = '']) => body);
  const at = all.findIndex((body) => body.includes(text));
  return [all[at] ?? '', all[at + 1] ?? ''];
}

test('the proof of a run is one line that accounts for every record', { skip: missing('jq') }, async (t) => {
  const directory = scratch(t);
  const environment = { HOME: directory, PATH: `${installed(directory)}:/usr/bin:/bin` };
  const flags = '--source sample --state-dir state --output records.jsonl -v --log-format json';
  for (let run = 1; run <= 2; run++) {
    const ended = await shell(`audit-export ${flags} 2>> JOB.log`, { directory, environment });
    assert.deepEqual([ended.status, ended.stdout, ended.stderr], [0, '', '']);
  }
  const [filter, sample] = blocks('"info") | {exit');
  const { stdout, stderr } = await shell(filter, { directory, environment });
  assert.equal(stderr, '');
  const [example, first, second] = [sample, ...stdout.trimEnd().split('\n')].map((line) => JSON.parse(line) as Proof);
  for (const proof of [first, second]) {
    assert.deepEqual(Object.keys(proof ?? {}), Object.keys(example ?? {}));
    assert.deepEqual([proof?.exit, proof?.fetched, proof?.gaps], [0, sumOf(proof), 0]);
  }
  assert.equal(example?.fetched, sumOf(example));
  assert.ok(
    second !== undefined && first !== undefined && second.from <= first.position,
    'no time between the windows',
  );
  const failed = `audit-export ${flags.replace('--output records.jsonl', '--job other')} -- false 2>> other.log`;
  assert.notEqual((await shell(failed, { directory, environment })).status, 0);
  const [other] = (await shell(filter.replace('JOB', 'other'), { directory, environment })).stdout.split('\n');
  const { exit, position } = JSON.parse(other ?? '') as Proof;
  assert.deepEqual([exit, position], [74, null], 'what was fetched and not delivered is not proved');
  const [chain] = blocks('jq -s -c');
  const broken = async (): Promise<string> => (await shell(chain, { directory, environment })).stdout;
  assert.equal(await broken(), '');
  const later = { ...second, from: second.until.replace('2', '3'), gaps: 1 };
  appendFileSync(join(directory, 'JOB.log'), `${JSON.stringify(later)}\n`);
  assert.deepEqual(JSON.parse(await broken()), later);
});

interface Proof {
  readonly exit: number;
  readonly from: string;
  readonly until: string;
  readonly position: string;
  readonly fetched: number;
  readonly delivered: number;
  readonly seen: number;
  readonly quarantined: number;
  readonly gaps: number;
}

function sumOf(proof: Proof | undefined): number | undefined {
  return proof && proof.delivered + proof.seen + proof.quarantined;
}

const [shown] = blocks('mv JOB.quarantine.jsonl');
const day = 24 * 3_600_000;

/** job.env: from a played Okta to a played Elasticsearch. */
function writeJob(directory: string, okta: { readonly origin: string }, elastic: { readonly url: string }): void {
  const settings = {
    AUDIT_EXPORT_SOURCE: 'okta',
    OKTA_URL: okta.origin,
    OKTA_TOKEN: 'token',
    AUDIT_EXPORT_SINK: 'elastic',
    ELASTIC_URL: elastic.url,
    ELASTIC_INDEX: 'audit',
    ELASTIC_API_KEY: 'id:key',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(join(directory, 'job.env'), lines.join(''), { mode: 0o600 });
}

test('what was set aside arrives with its own time, under the ID of its source', { skip: missing('jq') }, async (t) => {
  const directory = scratch(t);
  const [okta, elastic] = [await startOkta(), await fakeElastic()];
  t.after(() => Promise.all([okta.close(), elastic.close()]));
  const published = [1, 2, 3].map((days) => new Date(Date.now() - 10 * days * day).toISOString());
  okta.add(...published.map((time, number) => `{"uuid":"u${number}","published":"${time}","n":9007199254740993}`));
  writeJob(directory, okta, elastic);
  const environment = { HOME: directory, PATH: `${installed(directory)}:/usr/bin:/bin` };
  const pull = (flags: string): ReturnType<typeof shell> =>
    shell(`audit-export -e job.env --job all --state-dir state ${flags}`, { directory, environment });

  elastic.item = (id) =>
    withoutMark(id).endsWith('u1') ? { status: 400, type: 'document_parsing_exception' } : undefined;
  assert.equal((await pull('')).status, 3);
  const quarantine = join(directory, 'state', 'all.quarantine.jsonl');
  for (const more of ['"record":"{\\"uuid\\":\\"torn"', '"base64":"/w=="', '"record":"\\"a text\\""']) {
    appendFileSync(quarantine, `{"time":"2026-11-20T09:00:00Z","reason":"no record",${more}}\n`);
  }

  elastic.item = undefined;
  const [idSpace = ''] = [...elastic.documents.keys()].map((id) => id.replace(/:.*$/, ''));
  assert.match(idSpace, /^okta\.[0-9a-f]{12}$/);
  const recipe = shown
    .replaceAll('JOB.quarantine.jsonl', quarantine)
    .replaceAll('okta.3f9a2c1b07d4', idSpace)
    .replace('--no-position', '--no-position --state-dir state');
  assert.deepEqual(await shell(recipe, { directory, environment }), {
    status: 0,
    signal: null,
    stdout: '',
    stderr: '',
  });
  assert.equal(
    [...elastic.documents].find(([id]) => withoutMark(id) === `${idSpace}:u1`)?.[1],
    `{"@timestamp":"${published[1]}","uuid":"u1","published":"${published[1]}","n":9007199254740993}`,
  );

  // The whole period once more: nothing is there twice.
  assert.deepEqual((await pull('--since 60d')).stderr, '');
  assert.deepEqual(
    [...elastic.documents.keys()].map(withoutMark).toSorted(),
    ['u0', 'u1', 'u2'].map((id) => `${idSpace}:${id}`),
  );
});

test(
  'jq between a job and its delivery changes records; a failure holds them, and one that is refused does not',
  { skip: missing('jq', 'bash') },
  async (t) => {
    const directory = scratch(t);
    const [okta, elastic] = [await startOkta(), await fakeElastic()];
    t.after(() => Promise.all([okta.close(), elastic.close()]));
    const published = new Date(Date.now() - day).toISOString();
    okta.add(...['u0', 'u1'].map((id) => `{"uuid":"${id}","published":"${published}","debugContext":{}}`));
    writeJob(directory, okta, elastic);
    const environment = { HOME: directory, PATH: `${installed(directory)}:/usr/bin:/bin` };
    const [recipe] = blocks('PIPESTATUS');
    const broken = await shell(recipe.replace('del(.debugContext)', 'error(1)'), { directory, environment });
    assert.equal(broken.status, 74, broken.stderr);
    assert.equal(elastic.documents.size, 0);

    elastic.item = (id) =>
      withoutMark(id).endsWith('u1') ? { status: 400, type: 'document_parsing_exception' } : undefined;
    const lean = await shell(recipe, { directory, environment });
    assert.deepEqual([lean.status, lean.stdout], [0, '']);
    assert.deepEqual(
      [...elastic.documents.values()],
      [`{"@timestamp":"${published}","uuid":"u0","published":"${published}"}`],
    );
    const status = await shell('audit-export status --job JOB', { directory, environment });
    assert.match(`${status.status} ${status.stdout}`, /^3 warning .*exit 0: ok, 2 delivered, 1 records? set aside/);
  },
);

test('the definition that it begins with is whole: a vendor is checked and read by it', async (t) => {
  const directory = scratch(t);
  const records = Array.from({ length: 250 }, (_, at) => {
    const timestamp = new Date(Date.now() - (at + 0.5) * 3_600_000).toISOString();
    return { id: `a${at}`, timestamp };
  });
  const vendor = await serve({}, ({ target, headers }, response) => {
    const { href, pathname, searchParams } = new URL(target, vendor.origin);
    const [from = '', until = ''] = ['start', 'end'].map((name) => searchParams.get(name) ?? '');
    const shownBefore = Number(searchParams.get('after') ?? 0);
    const rows = records.filter(({ timestamp }) => timestamp >= from && timestamp < until);
    const data = rows.slice(shownBefore, shownBefore + Number(searchParams.get('limit')));
    const shown = shownBefore + data.length;
    const isWanted = pathname === '/v1/audit-events' && headers['authorization'] === 'Bearer right';
    const next = shown < rows.length ? `${href}&after=${shown}` : null;
    sendJson(response, isWanted ? 200 : 401, JSON.stringify(isWanted ? { data, meta: { next_page_url: next } } : {}));
  });
  t.after(() => vendor.close());
  writeFileSync(join(directory, 'acme.yaml'), blocks('name: acme')[0]);
  writeFileSync(join(directory, 'acme.env'), `ACME_URL=${vendor.origin}\nACME_TOKEN=right\n`, { mode: 0o600 });
  const environment = { HOME: directory, PATH: `${installed(directory)}:/usr/bin:/bin` };
  const [check = '', search = ''] = blocks('check --source ./acme.yaml')[0].trimEnd().split('\n');
  const checked = await shell(check, { directory, environment });
  assert.deepEqual([checked.status, checked.stderr], [0, '']);
  assert.match(checked.stdout, /ok +source acme: logged in, 100 records/);
  const found = await shell(search, { directory, environment });
  assert.deepEqual([found.status, found.stderr, found.stdout.split('\n').length - 1], [0, '', 1]);
  const pulled = await shell('audit-export --source ./acme.yaml -e acme.env', { directory, environment });
  assert.deepEqual([pulled.status, pulled.stderr, pulled.stdout.split('\n').length - 1], [0, '', 7 * 24]);
});
