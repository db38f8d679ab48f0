/** Waiting for a promise, unless the run is to stop. */
import type { Problem } from '../../core/problem.ts';

/** The value of `promise`; throws the reason of `stop` as soon as that aborts, without waiting for the promise any longer. */
export async function unless<T>(stop: AbortSignal, promise: Promise<T>): Promise<T> {
  let aborted = (): void => undefined;
  const stopped = new Promise<never>((_resolve, reject) => {
    aborted = () => reject(stop.reason as Problem);
    if (stop.aborted) aborted();
    stop.addEventListener('abort', aborted, { once: true });
  });
  try {
    return await Promise.race([stopped, promise]);
  } finally {
    stop.removeEventListener('abort', aborted);
  }
}
