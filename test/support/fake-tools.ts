/** What a source or a sink gets of the world, for tests: no network, a clock that only `wait` moves, and a notebook. */
import type { Tools } from '../../src/core/tools.ts';

/** In milliseconds since 1970; may be set by hand. */
export interface Clock {
  now: number;
}

export interface FakeTools extends Tools {
  /** What was waited, in milliseconds. */
  readonly waits: number[];
  readonly warnings: string[];
}

export function fakeTools(clock: Clock, stop: AbortSignal = new AbortController().signal): FakeTools {
  const waits: number[] = [];
  const warnings: string[] = [];
  return {
    waits,
    warnings,
    http: (base) => {
      throw new Error(`nobody is to ask ${base}`);
    },
    now: () => clock.now,
    async wait(milliseconds) {
      stop.throwIfAborted();
      waits.push(milliseconds);
      clock.now += milliseconds;
    },
    turn: async () => {},
    random: () => 0.5,
    debug: () => {},
    hide: () => {},
    isSecret: () => false,
    warn: (message) => void warnings.push(message),
    stop,
    deadline: () => Infinity,
  };
}
