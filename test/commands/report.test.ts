/** What is printed for people, as real processes: to a reader that has enough, and to nobody. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scratch, shell } from '../support/program.ts';

/** One that has a position: without any, status is a warning. */
const aJob = '$AUDIT_EXPORT --source sample --first-run 0s --state-dir state --output records';

for (const command of ['status --state-dir state', 'sources', '--help', 'check --source sample --state-dir state']) {
  test(`a reader that is gone is no failure of ${command}`, async (t) => {
    const directory = scratch(t);
    const reader = '{ exec <&-; echo > gone; }';
    const writer = `until test -e gone; do sleep 0.02; done; $AUDIT_EXPORT ${command}; echo $? > status`;
    const line = `${aJob}; { ${writer}; } | ${reader}; cat status`;
    const ended = await shell(line, { directory });
    assert.deepEqual([ended.stdout, ended.stderr], ['0\n', '']);
  });
}

for (const command of ['status --state-dir state', 'sources', '--help']) {
  test(`whoever wants nothing but the exit status of ${command} gets it`, async (t) => {
    // Python's DEVNULL and Node's `ignore` are /dev/null for reading and writing, as a closed descriptor is to Node.
    for (const output of ['>&-', '> /dev/null', '1<> /dev/null']) {
      const ended = await shell(`${aJob}; $AUDIT_EXPORT ${command} ${output}`, { directory: scratch(t) });
      assert.deepEqual([ended.status, ended.stdout, ended.stderr], [0, '', ''], output);
    }
  });
}
