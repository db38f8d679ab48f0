/** What is printed for people on standard output: a list, a state, help. No record is among it, so none can be lost. */
import { Buffer } from 'node:buffer';
import { Problem } from '../../core/problem.ts';
import type { Output } from '../../core/types.ts';
import { isReaderGone } from './standard-output.ts';

/** Neither a reader that has read enough nor one that wants the exit status alone is a failure. Throws Problem (74). */
export async function printText(output: Output, text: string): Promise<void> {
  if (output.kind === 'closed') return;
  try {
    await output.write(Buffer.from(text));
  } catch (error) {
    if (!(error instanceof Problem) || !isReaderGone(error)) throw error;
  }
}
