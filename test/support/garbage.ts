/** Collecting garbage on demand, to measure what is left in memory. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** Frees everything that nobody refers to. */
export const collectGarbage = runInNewContext('gc') as () => void;
