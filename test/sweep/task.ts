/**
 * One task of a sweep, in a process of its own: `task.ts <kills|failures> <destination> <program>`, started by tasks.ts.
 * Answers with the tallies over IPC; standard output is a file that stands in for that of the program.
 */
// First: the program keeps the functions that this lies over.
import './standard-output-operations.ts';
import { batch } from './destinations.ts';
import type { Answer, Scope } from './tasks.ts';

const [what = '', sink = '', program = '', scopeText = ''] = process.argv.slice(2);
const scope = JSON.parse(scopeText) as Scope;
let told = 0;

/** A line on standard error every few seconds. */
function progress(text: string): void {
  if (!scope.tell || Date.now() - told < 5000) return;
  told = Date.now();
  process.stderr.write(`${what}, ${sink}: ${text}\n`);
}

let answer: Answer;
if (what === 'kills') {
  const { sweep } = await import('./kill.ts');
  answer = { kills: await sweep({ ...scope.kills, program, sink, progress }) };
} else {
  const { useSmallBatches } = await import('./small-batches.ts');
  const { sweepAllOperations } = await import('./operations.ts');
  useSmallBatches(batch);
  answer = { operations: await sweepAllOperations(sink, scope.failures, progress) };
}
process.send?.(answer, () => process.disconnect());
