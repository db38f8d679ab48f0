/**
 * Real processes, killed with SIGKILL at each step of what they make durable. C8 to C12 of the list of crash points:
 * afterwards the old or the new state is there, whole, and the next run goes on without repair.
 */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { appendFile } from '../../src/io/append-file.ts';
import { positionStore } from '../../src/io/position-file.ts';
import { openQuarantine } from '../../src/io/quarantine.ts';
import { moduleAt, scriptWords } from '../support/own-process.ts';
import { scratch } from '../support/scratch.ts';

const scope = { source: 'vendor', sink: 'siem' };

/** Runs `steps` in a process of its own. `crash()` in it arms the failpoint; returns its end and what it said. */
function run(directory: string, steps: string, point = ''): ReturnType<typeof spawnSync> {
  const from = (path: string): string => JSON.stringify(moduleAt(`src/${path}`));
  const script = `
    import { writeSync } from 'node:fs';
    import { firstPosition, placeOf } from ${from('core/position.ts')};
    import { appendFile } from ${from('io/append-file.ts')};
    import { onReached } from ${from('io/failpoint.ts')};
    import { positionStore } from ${from('io/position-file.ts')};
    import { openQuarantine } from ${from('io/quarantine.ts')};
    const directory = ${JSON.stringify(directory)};
    const scope = ${JSON.stringify(scope)};
    function position(watermark, ids) {
      const position = firstPosition(scope);
      const place = placeOf(position, '', 1);
      place.watermark = watermark;
      for (const id of ids) place.ledger.keep(place.ledger.note(Buffer.from(id), 0, id.length, 1763629200000, 0));
      return position;
    }
    const linesOf = (ids) => position(0n, ids).branches.get('').ledger.lines();
    const kill = () => process.kill(process.pid, 'SIGKILL');
    const crash = () => onReached((point) => { if (point === ${JSON.stringify(point)}) kill(); });
    ${steps}`;
  return spawnSync(process.execPath, scriptWords(script), {
    encoding: 'utf8',
  });
}

/** The process is killed when it gets to `point`; with '' it must come to its end. */
function killedAt(point: string, directory: string, steps: string): void {
  const { signal, status, stderr } = run(directory, steps, point);
  if (point === '') assert.equal(status, 0, String(stderr));
  else assert.equal(signal, 'SIGKILL', `did not get to "${point}": ${String(stderr)}`);
}

interface State {
  readonly watermark: bigint | undefined;
  readonly ids: number;
  readonly warnings: number;
}

/** The state as the next run finds it, which then saves one of its own. */
async function nextRun(directory: string): Promise<State> {
  const store = positionStore(directory, 'job', scope);
  await store.lock();
  const position = await store.load();
  const place = position?.branches.get('');
  const found = { watermark: place?.watermark, ids: place?.ledger.size() ?? 0, warnings: store.warnings.length };
  if (position !== undefined) await store.save(position);
  await store.close();
  assert.equal(readdirSync(directory).filter((name) => /temp|lock/.test(name)).length, 0, 'no leftovers');
  const again = await positionStore(directory, 'job', scope).load();
  assert.equal(again?.branches.get('')?.ledger.size() ?? 0, found.ids);
  return found;
}

const twoRuns = `
  const store = positionStore(directory, 'job', scope);
  await store.lock();
  await store.load();
  await store.save(position(1n, ['a']));
  await store.journal('', linesOf(['b']), undefined);
  crash();
  await store.save(position(2n, ['a', 'b', 'c']));
  await store.close();`;
const before: State = { watermark: 1n, ids: 2, warnings: 0 };
const after: State = { watermark: 2n, ids: 3, warnings: 0 };

for (const [point, state] of [
  ['position: temp opened', before],
  ['position: temp half written', before],
  ['position: temp synced', before],
  ['position: previous linked', before],
  ['position: renamed', after],
  ['position: directory synced', after],
  ['position: journal cleared', after],
  ['', after],
] as const) {
  test(`a run killed at "${point || 'its end'}" leaves the ${state === before ? 'old' : 'new'} position`, async (t) => {
    const directory = scratch(t);
    killedAt(point, directory, twoRuns);
    assert.deepEqual(await nextRun(directory), state);
  });
}

const firstProgress = twoRuns.replace('position(1n, ', 'position(undefined, ');

for (const point of ['link: beside', 'link: renamed', 'position: previous linked', 'position: renamed']) {
  test(`a run killed at "${point}" with its first progress leaves nothing that the next one would take for a first run`, async (t) => {
    const directory = scratch(t);
    killedAt(point, directory, firstProgress);
    const path = join(directory, 'job.position');
    const whole = await positionStore(directory, 'job', scope).load();
    const isNew = whole?.branches.get('')?.watermark === 2n;
    assert.equal(isNew, point === 'position: renamed');
    writeFileSync(path, 'damaged');
    const next = positionStore(directory, 'job', scope);
    if (point === 'link: beside') return assert.rejects(next.load(), /cannot be used/);
    assert.equal((await next.load())?.branches.get('')?.watermark, 2n);
  });
}

