/**
 * A plan while its window is read. One that was made by our clock holds until the vendor's shows that it is wrong; one that
 * was made by the vendor's is carried out.
 */
import { isPastClock, isSuited, type Plan, type Unplanned } from '../plan.ts';
import { passOver } from '../position/untold.ts';
import type { Problem } from '../problem.ts';
import { fromMillis, isoText } from '../time.ts';
import type { Instant, Window } from '../types.ts';

/** What the reading of a window tells its plan, and asks it. */
export interface PlanInForce {
  /** Whether the window suits the vendor's clock, which was not known before the first reply. */
  suits(serverTime: Instant): boolean;
  /** Whether a slice of it was refused only because that clock is behind ours. */
  isPastClock(slice: Window, refusal: Problem): boolean;
  /** The position moves past the gap before the window. */
  passGap(): void;
  /** A record came from long before the window, which the vendor shows all the same; milliseconds since 1970. */
  showedStale(time: number): void;
}

/** The first plan of a branch: it holds as long as the vendor has told no time that it does not suit. */
export function untilTold(at: Unplanned, plan: Plan): PlanInForce {
  return {
    ...forCertain(at, plan),
    suits: (told) => isSuited(at, told),
    isPastClock: (slice, refusal) => isPastClock(at, slice, refusal),
  };
}

/** The plan that is carried out, whatever the clocks say. */
export function forCertain({ place, source, tools }: Unplanned, { window: { gap }, job }: Plan): PlanInForce {
  let told = false;
  return {
    suits: () => true,
    isPastClock: () => false,
    // The next run meets it no more. It is saved with the position, in case this one is killed.
    passGap() {
      if (gap !== undefined) passOver(place, { ...gap, since: job.since });
    },
    showedStale(time) {
      if (!told) tools.warn(staleWarning(source.name, fromMillis(time)));
      told = true;
    },
  };
}

/** `at`: when one of them happened, as it was read: a month taken for a day may be all that makes it old. */
function staleWarning(name: string, at: Instant): string {
  const shown = `${name} shows records from long before the window asked for, such as one of ${isoText(at)}`;
  return `${shown}: they were left out; if it is not that old, records.time in the definition is wrong`;
}
