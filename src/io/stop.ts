/** Requests to stop: a signal, or `--max-runtime`. */
import { nextRun } from '../core/hint.ts';
import { exit, Problem, type ExitStatus } from '../core/problem.ts';
import type { SignalName, World } from './world.ts';

export interface StopRequests {
  /** Aborts at once; the reason is a Problem. */
  readonly stop: AbortSignal;
  /** Aborts ten seconds later, or at the end of the run's time, so that a request under way at the sink can still be answered. */
  readonly grace: AbortSignal;
  /** Asks to stop so as to end in that many milliseconds; `text` is how the user wrote it, `done` what was wanted. */
  stopAfter(milliseconds: number, text: string, done?: keyof typeof outOfTime): void;
  close(): void;
}

const graceMilliseconds = 10_000;

/** How much of a run's time is left for the sink when the source is read no more; all in milliseconds. */
export function graceWithin(milliseconds: number): number {
  return Math.min(graceMilliseconds, milliseconds / 10);
}

/** The hint when a run's time is over, by what it was to do with everything. */
const allow = 'allow more time if this repeats';
const outOfTime = {
  delivered: [nextRun('what was delivered is kept, and the next run continues there'), allow],
  'looked at': allow,
};

/** timeout(1) and others signal a process and then its group: within this many milliseconds, it is the same request. */
const sameRequest = 1000;
const statuses: Readonly<Record<SignalName, ExitStatus>> = {
  SIGHUP: exit.hangup,
  SIGINT: exit.interrupt,
  SIGTERM: exit.terminate,
};

/**
 * Listens for signals until closed. A second signal ends the program at once; `tell` is given its Problem before that.
 * `savesPosition`: it is a job that is stopped.
 */
export function stopRequests(
  world: Pick<World, 'onSignal' | 'wait' | 'elapsed' | 'leave'>,
  tell: (problem: Problem) => void,
  savesPosition: boolean,
): StopRequests {
  const stop = new AbortController();
  const grace = new AbortController();
  const closed = new AbortController();
  let first: number | undefined; // when the first signal came
  let end = Infinity;

  const stopListening = world.onSignal((name) => {
    const now = world.elapsed();
    if (first === undefined) {
      first = now;
      const hint = nextRun('the next run continues where this one stopped');
      return request(new Problem(statuses[name], `stopped by ${name}`, { hint }));
    }
    if (now - first < sameRequest) return;
    const hint = [
      savesPosition ? 'what was delivered since the position was last saved may arrive twice' : undefined,
      'a single signal lets it end cleanly',
    ];
    tell(new Problem(statuses[name], `stopped at once by a second signal (${name})`, { hint }));
    world.leave(statuses[name]);
  });

  function request(problem: Problem): void {
    if (stop.signal.aborted) return;
    stop.abort(problem);
    void later(Math.min(graceMilliseconds, Math.max(0, end - world.elapsed())), () => grace.abort(problem));
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
    stopAfter(milliseconds, text, done = 'delivered') {
      const problem = new Problem(exit.tempfail, `--max-runtime ${text} is over before everything was ${done}`, {
        hint: outOfTime[done],
      });
      end = world.elapsed() + milliseconds;
      void later(milliseconds - graceWithin(milliseconds), () => request(problem));
    },
    close() {
      stopListening();
      closed.abort();
    },
  };
}
