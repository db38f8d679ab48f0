/** A search has no position: nothing that it is told may promise that a later run goes on from where it stopped. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ofSearch } from '../../../src/commands/pull/of-search.ts';
import { exit, Problem } from '../../../src/core/problem.ts';
import { saidBy, scene } from '../../faults/harness.ts';
import { reply } from '../../support/raw-server.ts';
import type { FaultWorld } from '../../faults/world.ts';

const again = 'run it again, or with a later --since';

for (const [hint, told] of [
  ['the next run continues where this one stopped', again],
  [
    'check the network and the service; the next run continues from here',
    `check the network and the service; ${again}`,
  ],
  [
    'the next run tries again; if this lasts, look at the destination',
    `if this lasts, look at the destination; ${again}`,
  ],
  ['mend the cause and run again; the position stays', 'mend the cause and run again'],
  [
    'mend the cause and run again, for the position stays; or have one run set them all aside',
    'mend the cause and run again; or have one run set them all aside',
  ],
  ['the position stays', again],
  ['the next run asks again; nothing is lost', again],
  ['check ACME_TOKEN', 'check ACME_TOKEN'],
  [undefined, undefined],
] as const) {
  test(`a search is told ${told ?? 'nothing'} for ${hint ?? 'nothing'}`, () => {
    const cause = new Error('behind it');
    const {
      status,
      message,
      hint: found,
      cause: kept,
    } = ofSearch(new Problem(exit.protocol, 'it broke', { hint, cause }));
    assert.deepEqual([status, message, found, kept], [exit.protocol, 'it broke', told, cause]);
  });
}

for (const [what, argv, answer] of [
  ['a signal', [], reply(200, {}, '')],
  ['a rate limit', [], reply(429, { 'Retry-After': '3600' }, '')],
  ['a vendor that is down', [], reply(503, {}, '')],
  ['the end of its time', ['--max-runtime', '1s'], reply(503, {}, '')],
] as const) {
  test(`a search that ends early by ${what} is told to run again, and a run with a position that the next one goes on`, async (t) => {
    for (const [words, isSearch] of [
      [['--since', '1h'], true],
      [[], false],
    ] as const) {
      const here = await scene(t);
      let world: FaultWorld | undefined;
      here.vendor.fault = () => {
        if (what === 'a signal') world?.signal('SIGTERM');
        return answer;
      };
      const { stderr } = await here.run([...words, ...argv], { onStart: (started) => (world = started) });
      const [hint = '', ...others] = saidBy({ stderr }).hints;
      assert.deepEqual([others, hint.includes(again)], [[], isSearch], stderr);
      assert.equal(/next run|position|progress/.test(stderr), !isSearch, stderr);
    }
  });
}
