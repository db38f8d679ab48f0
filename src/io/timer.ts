/**
 * A timer for times of any length, since users choose them: a timer of Node that is set for more than 24.8 days fires at once.
 * What has arrived by then comes first: a process that was suspended (Ctrl-Z, docker pause) finds its time over and the answer
 * that it waits for in its socket, and Node looks at timers before it looks at sockets.
 */
const longest = 2 ** 31 - 1;
/**
 * What is counted at once of a wait for somebody else, in milliseconds. A process that stood still did not wait meanwhile, and
 * what takes some steps of both, as a long answer does, is not all there in the turn in which it goes on.
 */
export const stretch = 1000;

/** Calls `act` once, after that many milliseconds. Returns a function that calls it off. */
export function after(milliseconds: number, act: () => void): () => void {
  let timer: NodeJS.Timeout;
  let turn: NodeJS.Immediate | undefined;
  function over(): void {
    turn = setImmediate(() => (turn = setImmediate(act))); // the end of a child process takes one turn more
  }
  function set(left: number): void {
    timer = setTimeout(() => (left > longest ? set(left - longest) : over()), Math.min(left, longest));
  }
  set(Math.max(0, milliseconds));
  return () => {
    clearTimeout(timer);
    clearImmediate(turn);
  };
}

/** The same for a wait for somebody else: time in which this process stands still does not count. */
export function afterWaiting(milliseconds: number, act: () => void): () => void {
  let callOff = (): void => undefined;
  function wait(left: number): void {
    callOff = after(Math.min(left, stretch), () => (left > stretch ? wait(left - stretch) : act()));
  }
  wait(milliseconds);
  return () => callOff();
}

/** The value, or undefined when it does not come in time, see `afterWaiting`. */
export async function within<T>(value: Promise<T>, milliseconds: number): Promise<T | undefined> {
  let callOff = (): void => undefined;
  const late = new Promise<undefined>((resolve) => {
    callOff = afterWaiting(milliseconds, () => resolve(undefined));
  });
  try {
    return await Promise.race([value, late]);
  } finally {
    callOff();
  }
}
