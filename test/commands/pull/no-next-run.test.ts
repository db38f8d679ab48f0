/** A search has no position: nothing that it is told may promise that a later run goes on from where it stopped. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hintText, inDefinition, nextRun, ofPosition } from '../../../src/core/hint.ts';
import { ofSearch } from '../../../src/commands/pull/no-next-run.ts';
import { exit, Problem } from '../../../src/core/problem.ts';
import { saidBy, scene } from '../../faults/harness.ts';
import { fakeSyslog } from '../../support/sinks/syslog.ts';
import { reply } from '../../support/raw-server.ts';
import type { FaultWorld } from '../../faults/world.ts';

const again = 'run it again, or with a later --since';

for (const [hint, told] of [
  [nextRun('the next run continues where this one stopped'), again],
  [
    ['check the network and the service', nextRun('the next run continues from here')],
    `check the network and the service; ${again}`,
  ],
  [
    [nextRun('the next run tries again'), 'if this lasts, look at the destination'],
    `if this lasts, look at the destination; ${again}`,
  ],
  [['mend the cause and run again', ofPosition('the position stays')], 'mend the cause and run again'],
  [
    [ofPosition('mend it, for the position stays', 'mend it'), 'or have one run set them all aside'],
    'mend it; or have one run set them all aside',
  ],
  [
    nextRun('let the next run cut it off: chattr -a it', 'let a run cut it off: chattr -a it'),
    'let a run cut it off: chattr -a it',
  ],
  [ofPosition('the position stays'), again],
  [[ofPosition('the position stays'), inDefinition((there) => `add it ${there}`)], 'add it in the definition'],
  ['check ACME_TOKEN', 'check ACME_TOKEN'],
  [undefined, undefined],
] as const) {
  test(`a search is told ${told ?? 'nothing'} for ${hintText(hint) ?? 'nothing'}`, () => {
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

test('a search is not told that a receiver gets its records again', async (t) => {
  const here = await scene(t);
  here.vendor.add('r1', 60);
  const receiver = await fakeSyslog();
  t.after(() => receiver.close());
  receiver.misbehave = () => 'hangUp';
  const environment = { SYSLOG_URL: receiver.address };
  for (const [words, expected] of [
    [['--since', '1h'], again],
    [[], 'the records are sent again'],
  ] as const) {
    const { status, stderr } = await here.run([...words, '--sink', 'syslog'], { environment });
    assert.equal(status, exit.unavailable, stderr);
    assert.ok(saidBy({ stderr }).hints[0]?.includes(expected), stderr);
  }
});

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
