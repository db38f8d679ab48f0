import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beyondReach, forewarned, goneBefore, type Beginning } from '../../../src/core/plan/forewarned.ts';
import type { Source, WindowRules } from '../../../src/core/types.ts';
import { memoryJob, memoryVendor, minute } from '../../support/memory.ts';

const now = 1_795_165_200_000_000_000n; // 2026-11-20T09:00:00Z
const hour = 60n * minute;
const day = 24n * hour;

interface Case {
  readonly rules?: Partial<WindowRules>;
  readonly stream?: true;
  readonly job?: Partial<Beginning['job']>;
  readonly watermark?: bigint;
  readonly bookmark?: string;
}

function beginning({ rules = {}, stream, job = {}, watermark, bookmark }: Case): Beginning {
  const vendor: Source = memoryVendor({ now: 0 }, { rules });
  const source = stream === true ? { ...vendor, stream: { isOpen: () => false } } : vendor;
  return {
    source,
    watermark,
    bookmark,
    job: { ...memoryJob, since: undefined, until: undefined, firstRun: undefined, ...job },
    serverNow: now,
  };
}

const noTime = { filter: 'none', firstRun: hour, reach: hour } as const;
const allThree = { firstRun: day, delay: minute, overlap: hour };

const cases: readonly (readonly [what: string, given: Case, expected: readonly RegExp[]])[] = [
  ['nothing unusual', {}, []],
  ['flags that a time filter heeds', { job: allThree }, []],
  [
    'a source that has nearly forgotten what is missing',
    { rules: { retention: 10n * day }, watermark: now - 9n * day },
    [/about to forget/],
  ],
  [
    'flags that say where a window begins and ends, without a time parameter',
    { rules: noTime, job: allThree },
    [/^memory has no time parameter: --first-run, --delay and --overlap cannot change what is read$/],
  ],
  ['one of them', { rules: noTime, job: { delay: minute } }, [/: --delay cannot change/]],
  [
    'two of them for a stream, where the overlap says how long is remembered',
    { rules: noTime, stream: true, job: allThree },
    [/: --first-run and --delay cannot change/],
  ],
  [
    'the same behind a bookmark',
    { job: allThree, watermark: now - hour, bookmark: 'c' },
    [/^memory goes on where the last run stopped: --delay and --overlap cannot change what is read$/],
  ],
  [
    '--since before a bookmark',
    { job: { since: now - day }, watermark: now - hour, bookmark: 'c' },
    [/^memory goes on where the last run stopped, at 2026-11-20T08:00:00Z: --since reaches no further back$/],
  ],
  ['--since after a bookmark', { job: { since: now - minute }, watermark: now - hour, bookmark: 'c' }, []],
  [
    'a first run that reaches further back than records are kept',
    { rules: { retention: 10n * day }, job: { firstRun: 11n * day } },
    [/^memory keeps records for 10d: --first-run reaches no further back$/],
  ],
  [
    '--since inside the delay, which leaves nothing to read yet',
    { job: { since: now - minute, delay: hour, usePosition: false } },
    [/^nothing from --since on is read yet: the window ends at 2026-11-20T08:00:00Z, .* --delay, such as 0s, reads/],
  ],
  [
    '--since inside the delay of the source, for a job that goes on',
    { rules: { delay: hour }, job: { since: now - minute }, watermark: now - 2n * hour },
    [/^nothing from --since on is read yet/],
  ],
  [
    '--since inside the delay of the source, for a search',
    { rules: { delay: hour }, job: { since: now - minute, usePosition: false } },
    [],
  ],
  ['--since before the delay', { job: { since: now - 2n * hour, delay: hour } }, []],
  ['--since inside the delay, and --until', { job: { since: now - minute, until: now, delay: hour } }, []],
  [
    '--until that a vendor cannot be asked for, nor records be held against, in a job that goes on',
    { rules: { filter: 'ingestion', endless: true }, job: { until: now - hour } },
    [/^memory cannot be asked for an end: what it stored after --until is delivered as well$/],
  ],
  [
    'the same in a search, which goes by the time of the event',
    { rules: { filter: 'ingestion', endless: true }, job: { until: now - hour, usePosition: false } },
    [],
  ],
  ['the same with an end', { rules: { filter: 'ingestion' }, job: { until: now - hour } }, []],
  ['the same up to now', { rules: { filter: 'ingestion', endless: true }, job: { until: now } }, []],
  [
    'the same behind a bookmark, which goes by no time',
    { rules: { filter: 'ingestion', endless: true }, job: { until: now - hour }, bookmark: 'c' },
    [],
  ],
  [
    'the same where the vendor goes by the time of the event, which each record has',
    { rules: { filter: 'event', endless: true }, job: { until: now - hour } },
    [],
  ],
  [
    '--since inside the delay of the source, behind a bookmark',
    { rules: { delay: hour }, job: { since: now - minute }, watermark: now - 2n * hour, bookmark: 'c' },
    [],
  ],
  [
    '--since inside the delay of the source, without a time parameter',
    { rules: { filter: 'none', delay: hour }, job: { since: now - minute } },
    [],
  ],
  ['--since before the position, without a bookmark', { job: { since: now - day }, watermark: now - hour }, []],
  ['--since from now on, where nothing has to settle', { job: { since: now, delay: 0n } }, []],
  [
    'a first run that would reach further back than records are kept, where it cannot be asked to',
    { rules: { filter: 'none', retention: day }, job: { firstRun: 2n * day } },
    [/^memory has no time parameter: --first-run cannot change what is read$/],
  ],
  ['a later run', { rules: { retention: 10n * day }, job: { firstRun: 11n * day }, watermark: now - day }, []],
];
for (const [what, given, expected] of cases) {
  test(`an operator is told of ${what}: ${expected.length === 0 ? 'no' : expected.length}`, () => {
    const told = forewarned(beginning(given));
    assert.equal(told.length, expected.length, told.join('\n'));
    for (const [index, pattern] of expected.entries()) assert.match(told[index] ?? '', pattern);
  });
}

