/** Text for people on standard output: a list, a state, help. It has no records that could be lost. */
import { Buffer } from 'node:buffer';
import { Problem } from '../../core/problem.ts';
import type { Output } from '../../core/sink-tools.ts';
import { isReaderGone } from './standard-output.ts';

/** A reader that has read enough is no failure, and neither is a closed output. Throws Problem (74) for any other failure. */
export async function printText(output: Output, text: string): Promise<void> {
  if (output.kind === 'closed') return;
  try {
    await output.write(Buffer.from(text));
  } catch (error) {
    if (!(error instanceof Problem) || !isReaderGone(error)) throw error;
  }
}
