/**
 * For fsync. The kernel reports once to an open file that something could not be written, takes it for written from then
 * on, and the next fsync succeeds: so the first failure has to count for the rest of the run.
 * https://lwn.net/Articles/752063/
 */
export function lastingFailure(): (work: () => Promise<void>) => Promise<void> {
  let failed = false;
  let failure: unknown;
  return async (work) => {
    if (failed) throw failure;
    try {
      await work();
    } catch (error) {
      [failed, failure] = [true, error];
      throw error;
    }
  };
}
