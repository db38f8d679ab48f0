/** Whose turn it is: a branch that takes all of a run's time, or hangs, must not be read first by the next run as well. */
import type { Position } from '../types.ts';

/**
 * The branches of a run in their order, each when it is asked for. A run that is stopped meanwhile writes down whose turn
 * would have been next; the next run begins there, and goes on as if the first followed the last.
 */
export function* inTurn(branches: readonly string[], position: Position, stop: AbortSignal): Generator<string> {
  const begin = position.next === undefined ? 0 : Math.max(0, branches.indexOf(position.next));
  const order = [...branches.slice(begin), ...branches.slice(0, begin)];
  for (const [at, branch] of order.entries()) {
    yield branch;
    position.next = stop.aborted && order.length > 1 ? order[(at + 1) % order.length] : undefined;
  }
}
