/** Waiting that a request to stop ends. */
import type { Problem } from '../../core/problem.ts';

/** What `promise` comes to, or the reason of `stop` as soon as it aborts: then nobody waits for the promise any more. */
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
