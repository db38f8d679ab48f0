import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wrongKind } from '../../src/config/kinds.ts';
import { truthOf } from '../../src/core/truth.ts';

test('what is accepted as a flag says yes or no, in capitals too; nothing else does', () => {
  for (const text of ['true', 'TRUE', 'Yes', 'yes', '1']) assert.equal(truthOf(text), true, text);
  for (const text of ['false', 'False', 'NO', 'no', '0']) assert.equal(truthOf(text), false, text);
  for (const text of ['', 'on', ' true', 'true\n', '01', 'y', undefined]) assert.equal(truthOf(text), undefined, text);
  for (const text of ['TRUE', 'no', 'on', 'true\n']) {
    const isAccepted = wrongKind({ summary: '', kind: 'flag' }, text) === undefined;
    assert.equal(isAccepted, truthOf(text) !== undefined, text);
  }
});
