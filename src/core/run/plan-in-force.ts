/** A plan while the window that it made is read: by our clock, which the vendor's may show to be wrong, or surely. */
import { fromMillis, isoText } from '../time.ts';
import type { Instant } from '../types.ts';
import type { Branch, PlanInForce } from './branch-run.ts';
import { isPastClock, isSuited, type Plan } from './plan.ts';
import { passOver } from './untold.ts';

/** The first plan of a branch: it holds as long as the vendor has told no time that it does not suit. */
export function untilTold(at: Branch, plan: Plan): PlanInForce {
  return {
    ...forCertain(at, plan),
    suits: (told) => isSuited(at, told),
    isPastClock: (slice, refusal) => isPastClock(at, slice, refusal),
  };
}

/** The plan that is carried out, whatever the clocks say. */
export function forCertain({ place, source, tools }: Branch, { window: { gap }, job }: Plan): PlanInForce {
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
