import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDefinition, type SourceDefinition } from '../../../src/core/definition.ts';
import { edgeIn } from '../../../src/core/vendor/window-values.ts';

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

test('windows begin at a minute of the records only where the vendor goes by their time', () => {
  const at = 90_500_000_000n;
  assert.equal(edgeIn(withoutIds({}))(at), 60_000_000_000n);
  assert.equal(edgeIn(withoutIds({ window: { filter: 'ingestion', time: 'iso-ms' } }))(at), at);
  const request = { path: '/', query: { cursor: '{cursor}' } };
  assert.equal(edgeIn(withoutIds({ request, window: { filter: 'none' } }))(at), at);
});
