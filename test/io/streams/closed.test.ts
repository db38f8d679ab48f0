import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { scratch, shell } from '../../support/program.ts';

/** A shell whose /proc is empty, as there is none on macOS. */
const withoutProc = `unshare --mount /bin/sh -c 'mount -t tmpfs none /proc && eval "$0"'`;

function mayHideProc(): boolean {
  try {
    execFileSync('/bin/sh', ['-c', `${withoutProc} true`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const skip = !mayHideProc() && 'no right to hide /proc';

for (const [stream, flags, told] of [
  ['>&-', '--source sample', 'audit-export: standard output is closed, records would be lost'],
  ['<&-', '--source -', 'audit-export: standard input is closed, no records can come from it'],
] as const) {
  test(`where there is no /proc, a closed descriptor (${stream}) is known as one, too`, { skip }, async (t) => {
    const command = `$AUDIT_EXPORT ${flags} --state-dir state ${stream}`;
    const { status, stderr } = await shell(`${withoutProc} '${command}'`, { directory: scratch(t) });
    assert.deepEqual([status, stderr.split('\n')[0]], [78, told]);
  });
}

test('where there is no /proc, /dev/null is no closed descriptor', { skip }, async (t) => {
  const directory = scratch(t);
  const command = '$AUDIT_EXPORT --source sample --state-dir state > /dev/null; $AUDIT_EXPORT --source - < /dev/null';
  const { status, stderr } = await shell(`${withoutProc} '${command} --state-dir state'`, { directory });
  assert.match(stderr, /^audit-export: warning: standard output is \/dev\/null: /);
  assert.equal(status, 0, stderr);
});
