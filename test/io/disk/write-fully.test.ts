import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeFully } from '../../../src/io/disk/write-fully.ts';
import { moduleAt, scriptWords } from '../../support/own-process.ts';
import { scratch } from '../../support/program.ts';

const text = Buffer.from('{"id":1}\n');

for (const position of [null, 100]) {
  test(`writes that take a little each are repeated for the rest, ${position === null ? 'in place' : 'from a position on'}`, async () => {
    const written: Buffer[] = [];
    const places: (number | null)[] = [];
    const write = (
      bytes: Buffer,
      offset: number,
      length: number,
      at: number | null,
    ): Promise<{ bytesWritten: number }> => {
      const bytesWritten = Math.min(4, length);
      written.push(bytes.subarray(offset, offset + bytesWritten));
      places.push(at);
      return Promise.resolve({ bytesWritten });
    };
    await writeFully({ write }, text, position);
    assert.deepEqual(Buffer.concat(written), text);
    assert.deepEqual(places, position === null ? [null, null, null] : [100, 104, 108]);
  });
}

test('a disk that takes nothing is a Problem, and no reason to try for ever', async () => {
  await assert.rejects(writeFully({ write: () => Promise.resolve({ bytesWritten: 0 }) }, text, 0), { status: 74 });
});

test('standard output that takes nothing is a Problem, too', (t) => {
  const output = openSync(join(scratch(t), 'out'), 'w');
  const script = `import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    import { promisify } from 'node:util';
    fs.write[promisify.custom] = async () => ({ bytesWritten: 0 });
    syncBuiltinESMExports();
    const { standardOutput } = await import(${JSON.stringify(moduleAt('src/io/streams/standard-output.ts'))});
    await standardOutput().write(Buffer.from('x')).catch(({ status, message, hint }) =>
      fs.writeSync(2, JSON.stringify({ status, message, hint: hint !== undefined })));`;
  const ended = spawnSync(process.execPath, scriptWords(script), {
    encoding: 'utf8',
    stdio: ['ignore', output, 'pipe'],
    timeout: 120_000,
    killSignal: 'SIGKILL',
  });
  closeSync(output);
  assert.equal(ended.signal, null);
  assert.deepEqual(JSON.parse(ended.stderr), { status: 74, message: 'the disk took none of the bytes', hint: true });
});
