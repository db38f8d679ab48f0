/**
 * The sweep of failing operations: a run in which the Nth operation on files or sockets fails, for every N until there is
 * no Nth; then a plain run; then what the destination has is compared with what the vendor has.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exit } from '../../src/core/problem.ts';
import { main } from '../../src/main.ts';
import { baseDefinition } from '../faults/definition.ts';
import { faultVendor } from '../faults/vendor.ts';
import { faultWorld } from '../faults/world.ts';
import { batch, type Destination } from './destinations.ts';
import { arm, type Kind, type Plan } from './failing.ts';

const codes: Readonly<Record<Kind, readonly string[]>> = {
  file: ['ENOSPC', 'EIO', 'EACCES', 'EROFS', 'EMFILE', 'EDQUOT'],
  socket: ['ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'ECONNREFUSED', 'EMFILE'],
};
const modes = ['once', 'from'] as const;
const statuses = new Set<number>(Object.values(exit));
const credentials = { apiKey: 'sweep-key', username: 'sweep-user', password: 'sweep-password' };

export interface Tally {
  readonly sink: string;
  readonly kind: Kind;
  /** Runs in which an operation failed. */
  failures: number;
  /** Highest N that there was. */
  operations: number;
  repeats: number;
  readonly statuses: Map<number, number>;
  readonly faults: string[];
}

/** Sweeps one sink. `step` 1: each N with each code and both modes; otherwise each so many Ns with one of them in turn. */
export async function sweepOperations(
  sink: string,
  make: (directory: string) => Promise<Destination>,
  kind: Kind,
  step: number,
): Promise<Tally> {
  const tally: Tally = { sink, kind, failures: 0, operations: 0, repeats: 0, statuses: new Map(), faults: [] };
  const all = codes[kind].flatMap((code) => modes.map((mode) => ({ code, mode })));
  for (let nth = 1; ; nth += step) {
    const some = step === 1 ? all : all.slice(nth % all.length).slice(0, 1);
    let failures = 0;
    for (const { code, mode } of some) failures += await failOnce(make, { kind, nth, code, mode }, tally);
    if (failures === 0) return tally;
    tally.operations = nth;
    tally.failures += failures;
  }
}

/** One history: a good run, one with the failure, and a good one. Returns 1 when something failed in it. */
async function failOnce(make: (directory: string) => Promise<Destination>, plan: Plan, tally: Tally): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'sweep-'));
  const destination = await make(directory);
  const clock = { now: Math.floor(Date.now() / 1000) * 1000 };
  const vendor = await faultVendor({ now: () => clock.now, ...credentials, session: true });
  const source = join(directory, 'acme.json');
  writeFileSync(source, JSON.stringify(baseDefinition(true)));
  const state = join(directory, 'state');
  const refused = new Set(['"no object"', '"none either"']);
  let printed = '';

  async function run(): Promise<{ status: number; stderr: string }> {
    const environment = {
      ACME_URL: vendor.url,
      ACME_USERNAME: credentials.username,
      ACME_PASSWORD: credentials.password,
      ...destination.environment,
    };
    const world = faultWorld({ clock, environment, limited: false });
    const words = ['--source', source, '--state-dir', state, '--job', 'sweep', '--overlap', '3m', '--limit', '4'];
    const status = await main([...words, ...destination.argv], world.world);
    printed += world.stdout();
    clock.now += 60_000;
    return { status, stderr: world.stderr() };
  }

  function lost(): string[] {
    const there = new Set(destination.texts(printed));
    const file = readdirSync(state).find((name) => name.includes('quarantine'));
    const setAside = file === undefined ? '' : readFileSync(join(state, file), 'utf8');
    return vendor.records
      .map(({ text }) => text)
      .filter((text) => (refused.has(text) ? !setAside.includes(JSON.stringify(text)) : !there.has(text)));
  }

  try {
    for (const ago of [50, 40, 40, 30]) vendor.add(`a${ago}-${vendor.records.length}`, ago);
    vendor.add('refused', 45, '"none either"');
    const first = await run();
    if (first.status !== 3) throw new Error(`the first run ended with ${first.status}: ${first.stderr}`);
    for (const ago of [110, 50, 40, 40, 40, 30, 20, 10]) vendor.add(`b${ago}-${vendor.records.length}`, ago);
    vendor.add('refused', 25, '"no object"');
    const armed = await arm(plan);
    let result: Awaited<ReturnType<typeof run>>;
    try {
      result = await run();
    } finally {
      armed.disarm();
    }
    if (armed.failed === undefined) return 0;

    const where = `${plan.code} ${plan.mode} ${plan.nth} (${armed.failed})`;
    const note = (what: string): number => tally.faults.push(`${where}: ${what}`);
    tally.statuses.set(result.status, (tally.statuses.get(result.status) ?? 0) + 1);
    if (!statuses.has(result.status) || result.status === exit.software)
      note(`status ${result.status}: ${result.stderr}`);
    const before = lost();
    if (result.status === 0 || result.status === 3) {
      if (before.length > 0) note(`status ${result.status}, and ${before.length} records were not delivered`);
    }
    const next = await run();
    if (next.status !== 0 && next.status !== 3) note(`the next run ended with ${next.status}: ${next.stderr}`);
    const after = lost();
    if (after.length > 0) note(`lost ${after.join()}`);
    const texts = destination.texts(printed);
    const wanted = new Set(vendor.records.map(({ text }) => text));
    if (texts.some((text) => !wanted.has(text))) note('altered records');
    const repeats = texts.length - new Set(texts).size;
    tally.repeats += repeats;
    if (repeats > Math.min(destination.repeats, batch))
      note(`${repeats} repeats; status was ${result.status}: ${result.stderr}`);
    return 1;
  } finally {
    await vendor.down();
    await destination.server?.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The tallies as the table of the README. */
export function operationsTable(tallies: readonly Tally[]): string {
  const rows = tallies.map(({ sink, kind, operations, failures, repeats, faults, statuses: ended }) => {
    const statusesText = [...ended]
      .toSorted(([one], [other]) => one - other)
      .map(([status, count]) => `${status}: ${count}`);
    return `| ${sink} | ${kind} | ${operations} | ${failures} | ${faults.length} | ${repeats} | ${statusesText.join(', ')} |`;
  });
  return [
    '| sink | operations on | operations | failures | promises broken | repeats | runs by exit status |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}