for (const point of ['position: temp opened', 'position: temp half written', 'position: temp synced']) {
  test(`a first run killed at "${point}" is still a first run`, async (t) => {
    const directory = scratch(t);
    killedAt(point, directory, twoRuns.replace('  await store.save', '  crash();\n  await store.save'));
    assert.deepEqual(await nextRun(directory), { watermark: undefined, ids: 0, warnings: 0 });
  });
}

for (const [point, ids] of [
  ['journal: opened', 1],
  ['journal: half written', 1],
  ['journal: written', 2],
  ['journal: synced', 2],
] as const) {
  test(`a run killed at "${point}" repeats one batch at most`, async (t) => {
    const directory = scratch(t);
    killedAt(
      point,
      directory,
      `const store = positionStore(directory, 'job', scope);
       await store.lock();
       await store.load();
       await store.save(position(1n, ['a']));
       crash();
       await store.journal('', linesOf(['b']), undefined);`,
    );
    assert.deepEqual(await nextRun(directory), { watermark: 1n, ids, warnings: 0 });
  });
}

test('runs killed at random moments never leave less than they said was durable', async (t) => {
  const directory = scratch(t);
  let highest = 0n;
  // On a busy machine, those that are killed first may have saved nothing.
  for (let round = 0; round < 8 || (highest === 0n && round < 50); round += 1) {
    const { signal, stdout, stderr } = run(
      directory,
      `const store = positionStore(directory, 'job', scope);
       await store.lock();
       let next = ((await store.load())?.branches.get('')?.watermark ?? 0n) + 1n;
       setTimeout(kill, ${20 + round * 7});
       for (;; next += 1n) {
         await store.save(position(next, ['x'.repeat(Number(next % 50n))]));
         writeSync(1, next + '\\n'); // it is durable now
       }`,
    );
    assert.equal(signal, 'SIGKILL', String(stderr));
    const said = BigInt(String(stdout).trim().split('\n').at(-1) || highest);
    const store = positionStore(directory, 'job', scope);
    const watermark = (await store.load())?.branches.get('')?.watermark ?? 0n;
    assert.ok(watermark >= said && watermark <= said + 1n, `${watermark} after ${said} was durable`);
    assert.ok(watermark >= highest);
    assert.deepEqual(store.warnings, []);
    highest = watermark;
  }
  assert.ok(highest > 0n);
});

for (const point of ['append: written', 'append: synced']) {
  test(`records appended by a run killed at "${point}" are there once after the next one`, async (t) => {
    const directory = scratch(t);
    const path = join(directory, 'out.jsonl');
    const first = appendFile(path);
    await first.open(undefined);
    await first.append(Buffer.from('a\n'), [2]);
    await first.sync();
    const committed = first.saved();
    await first.close();
    killedAt(
      point,
      directory,
      `const file = appendFile(directory + '/out.jsonl');
       await file.open(${JSON.stringify(committed)});
       crash();
       await file.append(Buffer.from('b\\nc\\n'), [2, 4]);
       await file.sync();`,
    );
    const next = appendFile(path);
    await next.open(committed);
    await next.append(Buffer.from('b\nc\n'), [2, 4]);
    await next.close();
    assert.equal(readFileSync(path, 'utf8'), 'a\nb\nc\n');
  });
}

for (const point of ['quarantine: opened', 'quarantine: written', 'quarantine: synced']) {
  test(`a quarantine file of a run killed at "${point}" has whole lines only after the next one`, async (t) => {
    const directory = scratch(t);
    const path = join(directory, 'q');
    killedAt(
      point,
      directory,
      `const quarantine = openQuarantine(directory + '/q', Date.now);
       const by = { source: 'a', sink: 'b', branch: '' };
       crash();
       await quarantine.add({ text: Buffer.from('{"a":1}'), more: true, reason: 'r' }, by);
       await quarantine.add({ text: Buffer.from('{"a":1}'), more: false, continued: true, reason: 'r' }, by);
       await quarantine.flush();`,
    );
    const quarantine = openQuarantine(path, Date.now);
    await quarantine.add(
      { text: Buffer.from('{"b":2}'), more: false, reason: 'next' },
      { source: 'a', sink: 'b', branch: '' },
    );
    await quarantine.close();
    const reasons = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { reason: string }).reason);
    assert.deepEqual(reasons, point === 'quarantine: synced' ? ['r', 'next'] : ['next']);
    assert.deepEqual(
      readdirSync(directory).filter((name) => name !== 'q'),
      [],
    );
  });
}
