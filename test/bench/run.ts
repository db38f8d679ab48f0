/**
 * npm run bench [-- --quick | rounds]: whole processes, interleaved, medians of 7 rounds, as ratios beside the budgets,
 * and a scaling curve. `--quick`: 3 rounds, a tenth of the records in the long runs.
 *
 * The vendor (vendor.ts) is another process on loopback. What is compared with is in loop.ts, bundled like the program.
 * Prints a table and writes test/bench/results.json.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { lockJob } from '../../src/io/state/directory.ts';
import { cleanEnvironment, measure, median, type Command, type Sample } from './measure.ts';

interface Row {
  readonly what: string;
  readonly of: 'milliseconds' | 'peak';
  readonly ours: string;
  /** What it is divided by; a row without it has an absolute budget. */
  readonly base?: string;
  readonly budget: number;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const quick = process.argv.includes('--quick');
const rounds = quick ? 3 : Number(process.argv[2] ?? 7);
const million = quick ? 100_000 : 1_000_000;
const workplace = mkdtempSync(join(tmpdir(), 'audit-export-bench-'));
const state = join(workplace, 'state');
const program = [process.execPath, join(root, 'bin/audit-export.js')];
const megabyte = 1e6;

/** The vendor of vendor.ts as a source definition. */
const definition = {
  name: 'bench',
  summary: 'The vendor of the bench',
  settings: {
    BENCH_URL: { summary: 'Where it listens', required: true, kind: 'url' },
    BENCH_RECORDS: { summary: 'How many records there are', required: true },
    BENCH_PAGE: { summary: 'Records in a page', default: '1000' },
  },
  url: '{BENCH_URL}',
  scope: 'bench',
  auth: { type: 'session', login: { method: 'POST', path: '/login' } },
  request: {
    path: '/{BENCH_RECORDS}/{BENCH_PAGE}/events',
    query: { from: '{from}', until: '{until}', cursor: '{cursor}' },
  },
  paging: { type: 'cursor', path: 'page.next' },
  window: { filter: 'event', time: 'epoch-ns', longest: '7d' },
  records: { path: 'data', id: { paths: ['id'] }, time: { path: 'timestamp', format: 'epoch-ns' } },
};
const definitionFile = join(workplace, 'bench.json');
writeFileSync(definitionFile, JSON.stringify(definition));
/** The same in slices of ten seconds: a thousand of them have records. */
const slicedFile = join(workplace, 'sliced.json');
writeFileSync(slicedFile, JSON.stringify({ ...definition, window: { ...definition.window, longest: '10s' } }));

const vendor = await startVendor();
const elastic = await startVendor();
try {
  await bench(vendor.url);
} finally {
  vendor.stop();
  elastic.stop();
  rmSync(workplace, { recursive: true });
}

