/** What is printed for people on standard output: a list, a state, help. No record is among it, so none can be lost. */
import { Buffer } from 'node:buffer';
import { exit, Problem } from '../core/problem.ts';
import type { Output } from '../core/types.ts';
import { isReaderGone } from './standard-output.ts';

/** A reader that has read enough is no failure. Throws Problem (74, 78) when the text can reach nobody. */
export async function printText(output: Output, text: string): Promise<void> {
  if (output.kind === 'closed') {
    throw new Problem(exit.config, 'standard output is closed', {
      hint: 'leave it open, or redirect it to /dev/null if only the exit status is wanted',
    });
  }
  try {
    await output.write(Buffer.from(text));
  } catch (error) {
    if (!(error instanceof Problem) || !isReaderGone(error)) throw error;
  }
}
