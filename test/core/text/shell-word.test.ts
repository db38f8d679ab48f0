import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { shellWord } from '../../../src/core/text/shell-word.ts';

test('a plain path is left as it is', () => {
  for (const path of ['/var/lib/audit-export/okta.position', './job.env', '/srv/a+b@c%d,e=f:g']) {
    assert.equal(shellWord(path), path);
  }
});

test('a shell reads every path back as one word', () => {
  const path = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => !text.includes('\0'));
  fc.assert(
    fc.property(fc.array(path, { minLength: 1, maxLength: 20 }), (paths) => {
      const words = ['~/x', '*', '$HOME', "it's", ...paths];
      const printed = execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${words.map(shellWord).join(' ')}`], {
        encoding: 'utf8',
      });
      assert.deepEqual(printed.split('\0').slice(0, -1), words);
    }),
    { numRuns: 30 },
  );
});
