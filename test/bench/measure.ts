/** Whole processes, timed from outside: wall time, and peak memory as the kernel counted it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';

export interface Command {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The exit status that means that it did what it should; 0 when left out. */
  readonly status?: number;
}

export interface Sample {
  readonly milliseconds: number;
  /** Peak resident memory in bytes; undefined where /proc does not tell. */
  readonly peak: number | undefined;
}

const nowhere = openSync('/dev/null', 'w');

/** The environment of every measured process: no extra root certificates, which cost 34 ms at each start of Node 20. */
export function cleanEnvironment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _roots, NODE_OPTIONS: _options, ...rest } = process.env;
  return { ...rest, ...more };
}

/** Runs a command to its end, its output to /dev/null. Throws when it ends with another status than it should. */
export async function measure({ argv, env, status = 0 }: Command): Promise<Sample> {
  const [file = '', ...args] = argv;
  const started = performance.now();
  const child = spawn(file, args, { stdio: ['ignore', nowhere, 'pipe'], env: cleanEnvironment(env) });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  let peak: number | undefined;
  const watch = setInterval(() => (peak = peakOf(child.pid) ?? peak), 20);
  const [code] = (await once(child, 'exit')) as [number | null];
  const milliseconds = performance.now() - started;
  clearInterval(watch);
  if (code !== status) throw new Error(`${argv.join(' ')}: exit ${code}, not ${status}\n${said}`);
  return { milliseconds, peak };
}

/** The middle of the values, or undefined when there are none. */
export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  const low = sorted[Math.floor(half)];
  const high = sorted[Math.ceil(half)];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

/** VmHWM only grows, so that the last look before the end is the peak, but for its last 20 milliseconds. */
function peakOf(pid: number | undefined): number | undefined {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined; // ended meanwhile, or no /proc here
  }
}
