/** Flags of V8, set while the program runs. */
import { setFlagsFromString } from 'node:v8';

/** The newest Node that is known to have the flags that are set: one that it has not, it would complain of on stderr. */
const newestTried = 26;

export const nodeMajor = Number.parseInt(process.versions.node, 10);

/** Does nothing in a Node that is newer than those that were tried. */
export function setFlag(flag: `--${string}`): void {
  if (nodeMajor <= newestTried) setFlagsFromString(flag);
}
