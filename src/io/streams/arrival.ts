/**
 * Waiting for one promise again and again, a while each time. Each `await` or `Promise.race` leaves a reaction on a promise
 * that is pending; here there is only one, however often somebody waits.
 */
import { after } from '../timer.ts';

export interface Arrival<T> {
  /** What came, or undefined when nothing did within that many milliseconds. Throws what the promise was rejected with. */
  within(milliseconds: number, stop: AbortSignal): Promise<T | undefined>;
}

/** The promise may be rejected while nobody waits. A wait throws the reason of `stop` as soon as that aborts. */
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
