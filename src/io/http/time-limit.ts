/**
 * The total limit of one request. It counts only the time in which we wait for the server: a sink that takes its time
 * over the records of a reply must not make the reply fail. (undici's own body timeout is for silence alone: one byte a
 * second keeps it happy for ever.)
 */
import { performance } from 'node:perf_hooks';
import { after } from '../timer.ts';

export interface TimeLimit {
  run(): void;
  pause(): void;
}

/** Calls `expire` once, after that many milliseconds of running. */
export function timeLimit(milliseconds: number, expire: () => void): TimeLimit {
  let left = milliseconds;
  let since = 0;
  let callOff: (() => void) | undefined;

  return {
    run() {
      if (callOff !== undefined) return;
      since = performance.now();
      callOff = after(left, expire);
    },
    pause() {
      if (callOff === undefined) return;
      callOff();
      callOff = undefined;
      left -= performance.now() - since;
    },
  };
}
