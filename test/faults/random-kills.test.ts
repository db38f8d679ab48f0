/**
 * D14: SIGKILL at random moments, 25 times for each destination, or as often as RANDOM_KILLS says. The figures of a
 * thousand are in test/sweep/README.md.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestContext } from 'node:test';
import { ended, scratch } from '../support/program.ts';
import { elasticScene, sekoiaScene, splunkScene } from './destinations.ts';
import { fault, scene, type Scene, type SceneOptions } from './harness.ts';
import { toFile } from './processes.ts';

const kills = Number(process.env['RANDOM_KILLS'] ?? 25);

/** Destinations by name, and whether they take a record twice. */
const destinations: readonly (readonly [
  name: string,
  repeats: boolean,
  make: (context: TestContext, options: SceneOptions) => Promise<Scene>,
])[] = [
  [
    'a file',
    false,
    (context, options) => scene(context, { ...options, ...toFile(join(scratch(context), 'out.jsonl')) }),
  ],
  ['Elasticsearch', false, elasticScene],
  ['Splunk', true, splunkScene],
  ['Sekoia', true, sekoiaScene],
];

for (const [name, mayRepeat, make] of destinations) {
  const repeating = mayRepeat ? 'no more than what the killed run had to send' : 'nothing';
  const what = `killed at random moments, again and again, a job into ${name} loses nothing and repeats ${repeating}`;
  const body = async (context: TestContext): Promise<void> => {
    const here = await make(context, {
      records: 10,
      define: (definition) => ({ ...definition, limits: { page: 500 } }),
    });
    const repeats = (): number => here.delivered().length - new Set(here.delivered()).size;
    let [killed, toSend, before] = [0, 10, 0];
    /** Milliseconds that a run takes here when nobody kills it: the moments lie in them, however fast the machine is. */
    let whole = 140;
    for (let round = 0; killed < kills; round++) {
      assert.ok(round < 4 * kills, `only ${killed} of ${round} runs were killed before their end`);
      here.clock.now = Math.floor(Date.now() / 1000) * 1000;
      here.vendor.add(`round ${round}`, 5);
      toSend += 1;
      const started = performance.now();
      const child = here.start();
      const end = ended(child);
      await Promise.race([end, sleep(20 + (whole * ((round * 37) % 100)) / 100)]);
      child.kill('SIGKILL');
      const { signal, stderr } = await end;
      const now = repeats();
      assert.ok(now - before <= (mayRepeat ? toSend : 0), `round ${round}: ${now - before} repeats of ${toSend}`);
      before = now;
      if (signal === 'SIGKILL') killed += 1;
      else {
        assert.equal(stderr, '');
        toSend = 0;
        whole = performance.now() - started;
      }
    }
    here.clock.now += 10_000;
    assert.equal((await here.run()).status, 0);
    const wanted = here.vendor.records.map(({ text }) => text);
    assert.deepEqual([...new Set(here.delivered())].sort(), wanted.sort());
    context.diagnostic(`${killed} kills, ${wanted.length} records, 0 lost, ${repeats()} repeats`);
    const left = readdirSync(here.stateDirectory).filter((file) => file.endsWith('.temp'));
    assert.deepEqual(left, []);
  };
  fault('D14', what, body, 5000 + kills * 1000);
}
