/** Tasks of sweeps, each in a process of its own, some at a time. */
import { fork } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kind } from './failing.ts';
import type { KillTally, SweepOptions } from './kill.ts';
import type { OperationsTally } from './operations.ts';
import { moduleAt, reader } from '../support/own-process.ts';

export interface Task {
  readonly what: 'kills' | 'failures';
  readonly sink: string;
}

/** How much of each sweep. */
export interface Scope {
  readonly kills: Pick<SweepOptions, 'step' | 'first' | 'random'>;
  /** The step over the operations of each kind. */
  readonly failures: Readonly<Record<Kind, number>>;
  /** Tells on standard error how far it is. */
  readonly tell: boolean;
}

/** What a task answers. */
export interface Answer {
  readonly kills?: KillTally;
  readonly operations?: readonly OperationsTally[];
}

/** A file system in memory. */
const memory = '/dev/shm';

/** Runs a task; `program` is the bundle to kill. */
export async function runTask({ what, sink }: Task, program: string, scope: Scope): Promise<Answer> {
  const directory = mkdtempSync(join(tmpdir(), 'sweep-output-'));
  const output = openSync(join(directory, 'stdout'), 'a+');
  const child = fork(new URL(moduleAt('test/sweep/task.ts')), [what, sink, program, JSON.stringify(scope)], {
    execArgv: [...reader],
    serialization: 'advanced',
    // What a killed or failed process leaves does not depend on the disk, and waiting for one takes most of the time.
    env: { ...process.env, ...(existsSync(memory) && { TMPDIR: memory }) },
    stdio: ['ignore', output, 'inherit', 'ipc'],
  });
  let answer: Answer | undefined;
  child.on('message', (message) => (answer = message as Answer));
  const status = await new Promise((resolve) => child.once('exit', resolve));
  closeSync(output);
  rmSync(directory, { recursive: true, force: true });
  if (answer === undefined) throw new Error(`the ${what} of ${sink} ended with ${String(status)}`);
  return answer;
}

/** Runs all, `jobs` at a time; gives the answers in the order of the tasks. */
export async function runTasks(
  tasks: readonly Task[],
  jobs: number,
  runOne: (task: Task) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  const rest = tasks.entries(); // shared by the workers: each takes the next one
  async function work(): Promise<void> {
    for (const [number, task] of rest) answers[number] = await runOne(task);
  }
  await Promise.all(Array.from({ length: jobs }, work));
  return answers;
}
