/**
 * A timer for times of any length, which users may choose: one of Node that is set for more than 24.8 days fires at once.
 */
const longest = 2 ** 31 - 1;

/** Calls `act` once, after that many milliseconds. What it returns calls it off. */
export function after(milliseconds: number, act: () => void): () => void {
  let timer: NodeJS.Timeout;
  function set(left: number): void {
    timer = setTimeout(() => (left > longest ? set(left - longest) : act()), Math.min(left, longest));
  }
  set(Math.max(0, milliseconds));
  return () => clearTimeout(timer);
}

/** The value, or undefined when it does not come in time. */
export async function within<T>(value: Promise<T>, milliseconds: number): Promise<T | undefined> {
  let callOff = (): void => undefined;
  const late = new Promise<undefined>((resolve) => {
    callOff = after(milliseconds, () => resolve(undefined));
  });
  try {
    return await Promise.race([value, late]);
  } finally {
    callOff();
  }
}
