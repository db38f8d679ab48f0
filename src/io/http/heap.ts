/**
 * Keeps the young generation of V8's heap small. It grows to 16 MiB twice with whatever survives, however little that
 * is, and the chunks of bodies that nobody needs any more wait for its collections: 30 MB in all, and a cache that is
 * never warm. At 4 MiB a run of a million records is 5 % faster.
 */
import { getHeapSpaceStatistics } from 'node:v8';
import { setFlag } from './v8-flag.ts';

/** Both halves together, in bytes. */
const enough = 8_000_000;
let isLimited = false;

/** To be called now and then: stops the growth when it has gone far enough. V8 reads the flag each time it would grow. */
export function limitYoungGeneration(): void {
  if (isLimited) return;
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
  if (young === undefined || young.space_size < enough) return;
  isLimited = true;
  setFlag('--semi-space-growth-factor=1');
}