const reaches: readonly (readonly [what: string, given: Case, flag: string | undefined])[] = [
  ['--since before an API without a time parameter begins', { job: { since: now - day } }, '--since'],
  ['--since where it begins', { job: { since: now - hour } }, undefined],
  ['--until before it begins', { job: { until: now - day } }, '--until'],
  ['--until after that', { job: { until: now - minute } }, undefined],
  ['a first run, which asks for what there is', { job: { firstRun: day } }, undefined],
  ['a run that goes on from a bookmark', { job: { since: now - day }, watermark: now, bookmark: 'c' }, undefined],
  ['an API that gives all that it has', { rules: { filter: 'none' }, job: { since: now - day } }, undefined],
];
for (const [what, given, flag] of reaches) {
  test(`${what}: ${flag === undefined ? 'all that was asked for' : 'partial'}`, () => {
    const problem = beyondReach(beginning({ rules: noTime, ...given }));
    assert.equal(problem?.status, flag === undefined ? undefined : 3);
    if (flag === undefined) return;
    assert.equal(
      problem?.message,
      `memory has no time parameter and gives the last 1h only: ${flag} reaches further back, and what was before cannot be had`,
    );
    assert.match(problem?.hint ?? '', /^ask for no more than that: /);
  });
}

test('records that settle for as long as the vendor keeps them are gone before they are read, unless a bookmark holds them', () => {
  const kept = { retention: day, delay: day };
  const isGone = (given: Case): boolean => goneBefore(beginning(given)) !== undefined;
  assert.equal(isGone({ rules: kept }), true);
  assert.equal(isGone({ rules: { ...kept, delay: day - 1n } }), false);
  assert.equal(isGone({ rules: kept, job: { delay: hour } }), false);
  assert.equal(isGone({ rules: kept, job: { until: now } }), false, 'the user says where it ends');
  assert.equal(isGone({ rules: kept, bookmark: 'b' }), false);
  assert.equal(isGone({ rules: { ...kept, filter: 'none' } }), false);
  assert.equal(isGone({ rules: { delay: day } }), false);
});
