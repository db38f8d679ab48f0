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
  // The kernel's own high-water mark: maxRSS of getrusage would begin with that of the parent.
  // No listener for the exit: the program drops those where it leaves before its work has ended.
  writeFileSync(
    script,
    `const { readFileSync, writeFileSync } = require('node:fs');
    const { emit } = process;
    process.emit = (name, ...values) => {
      if (name === 'exit') writeFileSync(${JSON.stringify(peak)}, readFileSync('/proc/self/status'));
      return emit.call(process, name, ...values);
    };`,
  );
  return {
    environment: { NODE_OPTIONS: `--require ${script}` },
    megabytes: () => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(peak, 'utf8'))?.[1]) / 1024,
  };
}
