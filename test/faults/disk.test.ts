/** Group D of the catalogue: where the position and the records are kept. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { scratch } from '../support/program.ts';
import { elasticScene, recordIdOf, splunkScene } from './destinations.ts';
import { fault, scene, type Scene } from './harness.ts';
import { fillUp, isRoot, mounted, positionFile, shellResult, toFile } from './processes.ts';

// ---------------------------------------------------------------------------------------------------- full, forbidden

fault(
  'D07',
  'the disk of the state directory is full (64 KiB): 74, the old position is whole, and nothing is lost',
  async (context) => {
    const here = await scene(context, toFile(join(scratch(context), 'out.jsonl')));
    mkdirSync(here.stateDirectory);
    await mounted(context, here.stateDirectory, 'size=64k', async () => {
      here.expectSuccess(await here.run());
      const before = readFileSync(positionFile(here));
      const filler = fillUp(here.stateDirectory);
      here.clock.now += 60_000;
      here.vendor.add('new', 30);
      const result = await here.run();
      assert.deepEqual(readFileSync(positionFile(here)), before);
      await here.expectProblem(result, {
        exit: 74,
        message: /^cannot save the position in .*: the disk is full \(ENOSPC\)$/,
        hint: /^free some space/,
        lift: () => rmSync(filler),
      });
    });
  },
);

fault('D07', 'a first run on a full disk sends nothing', async (context) => {
  const here = await elasticScene(context);
  mkdirSync(here.stateDirectory);
  await mounted(context, here.stateDirectory, 'size=64k', async () => {
    const filler = fillUp(here.stateDirectory);
    const result = await here.run();
    assert.deepEqual([here.sink.requests.length, here.vendor.requests.length], [0, 0]);
    await here.expectProblem(result, {
      exit: 74,
      message: /^cannot save the position in .*: the disk is full \(ENOSPC\)$/,
      hint: /^free some space/,
      lift: () => rmSync(filler),
    });
  });
});

fault('D07', 'a disk without room for the lock is not taken for another run', async (context) => {
  const here = await splunkScene(context);
  mkdirSync(here.stateDirectory);
  await mounted(context, here.stateDirectory, 'size=64k,nr_inodes=20', async () => {
    here.expectSuccess(await here.run());
    const fillers: string[] = [];
    try {
      for (;;) {
        const path = join(here.stateDirectory, `filler${fillers.length}`);
        writeFileSync(path, '');
        fillers.push(path);
      }
    } catch {
      // no inode is left
    }
    await here.expectProblem(await here.run(), {
      exit: 74,
      message: /^cannot lock .*: the disk is full \(ENOSPC\)$/,
      hint: /^free some space, or files where df -i shows that there may be no more;/,
      lift: () => fillers.forEach((path) => rmSync(path)),
    });
  });
});

fault('D07', 'nor does a later one: what cannot be remembered would be sent again by each run', async (context) => {
  const here = await splunkScene(context);
  mkdirSync(here.stateDirectory);
  await mounted(context, here.stateDirectory, 'size=64k', async () => {
    here.expectSuccess(await here.run());
    const { length } = here.sink.requests;
    const filler = fillUp(here.stateDirectory);
    here.clock.now += 60_000;
    here.vendor.add('new', 30);
    const result = await here.run();
    assert.equal(here.sink.requests.length, length);
    await here.expectProblem(result, {
      exit: 74,
      message: /^cannot save the position in .*: the disk is full \(ENOSPC\)$/,
      hint: /^free some space/,
      lift: () => rmSync(filler),
    });
  });
});

fault(
  'D08',
  'a state directory on a read-only file system is refused before anything is asked of the vendor',
  async (context) => {
    const here = await scene(context);
    mkdirSync(join(here.directory, 'mount'));
    await mounted(context, join(here.directory, 'mount'), 'size=64k,ro', async () => {
      const result = await here.run(['--state-dir', join(here.directory, 'mount', 'state')]);
      assert.equal(here.vendor.requests.length, 0);
      await here.expectProblem(result, {
        exit: 73,
        message: /^cannot use the state directory .*: the file system is read-only \(EROFS\)$/,
        hint: /^choose another place/,
      });
    });
  },
);

fault(
  'D08',
  'a state directory that the user may not write to is refused before anything is asked',
  async (context) => {
    if (!isRoot) return context.skip('only root can become another user');
    const here = await scene(context);
    chmodSync(here.directory, 0o755);
    mkdirSync(here.stateDirectory, { mode: 0o755 });
    const result = await shellResult(here, 'exec "$@"', { user: 65_534 });
    if (result.status === 126) return context.skip(`another user may not run ${process.execPath}`);
    assert.equal(here.vendor.requests.length, 0);
    await here.expectProblem(result, {
      exit: 73,
      message: /^cannot use the state directory .*: permission denied \(EACCES\)$/,
      hint: /^let the user of the job read and write there/,
    });
  },
);

for (const [what, path] of [
  ['a file', 'occupied'],
  ['below a file', 'occupied/state'],
] as const) {
  fault('D08', `a state directory that is ${what} is refused before anything is asked`, async (context) => {
    const here = await scene(context);
    writeFileSync(join(here.directory, 'occupied'), '');
    const result = await here.run(['--state-dir', join(here.directory, path)]);
    assert.equal(here.vendor.requests.length, 0);
    await here.expectProblem(result, {
      exit: 73,
      message: /not a directory/,
      hint: /^choose another (?:--state-dir$|place; name it with --state-dir)/,
    });
  });
}

fault('D08', 'a state directory that is missing is made, for its owner alone', async (context) => {
  const here = await scene(context);
  const deep = join(here.directory, 'a', 'b', 'state');
  here.expectSuccess(await here.run(['--state-dir', deep]));
  assert.deepEqual([statSync(deep).mode & 0o777, statSync(join(deep, 'faults.position')).mode & 0o777], [0o700, 0o600]);
});

// ---------------------------------------------------------------------------------------------------- damaged, newer

const damages: readonly (readonly [what: string, damage: (bytes: Buffer) => Buffer])[] = [
  ['empty', () => Buffer.alloc(0)],
  ['cut in half', (bytes) => bytes.subarray(0, bytes.length / 2)],
  ['one byte short', (bytes) => bytes.subarray(0, -1)],
  ['one bit off', (bytes) => Buffer.from(bytes.map((byte, at) => (at === 200 ? byte ^ 1 : byte)))],
  ['all zeroes', (bytes) => Buffer.alloc(bytes.length)],
  ['other JSON', () => Buffer.from('{"watermark":"2026-11-20T00:00:00Z"}')],
];

for (const [what, damage] of damages) {
  fault('D09', `a position that is ${what}: the one before is used, said, and nothing is lost`, async (context) => {
    const here = await sceneWithHistory(context);
    writeFileSync(positionFile(here), damage(readFileSync(positionFile(here))));
    const result = await here.run();
    here.expectSuccess(result, { warnings: [/^position file .* is damaged .*: going on from the one before, /] });
    here.clock.now += 1000;
    here.expectSuccess(await here.run());
  });

  fault(
    'D09',
    `a position that is ${what}, and the one before as well: 78, and both are left as they are`,
    async (context) => {
      const here = await sceneWithHistory(context);
      const files = [positionFile(here), `${positionFile(here)}.previous`];
      const good = files.map((path) => readFileSync(path));
      const bad = good.map(damage);
      for (const [at, path] of files.entries()) writeFileSync(path, bad[at] ?? '');
      const asked = here.vendor.requests.length;
      const result = await here.run();
      assert.equal(here.vendor.requests.length, asked, 'the vendor was not asked');
      assert.deepEqual(
        files.map((path) => readFileSync(path)),
        bad,
      );
      await here.expectProblem(
        { ...result, watermarks: { before: [], after: [] } },
        {
          exit: 78,
          message: /^position file .* cannot be used: .* and the one before/,
          hint: /^restore it from a backup; or begin again: rm -f .* then run once with -c --since/,
          lift: () => files.forEach((path, at) => writeFileSync(path, good[at] ?? '')),
        },
      );
    },
  );
}

for (const [what, harm] of [
  ['gone', rmSync],
  ['damaged', (path: string) => writeFileSync(path, 'damaged')],
] as const) {
  fault('D09', `a position that is ${what} after the first run is no first run: nothing is lost`, async (context) => {
    const here = await scene(context, { records: 0 });
    here.expectSuccess(await here.run(['-c', '--since', '2h', '--until', '1h']));
    here.vendor.add('since the last run', 1800);
    harm(positionFile(here));
    const result = await here.run(['--first-run', '0s']);
    here.expectSuccess(result, { warnings: [/^position file .* is .*: going on from the one before, /] });
  });
}

/** A job that ran twice and has something new to deliver. */
async function sceneWithHistory(context: TestContext): Promise<Scene> {
  const here = await scene(context, toFile(join(scratch(context), 'out.jsonl')));
  for (const id of ['second', 'third', 'fourth']) {
    here.expectSuccess(await here.run());
    here.clock.now += 60_000;
    here.vendor.add(id, 30);
  }
  return here;
}

