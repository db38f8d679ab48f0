/**
 * Definitions that no record of a run fits: everything is delivered, and without a warning nobody would look for what is
 * wrong.
 */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test, type TestContext } from 'node:test';
import { drift } from '../../src/commands/drift.ts';
import type { Configuration } from '../../src/config.ts';
import type { SourceDefinition } from '../../src/core/definition.ts';
import { sycope } from '../../src/sources/sycope.ts';
import { saidBy, scene, type Scene } from '../faults/harness.ts';

type Records = SourceDefinition['records'];

async function withRecords(t: TestContext, records: Partial<Records>): Promise<Scene> {
  return scene(t, { define: (base) => ({ ...base, records: { ...base.records, ...records } }) });
}

for (const [what, records, warning] of [
  [
    'times in another form',
    { time: { path: 'time', format: 'epoch-s' } },
    'none of 6 records has a time at time (read as epoch-s): each is delivered as one of now; compare what the definition says with a record',
  ],
  [
    'a time in another place',
    { time: { path: 'when', format: { pattern: 'DD.MM.YYYY' } } },
    'none of 6 records has a time at when (read as DD.MM.YYYY): each is delivered as one of now; compare what the definition says with a record',
  ],
  [
    'an ID in another place',
    { id: { paths: ['uuid', 'id'] } },
    'none of 6 records has an ID at uuid, id: each goes by its whole content; compare what the definition says with a record',
  ],
] as const satisfies (readonly [what: string, records: Partial<Records>, warning: string])[]) {
  test(`${what}: the run delivers, ends with 0 and warns once; the check warns, too`, async (t) => {
    const here = await withRecords(t, records);
    const result = await here.run();
    assert.equal(result.status, 0);
    assert.deepEqual(saidBy(result).warnings, [warning]);
    here.expectDelivered();
    const checked = await here.run(['check']);
    assert.equal(checked.status, 0, checked.stderr);
    assert.match(
      checked.stdout,
      /^warning source acme: logged in, 2 records on .*; none of them with an? (ID|time) at /m,
    );
  });
}

for (const [what, records] of [
  ['that fits', {}],
  ['whose records have no ID, and which says so', { id: { content: true } }],
  ['that knows several places for an ID', { id: { paths: ['uuid', 'record.uuid'], first: true } }],
  ['without a time', { time: undefined }],
] as const satisfies (readonly [what: string, records: Partial<Record<keyof Records, unknown>>])[]) {
  test(`a definition ${what} warns of nothing`, async (t) => {
    const here = await withRecords(t, records as Partial<Records>);
    const result = await here.run();
    assert.deepEqual([result.status, result.stderr], [0, '']);
    assert.match((await here.run(['check'])).stdout, /^ok {6}source acme: /m);
  });
}

test('one record that fits is enough, and a run without records warns of nothing', async (t) => {
  const here = await scene(t, { records: 0 });
  assert.equal((await here.run()).stderr, '');
  here.vendor.add('other', 30, '{"uuid":"other"}');
  const alone = await here.run();
  assert.deepEqual(
    saidBy(alone).warnings.map((line) => line.replace(/:.*/, '')),
    ['none of 1 record has a time at time (read as iso)', 'none of 1 record has an ID at id'],
  );
  here.vendor.add('good', 30);
  assert.deepEqual(saidBy(await here.run()).warnings, []);
});

test('the hint does not ask to compare a definition where there is none', () => {
  const base: Pick<Configuration, 'source'> = { source: sycope };
  for (const [sourceOrigin, told] of [
    ['built-in', /: each is delivered as one of now; check the vendor's API version, and report this/],
    ['ready-made', /check the vendor's API version, and report this/],
    ['standard input', /; compare --id-path and --time-path with a record$/],
  ] as const) {
    const never = drift({ ...base, sourceOrigin });
    const bytes = Buffer.from('{}');
    const record = {
      bytes,
      start: 0,
      end: 2,
      key: bytes,
      keyStart: 0,
      keyEnd: 2,
      time: Number.NaN,
      nanos: 0,
      fingerprint: 0,
    };
    never.note({ records: [record] });
    assert.match(never.warnings().join('\n'), told);
  }
});
