import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openJournal } from '../../../src/io/position/journal.ts';
import { readJournal, type JournalEntry } from '../../../src/io/position/journal-read.ts';

test('entries come back whole and in order, however long what a sink keeps with them is', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'journal-'));
  try {
    const path = join(directory, 'job.journal');
    const entries: readonly JournalEntry[] = [
      { branch: '', lines: Buffer.alloc(0), saved: undefined },
      { branch: 'long', lines: Buffer.from('1 00000000 + a\n'), saved: 'x'.repeat(1_500_000) },
      { branch: 'after it', lines: Buffer.from('2 00000000 + b\n'), saved: { size: 7 } },
    ];
    const journal = openJournal(path);
    for (const entry of entries) await journal.add('base', entry);
    await journal.close();
    const found: JournalEntry[] = [];
    const { base } = await readJournal(path, 'base', (entry) =>
      found.push({ ...entry, lines: Buffer.from(entry.lines) }),
    );
    assert.equal(base, 'base');
    assert.deepEqual(found, entries);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
