/** Collecting garbage on demand, to measure what is left in memory. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** Collects all garbage. */
export const collectGarbage = runInNewContext('gc') as () => void;

/**
 * Bytes that typed arrays take, without those that are garbage. V8 gives that back in the background, or before it collects
 * again.
 */
export function arrayBuffers(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}
