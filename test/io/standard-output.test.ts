import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { scratch, shell } from '../support/program.ts';

test('a line that an earlier run tore, on a full disk or killed, does not swallow the first record of this one', async (t) => {
  const directory = scratch(t);
  const path = join(directory, 'records.jsonl');
  const torn = '{"id":"whole"}\n{"id":"to';
  writeFileSync(path, torn);
  const command = '$AUDIT_EXPORT --source sample --since 30m >> records.jsonl';
  const { status, stderr } = await shell(command, { directory });
  assert.equal(status, 0, stderr);
  const text = readFileSync(path, 'utf8');
  assert.ok(text.startsWith(`${torn}\n`));
  const records = text.slice(torn.length + 1).split('\n');
  assert.equal(records.pop(), '');
  assert.ok(records.length > 0);
  for (const record of records) JSON.parse(record);
  // What ends with a line break is left alone.
  await shell(command, { directory });
  assert.doesNotMatch(readFileSync(path, 'utf8'), /\n\n/);
});
