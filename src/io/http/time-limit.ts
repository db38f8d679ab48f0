/**
 * The total limit of one request. It counts only the time in which we wait for the server: a sink that takes its time
 * over the records of a reply must not make the reply fail. (undici's own body timeout is for silence alone: one byte a
 * second keeps it happy for ever.)
 */
import { performance } from 'node:perf_hooks';
import { after, stretch } from '../timer.ts';

export interface TimeLimit {
  run(): void;
  pause(): void;
}

/** Calls `expire` once, after that many milliseconds of running, in which this process did not stand still. */
export function timeLimit(milliseconds: number, expire: () => void): TimeLimit {
  let left = milliseconds;
  let since = 0;
  let callOff: (() => void) | undefined;

  function count(): void {
    since = performance.now();
    callOff = after(Math.min(left, stretch), () => {
      left -= stretch;
      if (left > 0) count();
      else expire();
    });
  }

  return {
    run() {
      if (callOff === undefined) count();
    },
    pause() {
      if (callOff === undefined) return;
      callOff();
      callOff = undefined;
      left -= Math.min(performance.now() - since, stretch);
    },
  };
}
