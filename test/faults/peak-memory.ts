/** The peak memory of a child process. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scene } from './harness.ts';

/** Has a child with this environment write down its peak memory when it ends. */
export function watchMemory({ directory }: Pick<Scene, 'directory'>): {
  readonly environment: Readonly<Record<string, string>>;
  megabytes(): number;
} {
  const script = join(directory, 'watch.cjs');
  const peak = join(directory, 'peak');
  const write = `require('node:fs').writeFileSync(${JSON.stringify(peak)}, String(process.resourceUsage().maxRSS))`;
  writeFileSync(script, `process.on('exit', () => ${write});`);
  return {
    environment: { NODE_OPTIONS: `--require ${script}` },
    megabytes: () => Number(readFileSync(peak, 'utf8')) / 1024,
  };
}
