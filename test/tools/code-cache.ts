/**
 * Makes V8's code cache for the program's files: runs the program in this process as cron would, and asks V8 for the
 * functions that were called. test/tools/build.ts starts it with the folder of the files.
 */
import { Buffer } from 'node:buffer';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import v8 from 'node:v8';
import type * as loader from '../../src/loader.ts';

const folder = process.argv[2] ?? '';
const { load, markOfNode, scripts } = createRequire(import.meta.url)(join(folder, 'loader.cjs')) as typeof loader;

// V8 compares its flags with those of the time when the cache was made, so they stay what they are at the start.
v8.setFlagsFromString = () => {};

const workplace = mkdtempSync(join(tmpdir(), 'audit-export-build-'));
const job = ['--source', 'sample', '--sink', 'file', '--output', join(workplace, 'records'), '--job', 'sample'];
const tick = [...job, '--state-dir', workplace];
try {
  // The file starts the program by itself: once for --version.
  process.argv = [process.execPath, 'audit-export', '--version'];
  const { modules } = load('audit-export.cjs') as {
    modules: {
      'src/main.ts': () => typeof import('../../src/main.ts');
      'src/io/world.ts': () => typeof import('../../src/io/world.ts');
    };
  };
  const { main } = modules['src/main.ts']();
  const { systemWorld } = modules['src/io/world.ts']();
  // The list of sources reads all ready-made definitions.
  for (const words of [['--help'], ['sources'], tick, tick]) {
    const status = await main(words, systemWorld({}));
    if (status !== 0) throw new Error(`audit-export ${words.join(' ')} ended with ${status}`);
  }
  for (const [file, script] of scripts) {
    writeFileSync(join(folder, `${file}.cache`), Buffer.concat([script.createCachedData(), markOfNode()]));
  }
} finally {
  rmSync(workplace, { recursive: true, force: true });
}
