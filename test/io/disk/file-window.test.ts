import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileWindow } from '../../../src/io/disk/file-window.ts';
import { scratch } from '../../support/program.ts';

test('what has gone from a file meanwhile is not found, and nobody waits for it', { timeout: 10_000 }, async (t) => {
  const path = join(scratch(t), 'out.jsonl');
  writeFileSync(path, '{"id":1}\n');
  const file = await open(path, 'r+');
  t.after(() => file.close());
  const window = fileWindow(file);
  const body = Buffer.from('{"id":1}\n{"id":2}\n');
  assert.equal(await window.stands(0, body, 0, 9), true);
  assert.equal(await window.stands(0, body, 0, body.length), false);
  await file.truncate(4);
  await window.rewrite(0, 9);
  assert.equal((await file.stat()).size, 4);
});
