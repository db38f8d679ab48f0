/**
 * npm run bench [-- rounds]: whole processes, interleaved, medians of 7 rounds, as ratios beside the budgets.
 *
 * The vendor (vendor.ts) is another process on loopback. What is compared with is in loop.ts, bundled like the program.
 * Prints a table and writes test/bench/results.json.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
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
const rounds = Number(process.argv[2] ?? 7);
const workplace = mkdtempSync(join(tmpdir(), 'audit-export-bench-'));
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
  window: { filter: 'event', time: 'epoch-ns' },
  records: { path: 'data', id: { paths: ['id'] }, time: { path: 'timestamp', format: 'epoch-ns' } },
};
const definitionFile = join(workplace, 'bench.json');
writeFileSync(definitionFile, JSON.stringify(definition));

const vendor = await startVendor();
try {
  await bench(vendor.url);
} finally {
  vendor.stop();
  rmSync(workplace, { recursive: true });
}

async function bench(url: string): Promise<void> {
  const loop = await bundled('loop.ts');
  const node = process.execPath;
  const events = (count: number): string => `${url}/${count}/1000/events`;
  const tick = job('tick', url, '10');
  const held = job('held', url, '10');
  const holder = await hold(job('held', url, 'hang'));
  await measure(tick); // the first run delivers the ten records; the later ones find nothing new

  const jq = spawnSync('jq', ['--version']).status === 0 && spawnSync('curl', ['--version']).status === 0;
  const curl = `curl -s -b session=5f3c9e0d1b7a4c86 '${events(100_000)}?cursor=[0-99000:1000]' | jq -c '.data[]'`;
  const fast: Record<string, Command> = {
    'node -e 0': { argv: [node, '-e', '0'] },
    '--help': { argv: [...program, '--help'] },
    '--version': { argv: [...program, '--version'] },
    'lock held': { ...held, status: 75 },
    tick,
    'export 100 k': search(url, 100_000),
    ...(jq ? { 'curl | jq 100 k': { argv: ['bash', '-c', curl] } } : {}),
  };
  const slow: Record<string, Command> = {
    'export 1 M': search(url, 1_000_000),
    'parse loop 1 M': { argv: [node, loop, 'parse', events(1_000_000)] },
    'discard loop 1 M': { argv: [node, loop, 'discard', events(1_000_000)] },
  };
  const rows: Row[] = [
    { what: 'tick with nothing new ÷ node -e 0', of: 'milliseconds', ours: 'tick', base: 'node -e 0', budget: 4.5 },
    { what: '--help ÷ node -e 0', of: 'milliseconds', ours: '--help', base: 'node -e 0', budget: 2 },
    { what: '--version ÷ node -e 0', of: 'milliseconds', ours: '--version', base: 'node -e 0', budget: 2 },
    { what: 'lock held ÷ node -e 0', of: 'milliseconds', ours: 'lock held', base: 'node -e 0', budget: 2 },
    {
      what: '1 M records ÷ JSON.parse loop',
      of: 'milliseconds',
      ours: 'export 1 M',
      base: 'parse loop 1 M',
      budget: 0.4,
    },
    {
      what: '1 M records ÷ read and discard',
      of: 'milliseconds',
      ours: 'export 1 M',
      base: 'discard loop 1 M',
      budget: 5,
    },
    {
      what: '100 k records ÷ curl | jq',
      of: 'milliseconds',
      ours: 'export 100 k',
      base: 'curl | jq 100 k',
      budget: 0.15,
    },
    { what: 'peak memory, 1 M records, MB', of: 'peak', ours: 'export 1 M', budget: 160 },
    { what: 'peak memory, 1 M ÷ 100 k records', of: 'peak', ours: 'export 1 M', base: 'export 100 k', budget: 1.6 },
  ];

  const samples = await interleaved({ ...fast, ...slow });
  holder.kill();
  report(rows, samples);
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
        `${name.padEnd(20)} ${(milliseconds ?? 0).toFixed(0).padStart(7)} ms ${peakMegabytes.toFixed(0).padStart(5)} MB`,
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
  const state = join(workplace, 'state');
  const output = join(workplace, `${name}.jsonl`);
  return {
    argv: [
      ...program,
      '--source',
      definitionFile,
      '--sink',
      'file',
      '--output',
      output,
      '--job',
      name,
      '--state-dir',
      state,
    ],
    env: { BENCH_URL: url, BENCH_RECORDS: records },
  };
}

/** A search without position, records to standard output. */
function search(url: string, records: number): Command {
  return {
    argv: [...program, '--source', definitionFile, '--since', '1d'],
    env: { BENCH_URL: url, BENCH_RECORDS: String(records) },
  };
}

/** Starts a run that keeps its lock until it is killed; it has the lock when the vendor is asked for records. */
async function hold({ argv: [file = '', ...args], env }: Command): Promise<{ kill(): void }> {
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'inherit'], env: cleanEnvironment(env) });
  const asked = await Promise.race([vendor.asked(), once(child, 'exit')]);
  if (child.exitCode !== null) throw new Error(`the run that was to hold the lock ended with ${asked.join()}`);
  return { kill: () => void child.kill('SIGKILL') };
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

async function startVendor(): Promise<{ readonly url: string; asked(): Promise<unknown[]>; stop(): void }> {
  const child = spawn(process.execPath, [await bundled('vendor.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: cleanEnvironment(),
  });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    url: `http://127.0.0.1:${port.toString().trim()}`,
    asked: () => once(child.stdout, 'data'),
    stop: () => void child.kill(),
  };
}
