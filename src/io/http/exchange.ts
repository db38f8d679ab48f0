/** One request under way: its clock, and its tie to the stop signal of the run. */
import { timedOut } from '../../core/http-status.ts';
import { exit } from '../../core/problem.ts';
import { problem, unaccepted, type Where } from './http-errors.ts';
import { timeLimit, type TimeLimit } from './time-limit.ts';

export interface Exchange {
  readonly signal: AbortSignal;
  readonly limit: TimeLimit;
  /** Its request waits for a connection. */
  waits(): void;
  /** Its request has a connection, and is written. */
  begins(): void;
  /** Lets go of the clock and of the stop signal. */
  end(): void;
  /** Ends it and drops its connection, whatever its state. */
  abort(): void;
}

/**
 * Starts the clock of a request. When its time is up, the signal aborts with a Problem (69, again), another one while it has
 * no connection yet; when the run is to stop, with the stop signal's reason. `where` is asked only then, because
 * redirects change it.
 */
export function beginExchange(timeout: number, stop: AbortSignal | undefined, where: () => Where): Exchange {
  const controller = new AbortController();
  let isWaiting = false;
  const limit = timeLimit(timeout, () => {
    if (isWaiting) return controller.abort(unaccepted(where()));
    const what = `did not complete its reply within ${timeout / 1000} s`;
    const at = where();
    const less = at.role === 'source' ? 'ask for less at once, or ' : ''; // nobody asks a sink for anything
    const hint = `${less}give it more time with --timeout`;
    controller.abort(problem(exit.unavailable, at, what, { hint, again: {}, httpStatus: timedOut }));
  });
  // AbortSignal.any would keep every request alive as long as the run's own signal.
  const onStop = (): void => controller.abort(stop?.reason);
  stop?.addEventListener('abort', onStop, { once: true });
  limit.run();

  function end(): void {
    limit.pause();
    stop?.removeEventListener('abort', onStop);
  }

  return {
    signal: controller.signal,
    limit,
    waits: () => void (isWaiting = true),
    begins: () => void (isWaiting = false),
    end,
    abort() {
      end();
      controller.abort();
    },
  };
}