async function bench(url: string): Promise<void> {
  const loop = await bundled('loop.ts');
  const node = process.execPath;
  const events = (count: number): string => `${url}/${count}/1000/events`;
  const sycope = tick('sycope', ['--source', 'sycope'], {
    SYCOPE_URL: url,
    SYCOPE_USERNAME: 'auditor',
    SYCOPE_PASSWORD: 'bench',
  });
  const definitionTick = job('tick', url, '10');
  const held = job('held', url, '10');
  const nameless = withoutName(held);
  const remembering = (records: string): Command => {
    const { argv, env } = job('remembering', url, records);
    return { argv: [...argv, '--overlap', '1d'], ...(env && { env }) };
  };
  // The first run delivers the records; the later ones find nothing new.
  const delivered = [sycope, definitionTick, nameless, remembering('100000'), job('forgetful', url, '0')];
  for (const first of delivered) await measure(first);
  const named = readdirSync(state).find((file) => file.startsWith('bench.file.')) ?? '';
  const locks = [await lockJob(state, 'held'), await lockJob(state, named.replace(/\.position$/, ''))];

  const jq = spawnSync('jq', ['--version']).status === 0 && spawnSync('curl', ['--version']).status === 0;
  const curl = `curl -s -b session=5f3c9e0d1b7a4c86 '${events(100_000)}?cursor=[0-99000:1000]' | jq -c '.data[]'`;
  const samples = await interleaved({
    'node -e 0': { argv: [node, '-e', '0'] },
    '--help': { argv: [...program, '--help'] },
    '--version': { argv: [...program, '--version'] },
    'lock held': { ...held, status: 75 },
    'lock held, no --job': { ...nameless, status: 75 },
    tick: sycope,
    'tick, own definition': definitionTick,
    'tick, 100 k remembered': remembering('0'),
    'tick, none remembered': job('forgetful', url, '0'),
    'export 1 k': search(url, 1000),
    'export 10 k': search(url, 10_000),
    'export 100 k': search(url, 100_000),
    ...(jq ? { 'curl | jq 100 k': { argv: ['bash', '-c', curl] } } : {}),
    'export 1 M': search(url, million),
    'parse loop 1 M': { argv: [node, loop, 'parse', events(million)] },
    'discard loop 1 M': { argv: [node, loop, 'discard', events(million)] },
    'one page of 1 M': search(url, million, { BENCH_PAGE: String(million) }),
    '1 M in slices': sliced(url, million),
    '_bulk 1 M': search(url, million, {
      AUDIT_EXPORT_SINK: 'elastic',
      ELASTIC_URL: elastic.url,
      ELASTIC_INDEX: 'bench',
    }),
  });
  for (const lock of locks) await lock.release();
  // Too long for every round.
  samples.set('10 M in slices', [await measure(sliced(url, 10 * million))]);
  const time = 'milliseconds';
  report(
    [
      { what: 'tick with nothing new ÷ node -e 0', of: time, ours: 'tick', base: 'node -e 0', budget: 4.5 },
      { what: '--help ÷ node -e 0', of: time, ours: '--help', base: 'node -e 0', budget: 2 },
      { what: '--version ÷ node -e 0', of: time, ours: '--version', base: 'node -e 0', budget: 2 },
      { what: 'lock held ÷ node -e 0', of: time, ours: 'lock held', base: 'node -e 0', budget: 2 },
      { what: '1 M records ÷ JSON.parse loop', of: time, ours: 'export 1 M', base: 'parse loop 1 M', budget: 0.4 },
      { what: '100 k records ÷ curl | jq', of: time, ours: 'export 100 k', base: 'curl | jq 100 k', budget: 0.15 },
      { what: '1 M records ÷ read and discard', of: time, ours: 'export 1 M', base: 'discard loop 1 M', budget: 5 },
      { what: 'peak memory, 1 M records, MB', of: 'peak', ours: 'export 1 M', budget: 160 },
      { what: 'peak memory, 1 M ÷ 100 k records', of: 'peak', ours: 'export 1 M', base: 'export 100 k', budget: 1.6 },
      {
        what: 'peak memory, 10 M ÷ 1 M in slices',
        of: 'peak',
        ours: '10 M in slices',
        base: '1 M in slices',
        budget: 1.15,
      },
      {
        what: 'peak memory, one page ÷ 1,000 pages',
        of: 'peak',
        ours: 'one page of 1 M',
        base: 'export 1 M',
        budget: 1.2,
      },
      {
        what: 'tick, 100 k remembered IDs ÷ none',
        of: time,
        ours: 'tick, 100 k remembered',
        base: 'tick, none remembered',
        budget: 1.6,
      },
      { what: '_bulk with gzip ÷ stdout', of: time, ours: '_bulk 1 M', base: 'export 1 M', budget: 2.5 },
    ],
    samples,
  );
}