fault('D10', 'a position of a newer version is refused and not touched', async (context) => {
  const here = await sceneWithHistory(context);
  const path = positionFile(here);
  const good = readFileSync(path);
  writeFileSync(path, good.toString().replace('audit-export position 1 ', 'audit-export position 99 '));
  const { mtimeMs, ino } = statSync(path);
  const result = await here.run();
  assert.deepEqual([statSync(path).mtimeMs, statSync(path).ino], [mtimeMs, ino]);
  await here.expectProblem(
    { ...result, watermarks: { before: [], after: [] } },
    {
      exit: 78,
      message: /^position file .* has format 99, written by a newer audit-export$/,
      hint: /^install that version again/,
      lift: () => writeFileSync(path, good),
    },
  );
});

// ---------------------------------------------------------------------------------------------------- owners, links

fault('D11', 'a position that anybody can write (0666) is refused', async (context) => {
  const here = await sceneWithHistory(context);
  chmodSync(positionFile(here), 0o666);
  await here.expectProblem(await here.run(), {
    exit: 78,
    message: /^position file .* can be written by others$/,
    hint: /^chmod 600 /,
    lift: () => chmodSync(positionFile(here), 0o600),
  });
});

fault('D11', 'a position that belongs to somebody else is refused', async (context) => {
  if (!isRoot) return context.skip('only root can give a file away');
  const here = await sceneWithHistory(context);
  chownSync(positionFile(here), 12_345, 12_345);
  await here.expectProblem(await here.run(), {
    exit: 78,
    message: /^position file .* belongs to user 12345, not to 0$/,
    hint: /chown 0 /,
    lift: () => chownSync(positionFile(here), 0, 0),
  });
});

