import assert from 'node:assert/strict';
import { test } from 'node:test';
import { durationText } from '../../../src/core/clock/duration.ts';
import { parseDefinition, type SourceDefinition } from '../../../src/core/definition.ts';
import { edgeIn, windowRules } from '../../../src/core/vendor/window-values.ts';

/** A vendor whose records have no ID. */
function withoutIds(changes: Partial<SourceDefinition>): SourceDefinition {
  const definition = {
    name: 'acme',
    summary: 'Acme.',
    settings: { ACME_URL: { summary: 'Address.' } },
    url: '{ACME_URL}',
    auth: { type: 'none' },
    request: { path: '/', query: { from: '{from}', cursor: '{cursor}' } },
    paging: { type: 'cursor', path: 'next', bookmark: true },
    window: { filter: 'event', time: 'iso-ms' },
    records: { path: 'events', id: { content: true }, time: { path: 'time', format: 'iso' } },
    ...changes,
  };
  return parseDefinition(definition, 'acme.yaml');
}

test('of windows of which a definition says nothing, five minutes are read again, without delay, and the first run reads seven days', () => {
  const { overlap, delay, firstRun } = windowRules(withoutIds({}), {});
  assert.deepEqual([overlap, delay, firstRun].map(durationText), ['5m', '0s', '7d']);
});

test('windows begin at a minute of the records only where the vendor goes by their time', () => {
  const at = 90_500_000_000n;
  assert.equal(edgeIn(withoutIds({}))(at), 60_000_000_000n);
  assert.equal(edgeIn(withoutIds({ window: { filter: 'ingestion', time: 'iso-ms' } }))(at), at);
  const request = { path: '/', query: { cursor: '{cursor}' } };
  assert.equal(edgeIn(withoutIds({ request, window: { filter: 'none' } }))(at), at);
});

test('windows begin at any minute of the night in which the clock of the records leaves out an hour', () => {
  const at = (text: string): bigint => BigInt(Date.parse(text)) * 1_000_000n;
  const time = { path: 'time', format: 'sql', zone: 'Europe/Warsaw' } as const;
  const edge = edgeIn(withoutIds({ records: { path: 'events', id: { content: true }, time } }));
  for (const minute of ['2026-03-29T00:30:00Z', '2026-03-29T01:00:00Z', '2026-03-29T01:30:00Z']) {
    assert.equal(edge(at(minute) + 999_000_000n), at(minute), minute);
  }
  assert.equal(edge(at('2026-10-25T01:30:00Z')), at('2026-10-25T00:00:00Z'));
});