/** Every command once a round, so that a busy moment of the machine meets all of them alike. */
async function interleaved(commands: Readonly<Record<string, Command>>): Promise<Map<string, Sample[]>> {
  const samples = new Map<string, Sample[]>(Object.keys(commands).map((name) => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    process.stderr.write(`round ${round} of ${rounds}\n`);
    for (const [name, command] of Object.entries(commands)) samples.get(name)?.push(await measure(command));
  }
  return samples;
}

function report(rows: readonly Row[], samples: ReadonlyMap<string, readonly Sample[]>): void {
  const middle = (name: string, of: Row['of']): number | undefined =>
    median((samples.get(name) ?? []).flatMap((sample) => sample[of] ?? []));
  const results = rows.map((row) => {
    const ours = middle(row.ours, row.of);
    const base = row.base === undefined ? megabyte : middle(row.base, row.of);
    const ratio = ours === undefined || base === undefined ? undefined : ours / base;
    return { ...row, ratio, within: ratio === undefined ? undefined : ratio <= row.budget };
  });
  const medians = [...samples.keys()].map((name) => ({
    name,
    milliseconds: middle(name, 'milliseconds'),
    peakMegabytes: (middle(name, 'peak') ?? 0) / megabyte,
  }));
  const machine = `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, medians of ${rounds}`;
  const lines = [
    machine,
    '',
    ...medians.map(
      ({ name, milliseconds, peakMegabytes }) =>
        `${name.padEnd(24)} ${(milliseconds ?? 0).toFixed(0).padStart(7)} ms ${peakMegabytes.toFixed(0).padStart(5)} MB`,
    ),
    '',
    ...results.map(({ what, ratio, budget, within }) => {
      const verdict = within === undefined ? 'not measured' : within ? 'within' : 'OVER';
      return `${what.padEnd(36)} ${(ratio?.toFixed(2) ?? '-').padStart(8)}  budget ${String(budget).padStart(5)}  ${verdict}`;
    }),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  const file = join(root, 'test/bench/results.json');
  writeFileSync(file, `${JSON.stringify({ machine, medians, results }, null, 2)}\n`);
}

/** A job with a position: what cron runs. */
function job(name: string, url: string, records: string): Command {
  return tick(name, ['--source', definitionFile], { BENCH_URL: url, BENCH_RECORDS: records });
}

function tick(name: string, source: readonly string[], env: Readonly<Record<string, string>>): Command {
  const output = join(workplace, `${name}.jsonl`);
  const place = ['--job', name, '--state-dir', state];
  return { argv: [...program, ...source, '--sink', 'file', '--output', output, ...place], env };
}

/** A search without position, records to standard output unless told otherwise. */
function search(url: string, records: number, more: Readonly<Record<string, string>> = {}): Command {
  return {
    argv: [...program, '--source', definitionFile, '--since', '1d'],
    env: { BENCH_URL: url, BENCH_RECORDS: String(records), ...more },
  };
}

/** The same window in a thousand slices, so that the IDs to remember at a time are few. */
function sliced(url: string, records: number): Command {
  const window = ['--since', '13h', '--until', '8h', '--overlap', '10s'];
  return {
    argv: [...program, '--source', slicedFile, ...window],
    env: { BENCH_URL: url, BENCH_RECORDS: String(records) },
  };
}

/** The same job, named by its source and sink. */
function withoutName({ argv, ...rest }: Command): Command {
  const at = argv.indexOf('--job');
  return { argv: [...argv.slice(0, at), ...argv.slice(at + 2)], ...rest };
}

/** Bundles a file of this folder as the program is bundled. */
async function bundled(name: string): Promise<string> {
  const outfile = join(workplace, name.replace(/\.ts$/, '.mjs'));
  await build({
    entryPoints: [join(root, 'test/bench', name)],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
    logLevel: 'error',
  });
  return outfile;
}

async function startVendor(): Promise<{ readonly url: string; stop(): void }> {
  const child = spawn(process.execPath, [await bundled('vendor.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: cleanEnvironment(),
  });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    url: `http://127.0.0.1:${port.toString().trim()}`,
    stop: () => void child.kill(),
  };
}
