/** Group D of the catalogue, first half: standard output, signals, and other runs. */
import assert from 'node:assert/strict';
import { cpSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onReached } from '../../src/io/failpoint.ts';
import { ended, scratch } from '../support/program.ts';
import { elasticScene, idsIn, onPost } from './destinations.ts';
import { fault, saidBy, scene, type Scene } from './harness.ts';
import { heldPage, resultOf, shell, shellResult, toFile, until } from './processes.ts';
import type { FaultWorld } from './world.ts';

const goesOn = /^the next run continues where this one stopped$/;

/** Records of 100 KB, in pages of 10; the same ones in every branch. */
async function largeScene(
  context: Parameters<typeof scene>[0],
  count: number,
  branches: readonly string[] = [],
): Promise<Scene> {
  const here = await scene(context, {
    records: 0,
    define: (definition) => ({
      ...definition,
      limits: { page: 10 },
      ...(branches.length > 0 && {
        branches: { values: [...branches] },
        request: { ...definition.request, query: { ...definition.request.query, of: '{branch}' } },
        paging: { type: 'none' },
      }),
    }),
  });
  for (let at = 0; at < count; at++) {
    const time = new Date(here.clock.now - 60_000).toISOString();
    here.vendor.add(`r${at}`, 60, `{"id":"r${at}","time":"${time}","x":"${'x'.repeat(100_000)}"}`);
  }
  return here;
}

// ---------------------------------------------------------------------------------------------------- standard output

fault('D01', 'an ad-hoc search into head ends quietly with 0', async (context) => {
  for (const branches of [[], ['north', 'south']]) {
    const here = await largeScene(context, 50, branches);
    const { stdout, stderr } = await shell(here, '{ "$@" --since 1h; echo "status $?" >&2; } | head -1 | cut -c1-10');
    assert.deepEqual([stdout, stderr], ['{"id":"r0"\n', 'status 0\n']);
    assert.deepEqual(readdirSync(here.directory), ['acme.json']);
  }
});

fault(
  'D02',
  'with a position, a reader that dies in the middle is 74, and the next run delivers everything',
  async (context) => {
    const here = await largeScene(context, 50);
    const result = await shellResult(here, '{ "$@"; echo $? > status; } | head -1 > /dev/null');
    const status = Number(readFileSync(join(here.directory, 'status'), 'utf8'));
    await here.expectProblem(
      { ...result, status },
      { exit: 74, message: /^the reader of the pipe is gone$/, hint: /delivers the same records again$/ },
    );
  },
);