fault('D11', 'a state directory that anybody can write to is refused', async (context) => {
  const here = await sceneWithHistory(context);
  chmodSync(here.stateDirectory, 0o777);
  await here.expectProblem(await here.run(), {
    exit: 78,
    message: /^others can replace what is in the state directory /,
    hint: /--state-dir$/,
    lift: () => chmodSync(here.stateDirectory, 0o700),
  });
});

for (const name of ['faults.position', 'faults.position.previous', 'faults.journal']) {
  fault(
    'D12',
    `a symbolic link that waits as ${name} is not followed: 78, and its target stays as it is`,
    async (context) => {
      const here = await scene(context);
      mkdirSync(here.stateDirectory, { mode: 0o700 });
      const target = join(here.directory, 'target');
      writeFileSync(target, 'precious');
      const link = join(here.stateDirectory, name);
      symlinkSync(target, link);
      const result = await here.run();
      assert.deepEqual([readFileSync(target, 'utf8'), lstatSync(link).isSymbolicLink()], ['precious', true]);
      await here.expectProblem(result, {
        exit: 78,
        message: /: it is a symbolic link \(ELOOP\)$/,
        hint: /^remove the link/,
        lift: () => rmSync(link),
      });
    },
  );
}

fault(
  'D12',
  'a symbolic link that waits as the quarantine is not followed, and the record is not counted as set aside',
  async (context) => {
    const here = await elasticScene(context);
    here.expectSuccess(await here.run());
    const target = join(here.directory, 'target');
    writeFileSync(target, 'precious');
    const link = join(here.stateDirectory, 'faults.quarantine.jsonl');
    symlinkSync(target, link);
    here.clock.now += 60_000;
    here.vendor.add('refused', 30);
    here.sink.item = (id) => (recordIdOf(id) === 'refused' ? { status: 400, type: 'mapper', reason: 'no' } : undefined);
    const result = await here.run();
    assert.equal(readFileSync(target, 'utf8'), 'precious');
    rmSync(link); // else what follows would read it as the quarantine
    await here.expectProblem(result, {
      exit: 78,
      message: /^cannot write the quarantine .*: it is a symbolic link \(ELOOP\)$/,
      hint: /^remove the link/,
      lift: () => (here.sink.item = undefined),
    });
  },
);

fault('D12', 'a symbolic link that waits as the output file is not followed', async (context) => {
  const output = join(scratch(context), 'out.jsonl');
  const target = `${output}.target`;
  const here = await scene(context, toFile(output));
  writeFileSync(target, 'precious\n');
  symlinkSync(target, output);
  const result = await here.run();
  assert.equal(readFileSync(target, 'utf8'), 'precious\n');
  await here.expectProblem(result, {
    exit: 78,
    message: /^cannot open .*out\.jsonl: it is a symbolic link \(ELOOP\)$/,
    hint: /^remove the link/,
    lift: () => rmSync(output),
  });
});

fault('D12', 'temp files have names that nobody can plant, and are made new', async (context) => {
  const here = await scene(context);
  mkdirSync(here.stateDirectory, { mode: 0o700 });
  const planted = join(here.stateDirectory, 'faults.position.0123456789ab.temp');
  const target = join(here.directory, 'target');
  writeFileSync(target, 'precious');
  symlinkSync(target, planted);
  here.expectSuccess(await here.run());
  assert.deepEqual([readFileSync(target, 'utf8'), existsSync(planted)], ['precious', false]);
  copyFileSync(positionFile(here), target); // a regular file again, for the check that no secret is in it
});
