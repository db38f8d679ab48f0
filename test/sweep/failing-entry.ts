/**
 * The program with failpoints armed, for the sweep: it kills itself with SIGKILL when it gets to the point number
 * SWEEP_KILL (counted from 1; of those called SWEEP_POINT, if that is given), and says on standard error where that was.
 * Its batches hold SWEEP_BATCH records. Its clock starts at SWEEP_NOW, and waiting takes no time but that of this clock.
 */
import { writeSync } from 'node:fs';
import { setImmediate as soon } from 'node:timers/promises';
import { onReached } from '../../src/io/failpoint.ts';
import { systemWorld } from '../../src/io/world.ts';
import { main } from '../../src/main.ts';
import { useSmallBatches } from './small-batches.ts';

const { SWEEP_KILL = '', SWEEP_POINT = '', SWEEP_BATCH = '3', SWEEP_NOW = '' } = process.env;
let ahead = Number(SWEEP_NOW) - Date.now();
let left = SWEEP_KILL === '' ? Infinity : Number(SWEEP_KILL);

onReached((point) => {
  if (SWEEP_POINT !== '' && point !== SWEEP_POINT) return;
  left -= 1;
  if (left > 0) return;
  writeSync(2, `killed at ${point}\n`);
  process.kill(process.pid, 'SIGKILL');
});

useSmallBatches(Number(SWEEP_BATCH));

void start();

async function start(): Promise<void> {
  const world = Object.assign(systemWorld(process.env), {
    now: () => Date.now() + ahead,
    async wait(milliseconds: number, stop: AbortSignal) {
      ahead += milliseconds;
      await soon();
      stop.throwIfAborted();
    },
  });
  process.exitCode = await main(process.argv.slice(2), world);
}
