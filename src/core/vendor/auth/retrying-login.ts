/** Logins, repeated where that may help. */
import { Problem } from '../../problem.ts';
import { retrying } from '../../retry.ts';
import type { Tools } from '../../tools.ts';

/** Retries a login. What still fails is not to be tried again: each retry of a request would retry the login as well. */
export async function retryingLogin<T>(action: () => Promise<T>, tools: Tools): Promise<T> {
  try {
    return await retrying(action, tools);
  } catch (error) {
    if (!(error instanceof Problem) || error.again === undefined) throw error;
    throw error.with({ again: undefined });
  }
}
