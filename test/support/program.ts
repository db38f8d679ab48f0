/** Runs the program as cron would: a child process with its own environment, on real descriptors. */
import { Buffer } from 'node:buffer';
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { tmpdir } from 'node:os';
import { builtProgram } from './built-program.ts';

export { scratch } from './scratch.ts';

/** What to put before the program's arguments. */
export const program: readonly string[] = [process.execPath, builtProgram()];

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Options {
  /** The whole environment; nothing is inherited. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly directory?: string;
  readonly stdio?: StdioOptions;
}

/** Runs it to its end. */
export async function run(argv: readonly string[], options: Options = {}): Promise<Ended> {
  return ended(start(argv, options));
}

/** Runs a line of shell in which `$AUDIT_EXPORT` is the program. */
export async function shell(line: string, options: Options = {}): Promise<Ended> {
  const environment = { PATH: '/usr/bin:/bin', AUDIT_EXPORT: program.join(' '), ...options.environment };
  return ended(
    spawn('/bin/sh', ['-c', line], {
      cwd: options.directory ?? tmpdir(),
      env: environment,
      stdio: options.stdio ?? ['ignore', 'pipe', 'pipe'],
    }),
  );
}

/** Starts it, for those who want to send signals. */
export function start(argv: readonly string[], options: Options = {}): ChildProcess {
  const [node = '', ...before] = program;
  return spawn(node, [...before, ...argv], {
    cwd: options.directory ?? tmpdir(),
    env: { ...options.environment },
    stdio: options.stdio ?? ['ignore', 'pipe', 'pipe'],
  });
}

export function ended(child: ChildProcess): Promise<Ended> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => {
      resolve({ status, signal, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() });
    });
  });
}
