/**
 * The total limit of one request. It counts only the time in which we wait for the server: a sink that takes its time
 * over the records of a reply must not make the reply fail. (undici's own body timeout is for silence alone: one byte a
 * second keeps it happy for ever.)
 */
import { performance } from 'node:perf_hooks';

export interface TimeLimit {
  run(): void;
  pause(): void;
}

/** A timer of Node that is set any longer fires at once. */
const longest = 2 ** 31 - 1;

/** Calls `expire` once, after that many milliseconds of running. */
export function timeLimit(milliseconds: number, expire: () => void): TimeLimit {
  let left = milliseconds;
  let since = 0;
  let timer: NodeJS.Timeout | undefined;

  return {
    run() {
      if (timer !== undefined) return;
      since = performance.now();
      timer = setTimeout(expire, Math.min(Math.max(0, left), longest));
    },
    pause() {
      if (timer === undefined) return;
      clearTimeout(timer);
      timer = undefined;
      left -= performance.now() - since;
    },
  };
}
