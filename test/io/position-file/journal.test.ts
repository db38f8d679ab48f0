import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openJournal } from '../../../src/io/position-file/journal.ts';
import { readJournal, type JournalEntry } from '../../../src/io/position-file/journal-read.ts';
import { scratch } from '../../support/scratch.ts';
import { refused } from '../../support/refused.ts';

test('entries come back whole and in order, however long they are, and what a sink keeps with them', async (t) => {
  const path = join(scratch(t), 'job.journal');
  const entries: readonly JournalEntry[] = [
    { branch: '', lines: Buffer.alloc(0), saved: undefined },
    { branch: 'many', lines: Buffer.from('1 00000000 + a\n'.repeat(200_000)), saved: undefined },
    { branch: 'long', lines: Buffer.from('1 00000000 + a\n'), saved: 'x'.repeat(3_000_000) },
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
});

test('an entry of which the disk holds other bytes than were written does not count, nor does what follows it', async (t) => {
  const path = join(scratch(t), 'job.journal');
  const journal = openJournal(path);
  for (const branch of ['a', 'b', 'c']) {
    await journal.add('base', { branch, lines: Buffer.from(`1 00000000 + ${branch}-id\n`), saved: undefined });
  }
  await journal.close();
  const bytes = readFileSync(path);
  bytes.fill(0, bytes.indexOf('b-id'), bytes.indexOf('b-id') + 4); // as after a power cut: the length, without the text
  writeFileSync(path, bytes);
  const branches: string[] = [];
  await readJournal(path, 'base', ({ branch }) => branches.push(branch));
  assert.deepEqual(branches, ['a']);
});

test('a journal that the full disk let nobody begin is begun again, and what is added then is there', async (t) => {
  const path = join(scratch(t), 'job.journal');
  const journal = openJournal(path);
  t.after(() => journal.close());
  const entry = (branch: string): JournalEntry => ({
    branch,
    lines: Buffer.from('1 00000000 + a\n'),
    saved: undefined,
  });
  await journal.add('first', entry('before'));
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const lost = refused('write', 'ENOSPC', () => journal.add('second', entry('lost')));
  await assert.rejects(lost, { status: 74, message: /the disk is full/ });
  await journal.add('second', entry('after'));
  const branches: string[] = [];
  const { base } = await readJournal(path, 'second', ({ branch }) => branches.push(branch));
  assert.deepEqual([base, branches], ['second', ['after']]);
});

test('what is added after a save is in the file that the next run reads, and a journal that was saved last is gone', async (t) => {
  const path = join(scratch(t), 'job.journal');
  const journal = openJournal(path);
  const entry: JournalEntry = { branch: '', lines: Buffer.from('1 00000000 + a\n'), saved: undefined };
  await journal.add('first', entry);
  await journal.clear();
  await journal.add('second', entry);
  let count = 0;
  const { base } = await readJournal(path, 'second', () => (count += 1));
  assert.deepEqual([base, count], ['second', 1]);
  await journal.clear();
  await journal.close();
  assert.equal(existsSync(path), false);
});
