/**
 * Named places that a crash test can stop at. The program calls `reached`; only tests ever install a hook, so that in
 * the product this is an empty call.
 */
let hook: ((point: string) => void) | undefined;

/** Says that the program got to this point, for example `position: renamed`. */
export function reached(point: string): void {
  hook?.(point);
}

/** Installs the hook; only tests do. It may throw, or kill the process. */
export function onReached(next: ((point: string) => void) | undefined): void {
  hook = next;
}
