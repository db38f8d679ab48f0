/**
 * The full sweeps: `npm run test:sweep -- [--jobs <n>] [--only kills|failures] [--messages] [destination …]`. Every kill
 * point and request, a hundred kills at random moments, and every failing operation with every error code. Prints the
 * tables and what went wrong; `--messages` adds what the failures had the program say.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { bundleProgram } from './bundle.ts';
import { destinations } from './destinations.ts';
import { killTable } from './kill.ts';
import { operationsTable } from './operations.ts';
import { runTask, runTasks, type Scope, type Task } from './tasks.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { jobs: { type: 'string' }, only: { type: 'string' }, messages: { type: 'boolean' } },
});
const everything: Scope = {
  kills: { step: 1, first: 1, random: 100 },
  failures: { file: 1, socket: 1, process: 1 },
  tell: true,
};
const jobs = Number(values.jobs ?? availableParallelism());
const sinks = positionals.length > 0 ? positionals : Object.keys(destinations);
const tasks: Task[] = (['kills', 'failures'] as const)
  .filter((what) => values.only === undefined || values.only === what)
  .flatMap((what) => sinks.map((sink) => ({ what, sink })));
const started = Date.now();
const program = await bundleProgram();
let answers;
try {
  answers = await runTasks(tasks, jobs, async (task) => {
    const answer = await runTask(task, program.path, everything);
    process.stderr.write(
      `${answer.kills === undefined ? operationsTable(answer.operations ?? []) : killTable([answer.kills])}\n`,
    );
    return answer;
  });
} finally {
  program.remove();
}
const kills = answers.flatMap((answer) => answer.kills ?? []);
const operations = answers.flatMap((answer) => answer.operations ?? []);

/** Counts of several tallies in one, most often first. */
function together(maps: readonly ReadonlyMap<string, number>[]): [string, number][] {
  const sum = new Map<string, number>();
  for (const map of maps) for (const [key, count] of map) sum.set(key, (sum.get(key) ?? 0) + count);
  return [...sum].toSorted(([, one], [, other]) => other - one);
}

process.stdout.write(`${killTable(kills)}\n\n${operationsTable(operations)}\n\n`);
for (const [place, count] of together(kills.map(({ places }) => places))) process.stdout.write(`${count}\t${place}\n`);
if (values.messages === true) {
  for (const [text, count] of together(operations.map(({ messages }) => messages))) {
    process.stdout.write(`\n${count} times:\n${text}\n`);
  }
}
for (const { sink, faults } of [...kills, ...operations]) {
  for (const fault of faults) process.stdout.write(`${sink}: ${fault}\n`);
  if (faults.length > 0) process.exitCode = 1;
}
process.stderr.write(`${Math.round((Date.now() - started) / 1000)} s\n`);
