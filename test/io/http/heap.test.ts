import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { moduleAt, scriptWords } from '../../support/own-process.ts';

/** The size of a young generation, in bytes, that much survived in, with or without its limit. */
function youngGeneration(limited: boolean): number {
  const script = `
    import { getHeapSpaceStatistics } from 'node:v8';
    import { limitYoungGeneration } from ${JSON.stringify(moduleAt('src/io/http/heap.ts'))};
    const kept = [];
    for (let turn = 0; turn < 3000; turn += 1) {
      if (${limited}) limitYoungGeneration();
      kept[turn % 20] = Array.from({ length: 2000 }, (_, at) => ({ at, turn }));
    }
    console.log(getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space').space_size);
  `;
  return Number(execFileSync(process.execPath, scriptWords(script)).toString());
}

test('the young generation stays small, whatever survives in it', () => {
  assert.ok(youngGeneration(false) > 20_000_000, 'it would grow');
  const limited = youngGeneration(true);
  assert.ok(limited < 20_000_000, String(limited));
});
