/** Group D of the catalogue: clocks, limits, commands, cron, and what must not happen at all. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { moduleAt, scriptWords } from '../support/own-process.ts';
import { ended, scratch, type Ended } from '../support/program.ts';
import { canaries, fault, saidBy, scene, type Scene } from './harness.ts';
import { watchMemory } from './peak-memory.ts';
import { heldPage, linesOf, positionFile, resultOf, toFile } from './processes.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const hour = 3_600_000;
const day = 24 * hour;

// ---------------------------------------------------------------------------------------------------- commands

fault(
  'D02',
  'with a position, a command that dies in the middle is 74, and the next run delivers everything',
  async (context) => {
    const here = await scene(context, {
      records: 200,
      define: (definition) => ({ ...definition, limits: { page: 500 } }),
    });
    const output = join(here.directory, 'taken');
    const result = await here.run(['--', 'sh', '-c', 'head -c 100 > /dev/null; kill -9 $$']);
    assert.equal(result.status, 74, result.stderr);
    assert.match(saidBy(result).problems.join(), /^the command sh was ended by SIGKILL$/);
    assert.deepEqual(result.watermarks.after, ['none']);
    here.clock.now += 60_000;
    assert.equal((await here.run(['--job', 'faults', '--', 'sh', '-c', `cat > ${output}`])).status, 0);
    assert.deepEqual(linesOf(output).sort(), here.vendor.records.map(({ text }) => text).sort());
  },
);

fault('D03', 'a command that reads all and then fails with 22 is 74: nothing counts as delivered', async (context) => {
  const here = await scene(context);
  const output = join(here.directory, 'taken');
  const takes = (status: number): string[] => ['--', 'sh', '-c', `cat > ${output}; exit ${status}`];
  const result = await here.run(takes(22));
  assert.deepEqual(result.watermarks.after, ['none']);
  assert.equal(linesOf(output).length, 6);
  assert.equal(result.status, 74, result.stderr);
  assert.match(saidBy(result).problems.join(), /^the command sh ended with status 22$/);
  here.clock.now += 60_000;
  const next = await here.run(takes(0));
  assert.equal(next.status, 0, next.stderr);
  assert.deepEqual(linesOf(output).sort(), here.vendor.records.map(({ text }) => text).sort());
});

fault(
  'D23',
  'a command that reads all and never ends is ended: 74 after --timeout, and nothing is waited for in vain',
  async (context) => {
    const here = await scene(context);
    const result = await here.run(['--timeout', '1s', '--', 'sh', '-c', 'cat > /dev/null; exec sleep 60']);
    assert.equal(result.status, 74, result.stderr);
    assert.match(saidBy(result).problems.join(), /^the command sh did not end within 1 s after the end of its input/);
    assert.deepEqual(result.watermarks.after, ['none']);
  },
);

// ---------------------------------------------------------------------------------------------------- clocks

/** The vendor keeps its own time while this machine's clock is wrong by `milliseconds`. */
async function runWithWrongClock(here: Scene, milliseconds: number): ReturnType<Scene['run']> {
  const date = new Date(here.clock.now).toUTCString();
  here.vendor.fault = (_asked, honest) => Buffer.from(honest.toString().replace(/Date: [^\r]*/, `Date: ${date}`));
  here.clock.now += milliseconds;
  const result = await here.run();
  here.clock.now -= milliseconds;
  here.vendor.fault = undefined;
  return result;
}

for (const [what, milliseconds] of [
  ['a day behind', -day],
  ['an hour behind, as after the end of summer time', -hour],
  ['an hour ahead, as after its begin', hour],
  ['a day ahead', day],
] as const) {
  fault('D18', `this machine's clock is ${what}: no gap, no reset, nothing twice`, async (context) => {
    const here = await scene(context);
    here.expectSuccess(await here.run());
    for (const id of ['during', 'still']) {
      here.clock.now += 2 * 60_000; // more than the minute within which clocks count as equal
      here.vendor.add(id, 30);
      const { watermarks, ...result } = await runWithWrongClock(here, milliseconds);
      here.expectSuccess({ watermarks, ...result });
      assert.ok(
        BigInt(watermarks.after[0] ?? '') >= BigInt(watermarks.before[0] ?? ''),
        'the position never goes back',
      );
    }
    here.clock.now += 60_000;
    here.vendor.add('after', 30);
    here.expectSuccess(await here.run());
  });

  fault('D18', `the vendor's clock is ${what} for one run: no gap, no reset, nothing twice`, async (context) => {
    const here = await scene(context, { define: (definition) => ({ ...definition, limits: { page: 500 } }) });
    here.expectSuccess(await here.run());
    here.clock.now += 60_000;
    here.vendor.fault = (_asked, honest) => {
      const date = new Date(here.clock.now + milliseconds).toUTCString();
      return Buffer.from(honest.toString().replace(/Date: [^\r]*/, `Date: ${date}`));
    };
    const { watermarks, ...result } = await here.run();
    here.expectSuccess({ watermarks, ...result });
    assert.ok(BigInt(watermarks.after[0] ?? '') >= BigInt(watermarks.before[0] ?? ''), 'the position never goes back');
    here.vendor.fault = undefined;
    for (const id of ['soon', 'later', 'last']) {
      here.clock.now += 5 * 60_000;
      here.vendor.add(id, 150);
      here.expectSuccess(await here.run());
    }
  });
}

