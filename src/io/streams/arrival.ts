/**
 * Waiting for something again and again, a while each time. Whatever awaits or races a promise leaves a reaction on it
 * as long as it is pending; here there is one, however often somebody waits.
 */
import { after } from '../timer.ts';

export interface Arrival<T> {
  /** What came, or undefined when nothing did for so many milliseconds. Throws what the promise was rejected with. */
  within(milliseconds: number, stop: AbortSignal): Promise<T | undefined>;
}

/** It may be rejected while nobody waits. A wait throws the reason of `stop`, at once when it aborts. */
export function arrival<T>(promise: Promise<T>): Arrival<T> {
  let isSettled = false;
  let wake = (): void => undefined;

  async function watch(): Promise<void> {
    try {
      await promise;
    } catch {
      // whoever waits is told
    }
    isSettled = true;
    wake();
  }

  async function settledOr(milliseconds: number, stop: AbortSignal): Promise<void> {
    let callOff = (): void => undefined;
    let end = (): void => undefined;
    await new Promise<void>((resolve) => {
      end = resolve;
      wake = resolve;
      stop.addEventListener('abort', end, { once: true });
      callOff = after(milliseconds, resolve);
    });
    callOff();
    stop.removeEventListener('abort', end);
  }

  void watch();
  return {
    async within(milliseconds, stop) {
      if (!isSettled && !stop.aborted) await settledOr(milliseconds, stop);
      stop.throwIfAborted();
      return isSettled ? promise : undefined;
    },
  };
}
