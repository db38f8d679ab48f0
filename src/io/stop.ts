/** Requests to stop: a signal, or the end of `--max-runtime`. */
import { exit, Problem, type ExitStatus } from '../core/problem.ts';
import type { SignalName, World } from './world.ts';

export interface StopRequests {
  /** Aborts at once; the reason is a Problem. */
  readonly stop: AbortSignal;
  /** Aborts ten seconds later, so that a request under way at the sink can still be answered. */
  readonly grace: AbortSignal;
  /** Asks to stop in that many milliseconds; `text` is how the user wrote it. */
  stopAfter(milliseconds: number, text: string): void;
  close(): void;
}

const graceMilliseconds = 10_000;
const statuses: Readonly<Record<SignalName, ExitStatus>> = {
  SIGHUP: exit.hangup,
  SIGINT: exit.interrupt,
  SIGTERM: exit.terminate,
};

/** Listens for signals until closed. The second signal ends the program at once. */
export function stopRequests(world: Pick<World, 'onSignal' | 'wait' | 'leave'>): StopRequests {
  const stop = new AbortController();
  const grace = new AbortController();
  const closed = new AbortController();
  let signals = 0;

  const deaf = world.onSignal((name) => {
    signals += 1;
    if (signals > 1) world.leave(statuses[name]);
    request(
      new Problem(statuses[name], `stopped by ${name}`, { hint: 'the next run continues where this one stopped' }),
    );
  });

  function request(problem: Problem): void {
    if (stop.signal.aborted) return;
    stop.abort(problem);
    void later(graceMilliseconds, () => grace.abort(problem));
  }

  async function later(milliseconds: number, act: () => void): Promise<void> {
    try {
      await world.wait(milliseconds, closed.signal);
      act();
    } catch {
      // closed before it was time
    }
  }

  return {
    stop: stop.signal,
    grace: grace.signal,
    stopAfter(milliseconds, text) {
      const problem = new Problem(exit.tempfail, `--max-runtime ${text} is over before everything was delivered`, {
        hint: 'what was delivered is kept, and the next run continues there; allow more time if it never catches up',
      });
      void later(milliseconds, () => request(problem));
    },
    close() {
      deaf();
      closed.abort();
    },
  };
}