fault('D18', "this machine's clock starts in 1970: read by the vendor's, and no watermark there", async (context) => {
  const here = await scene(context, {
    define: (base) => ({ ...base, window: { ...base.window, longest: '30m' }, limits: { page: 10 } }),
  });
  const pages = (): number => here.vendor.requests.filter(({ kind }) => kind === 'page').length;
  for (const [id, slices] of [
    ['first', 2],
    ['second', 3], // it begins where the first one did
  ] as const) {
    const before = pages();
    here.vendor.add(id, 30);
    const result = await runWithWrongClock(here, 90_000 - here.clock.now);
    assert.equal(result.status, 3, result.stderr);
    assert.match(
      saidBy(result).problems.join(),
      /^this machine's clock says that it is 1970-01-01T00:01:30Z: what was/,
    );
    here.expectDelivered();
    assert.deepEqual(result.watermarks.after, ['none']);
    assert.equal(pages() - before, 1 + slices, 'one that told the time, and the slices of a first run');
    here.clock.now += 60_000;
  }
  here.vendor.add('after', 30);
  here.expectSuccess(await here.run());
});

fault(
  'D18',
  'summer time and leap seconds: all times are UTC, and a time without an offset is refused',
  async (context) => {
    for (const zone of ['Europe/Paris', 'America/New_York', 'Pacific/Kiritimati']) {
      const here = await scene(context, { environment: { TZ: zone } });
      const time = '2016-12-31T23:59:60Z';
      here.vendor.records.push({ id: 'leap', time: here.clock.now - 20_000, text: `{"id":"leap","time":"${time}"}` });
      here.clock.now = Math.floor(Date.now() / 1000) * 1000;
      const result = await here.spawn(['--delay', '0s']);
      assert.equal(result.status, 0, result.stderr);
      const ambiguous = await here.spawn(['--since', '2026-10-25T02:30']);
      assert.equal(ambiguous.status, 64);
      assert.match(saidBy(ambiguous).hints.join(), /offset|Z/);
    }
  },
);

// ---------------------------------------------------------------------------------------------------- limits

fault('D19', '--max-runtime ends the run with 75, and what was proven by then is kept', async (context) => {
  const here = await scene(context, {
    define: (definition) => ({ ...definition, window: { ...definition.window, longest: '10m' } }),
  });
  here.vendor.add('old', 50 * 60);
  here.vendor.fault = ({ path }) => (path.includes('cursor=c2') ? () => undefined : undefined); // never answers
  const result = await here.spawn(['--max-runtime', '5s']); // six windows are read before, and a machine may be busy
  const read = ['old', 'r1', 'r2'].map((id) => here.vendor.records.find((record) => record.id === id)?.text);
  assert.deepEqual(result.stdout.trimEnd().split('\n'), read, 'what came before the page that did not, too');
  await here.expectProblem(result, {
    exit: 75,
    message: /^--max-runtime 5s is over before everything was delivered$/,
    hint: /^what was delivered is kept, and the next run continues there/,
    watermark: 'moved',
  });
});

fault('D20', 'a page of 100 MB, and a heap of 48 MB: delivered, in bounded memory', async (context) => {
  const here = await scene(context, { records: 0, define: (definition) => ({ ...definition, limits: { page: 500 } }) });
  const time = new Date(here.clock.now - 60_000).toISOString();
  for (let at = 0; at < 400; at++) {
    here.vendor.add(`r${at}`, 60, `{"id":"r${at}","time":"${time}","x":"${'x'.repeat(250_000)}"}`);
  }
  const memory = watchMemory(here);
  const { status, stderr } = await ended(
    here.start(['--since', '1h', '-v'], {
      stdio: ['ignore', openSync('/dev/null', 'w'), 'pipe'],
      environment: { NODE_OPTIONS: `${memory.environment['NODE_OPTIONS']} --max-old-space-size=48` },
    }),
  );
  assert.equal(status, 0, stderr);
  assert.match(stderr, /400 fetched, 400 delivered/);
  assert.ok(memory.megabytes() < 160, `${memory.megabytes()} MB`);
});

// ---------------------------------------------------------------------------------------------------- cron