fault('D04', 'a standard output without room (/dev/full) is 74', async (context) => {
  const here = await scene(context);
  await here.expectProblem(await here.spawn([], { stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'] }), {
    exit: 74,
    message: /^standard output cannot be written \(ENOSPC\)$/,
    hint: /^make room on the disk$/,
  });
});

fault('D05', 'a closed standard output is refused before anything is asked of the vendor', async (context) => {
  const here = await scene(context);
  const result = await shellResult(here, 'exec "$@" >&-');
  assert.equal(here.vendor.requests.length, 0);
  await here.expectProblem(result, {
    exit: 78,
    message: /^standard output is closed, records would be lost$/,
    hint: /^redirect it to a file or a pipe/,
  });
});

fault('D06', 'a slow reader of 5 MB gets every byte, and then the run ends with 0', async (context) => {
  const here = await largeScene(context, 50);
  const child = here.start();
  const end = ended(child);
  let bytes = 0;
  child.stdout?.removeAllListeners('data').pause();
  child.stdout?.on('readable', () => {}); // from here on it is read by hand
  while (child.exitCode === null || child.stdout?.readableEnded === false) {
    const chunk = child.stdout?.read() as Buffer | null;
    bytes += chunk?.length ?? 0;
    await sleep(5);
  }
  const expected = here.vendor.records.reduce((sum, { text }) => sum + text.length + 1, 0);
  assert.deepEqual([(await end).status, bytes], [0, expected]);
});

// ---------------------------------------------------------------------------------------------------- other runs

fault('D13', 'of a hundred pairs of simultaneous runs, exactly one of each works', async (context) => {
  const here = await scene(context, { records: 1, define: (definition) => ({ ...definition, limits: { page: 500 } }) });
  for (let pair = 1; pair <= 100; pair++) {
    const held = heldPage(here, 1);
    const first = here.run();
    await held.asked(first);
    const second = await here.run();
    assert.equal(second.status, 75, second.stderr);
    assert.match(
      saidBy(second).problems.join(),
      /^another run of job faults is still going: process \d+, since [-\dT:.]+Z$/,
    );
    held.release();
    assert.equal((await first).status, 0);
    here.clock.now += 1000;
    here.vendor.add(`pair ${pair}`, 1);
  }
  here.vendor.fault = undefined;
  here.expectSuccess(await here.run());
});

fault('D13', 'five processes at once: one works, four end with 75', async (context) => {
  const here = await scene(context);
  const held = heldPage(here, 1);
  const children = Array.from({ length: 5 }, () => here.start());
  const ends = children.map(resultOf);
  await until(held.isAsked);
  const first = await Promise.race(ends);
  assert.equal(first.status, 75, first.stderr);
  await until(() => children.filter(({ exitCode }) => exitCode === 75).length === 4);
  held.release();
  assert.deepEqual(
    (await Promise.all(ends)).map(({ status }) => status ?? -1).sort((a, b) => a - b),
    [0, 75, 75, 75, 75],
  );
});

fault(
  'D17',
  'stopped while it holds the lock: the other run ends with 75, and the stopped one goes on',
  async (context) => {
    const here = await scene(context);
    const held = heldPage(here, 2);
    const child = here.start();
    const end = resultOf(child);
    await held.asked(end);
    child.kill('SIGSTOP');
    const second = await here.spawn();
    assert.deepEqual([second.status, second.stdout], [75, '']);
    held.release();
    child.kill('SIGCONT');
    const first = await end;
    assert.equal(first.status, 0, first.stderr);
    assert.deepEqual(first.stdout.trimEnd().split('\n').sort(), here.vendor.records.map(({ text }) => text).sort());
  },
);

fault(
  'D17',
  'stopped while another machine moves its position on: it saves nothing and ends with 75',
  async (context) => {
    const here = await elasticScene(context, { define: (definition) => definition });
    assert.equal((await here.run()).status, 0);
    here.clock.now += 60_000;
    here.vendor.add('late', 30);
    const held = heldPage(here, 2);
    const child = here.start();
    const end = resultOf(child);
    await held.asked(end);
    child.kill('SIGSTOP');
    // A copy of the directory, without the lock, is another machine's view of a shared one: it sees no process of this one.
    const copy = join(here.directory, 'copy');
    cpSync(here.stateDirectory, copy, { recursive: true });
    rmSync(join(copy, 'faults.lock'), { recursive: true });
    held.release();
    assert.equal((await here.run(['--state-dir', copy])).status, 0);
    cpSync(copy, here.stateDirectory, { recursive: true });
    rmSync(copy, { recursive: true });
    child.kill('SIGCONT');
    await here.expectProblem(await end, {
      exit: 75,
      message: /^position file .* was changed by another run meanwhile$/,
      hint: /only one machine or container runs this job/,
    });
  },
);

// ---------------------------------------------------------------------------------------------------- signals

for (const [signal, status] of [
  ['SIGTERM', 143],
  ['SIGINT', 130],
  ['SIGHUP', 129],
] as const) {
  fault('D15', `${signal} in the middle of a page ends the run cleanly with ${status}`, async (context) => {
    const here = await scene(context, toFile(join(scratch(context), 'out.jsonl')));
    const held = heldPage(here, 2);
    const child = here.start([], { stdio: ['ignore', 'pipe', 'pipe'] });
    const end = resultOf(child);
    await held.asked(end);
    child.kill(signal);
    const result = await end;
    assert.equal(here.delivered().length, 2, 'the page before it is delivered');
    await here.expectProblem(result, { exit: status, message: new RegExp(`^stopped by ${signal}$`), hint: goesOn });
  });
}

fault(
  'D15',
  'SIGTERM during an upload: the answer is still taken, and what it says is not sent again',
  async (context) => {
    const here = await elasticScene(context, { records: 2500 });
    let world: FaultWorld | undefined;
    heldPage(here, 4);
    here.sink.hook = onPost((_received, number) => {
      if (number === 1) world?.signal('SIGTERM');
      return undefined;
    });
    const result = await here.run([], { onStart: (started) => (world = started) });
    await here.expectProblem(result, { exit: 143, message: /^stopped by SIGTERM$/, hint: goesOn });
    const sent = here.posts().flatMap(idsIn);
    assert.equal(new Set(sent).size, 2500);
    assert.equal(sent.length, 2500, 'nothing was sent twice');
  },
);

for (const point of ['position: temp half written', 'position: temp synced', 'position: renamed']) {
  fault('D15', `SIGTERM during a save ("${point}"): the position is whole`, async (context) => {
    const here = await scene(context);
    context.after(() => onReached(undefined));
    let world: FaultWorld | undefined;
    onReached((reached) => {
      if (reached !== point || here.vendor.requests.length < 2) return;
      world?.signal('SIGTERM');
      world = undefined;
    });
    const result = await here.run([], { onStart: (started) => (world = started) });
    onReached(undefined);
    assert.ok(result.status === 0 || result.status === 143, result.stderr);
    here.clock.now += 60_000;
    here.expectSuccess(await here.run());
  });
}

fault(
  'D16',
  'Ctrl-C again, a second later, ends it at once, although the destination may still answer',
  async (context) => {
    const here = await elasticScene(context);
    here.sink.hook = onPost(() => 'hang');
    const child = here.start();
    const end = resultOf(child);
    await until(() => here.posts().length > 0);
    const asked = Date.now();
    child.kill('SIGINT');
    await sleep(1100);
    assert.equal(child.exitCode, null, 'after the first it waits for the answer');
    // A second from when it heard the first, which on a busy machine is later than when that was sent: so more than once.
    const again = setInterval(() => child.kill('SIGINT'), 50);
    const result = await end;
    clearInterval(again);
    assert.ok(Date.now() - asked < 9000, 'before the ten seconds that it may wait for an answer');
    assert.deepEqual([result.status, result.stdout], [130, '']);
    here.sink.hook = undefined;
    here.clock.now += 60_000;
    here.expectSuccess(await here.run());
  },
);
