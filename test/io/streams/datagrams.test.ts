import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { scratch, shell } from '../../support/program.ts';

/** Nobody has to be there: a socket for datagrams is open all the same. */
const nowhere = '/dev/udp/127.0.0.1/9';

function hasNetwork(): boolean {
  try {
    execFileSync('/bin/bash', ['-c', `: > ${nowhere}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const skip = !hasNetwork() && 'no bash that knows /dev/udp';

test(
  'standard output that is a socket for datagrams takes no record in silence, where Node throws away all',
  { skip },
  async (t) => {
    const directory = scratch(t);
    for (const flags of ['', '--bulk-format elastic -- cat']) {
      const command = `$AUDIT_EXPORT --source sample --job one --state-dir state ${flags} > ${nowhere}`;
      const { status, stderr } = await shell(`exec /bin/bash -c '${command}'`, { directory });
      assert.equal(status, 78, stderr);
      assert.match(
        stderr,
        /audit-export: standard output is a socket for datagrams, records would be lost\nhint: redirect/,
      );
    }
    const status = await shell(`$AUDIT_EXPORT status --state-dir state`, { directory });
    assert.match(status.stdout, /one: no position yet/);
    assert.deepEqual(
      readdirSync(join(directory, 'state')).filter((name) => !/\.position(\.previous)?$/.test(name)),
      [],
    );
  },
);

test('standard input that is one is not taken for an empty one', { skip }, async (t) => {
  const command = `$AUDIT_EXPORT --source - --state-dir state < ${nowhere}`;
  const { status, stderr } = await shell(`exec /bin/bash -c '${command}'`, { directory: scratch(t) });
  assert.equal(status, 74, stderr);
  assert.match(
    stderr,
    /^audit-export: standard input cannot be read \(it is a socket for datagrams\)\nhint: see where/,
  );
});