fault(
  'D21',
  'without HOME, PATH, a terminal or a language other than C, records arrive byte for byte',
  async (context) => {
    const here = await scene(context);
    const time = new Date(here.clock.now - 30_000).toISOString();
    here.vendor.add('é😀', 30, `{"id":"é😀","time":"${time}","name":"Zoë Łuk 日本 \\ud800 \u202e"}`);
    here.expectSuccess(await here.spawn([], { environment: { LANG: 'C', LC_ALL: 'C' } }));
  },
);

fault(
  'D22',
  'percent signs, quotes and dollars in an env file mean themselves, and the crontab needs none',
  async (context) => {
    const here = await scene(context);
    const file = join(here.directory, 'acme.env');
    const odd = '100%"it\\s" $HOME `id` a=b';
    writeFileSync(file, `ACME_TOKEN='${odd}'\n`);
    here.vendor.fault = (_asked, honest) => honest;
    const child = spawn(
      process.execPath,
      [join(root, 'bin/audit-export.js'), '-e', file, '--source', here.source, '--since', '1h'],
      {
        env: { ACME_URL: here.vendor.url },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    await ended(child);
    assert.equal(here.vendor.requests[0]?.headers['x-api-key'], odd);
    for (const line of readFileSync(join(root, 'examples/crontab'), 'utf8').split('\n')) {
      if (!line.startsWith('#')) assert.ok(!line.includes('%'), `cron would cut ${line}`);
    }
  },
);

// ---------------------------------------------------------------------------------------------------- bugs

/** The program with a bug: `code` runs when the first record is about to be written. */
async function withBug(here: Scene, code: string): Promise<Ended> {
  const from = (path: string): string => JSON.stringify(moduleAt(`src/${path}`));
  const script = `
    import { main } from ${from('main.ts')};
    import { systemWorld } from ${from('io/world.ts')};
    const world = systemWorld(process.env);
    const output = { kind: 'pipe', isWriting: () => false, sync: async () => {}, write: () => { ${code} } };
    const start = async () => {
      process.exitCode = await main(process.argv.slice(1), Object.defineProperty(world, 'output', { value: output }));
    };
    void start(); // not awaited: of an await that never ends newer Nodes print a warning of their own`;
  const words = ['--', '--source', here.source, '--state-dir', here.stateDirectory, '--job', 'faults'];
  return ended(
    spawn(process.execPath, [...scriptWords(script), ...words], {
      cwd: here.directory,
      env: { ACME_URL: here.vendor.url, ACME_TOKEN: canaries.apiKey },
    }),
  );
}

const reportIt = /^this is a mistake in audit-export; the position is as last saved/;

for (const [number, what, code] of [
  ['D23', 'nothing is left to wait for: never 0 or 13, but 70', 'return new Promise(() => {});'],
  [
    'D24',
    'something is thrown in a timer: 70',
    "setTimeout(() => { throw new Error('x'); }); return new Promise(() => {});",
  ],
  ['D24', 'a rejection that nobody handles: 70', "Promise.reject(new Error('x')); return new Promise(() => {});"],
  ['D24', 'an error that is no Problem: 70', "throw new TypeError('x');"],
] as const) {
  fault(number, what, async (context) => {
    const here = await scene(context);
    const position = (): string | undefined =>
      existsSync(positionFile(here)) ? readFileSync(positionFile(here), 'utf8') : undefined;
    const end = await withBug(here, code);
    const after = position();
    await here.expectProblem(
      { ...end, waits: [], watermarks: { before: [], after: [] } },
      { exit: 70, message: /^unexpected error: Error: |^unexpected error: TypeError: /, hint: reportIt },
    );
    assert.ok(after === undefined || !after.includes('watermark'), 'the position did not move');
  });
}

fault(
  'D25',
  'the program is replaced while it runs: nothing is loaded any more once a run has begun',
  async (context) => {
    const copy = scratch(context);
    for (const name of ['bin', 'dist', 'package.json']) cpSync(join(root, name), join(copy, name), { recursive: true });
    const output = join(scratch(context), 'out.jsonl');
    const here = await scene(context, toFile(output));
    const held = heldPage(here, 1);
    const words = ['--source', here.source, '--state-dir', here.stateDirectory, '--job', 'faults', '--output', output];
    const child = spawn(process.execPath, [join(copy, 'bin/audit-export.js'), ...words], {
      env: { ACME_URL: here.vendor.url, ACME_TOKEN: canaries.apiKey },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const end = resultOf(child);
    await held.asked(end);
    rmSync(join(copy, 'bin'), { recursive: true });
    rmSync(join(copy, 'dist'), { recursive: true });
    mkdirSync(join(copy, 'dist'));
    held.release();
    here.expectSuccess(await end);
  },
);
