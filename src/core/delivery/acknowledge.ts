/**
 * Acknowledgements that come later than the answer (Splunk's indexer acknowledgement): asked for until they are there. Those
 * that are still missing when the run must end are saved with the position, and the next run asks for them.
 */
import { nextRun, ofPosition, type Hint } from '../hint.ts';
import { exit, Problem } from '../problem.ts';
import type { PositionStore } from '../stores.ts';
import { counted } from '../text/counted.ts';
import type { Tools } from '../tools.ts';
import type { Ledger, Settlement, Sink, Summary } from '../types.ts';

/** How long one run waits for acknowledgements, in milliseconds. */
const patience = 60_000;
const longestPause = 10_000;

export interface Awaiting {
  readonly sink: Sink;
  readonly ledger: Ledger;
  readonly branch: string;
  /** Undefined when no position is kept. */
  readonly store: PositionStore | undefined;
}

/**
 * Asks once for what an earlier run was still waiting for, before anything is pulled. Records whose acknowledgement will never
 * come are forgotten, and so are sent again; where it may still come, they are not. Returns how many were forgotten.
 */
export async function askOnce(awaiting: Awaiting): Promise<number> {
  let lost = 0;
  for (const pending of awaiting.ledger.pending()) {
    const { outcome, records } = await ask(awaiting, pending);
    if (outcome === 'lost') lost += records;
  }
  return lost;
}

/** Forgets what is awaited, in a dry run, which asks nobody: records without an acknowledgement count as still to be delivered. */
export function forgetAwaited(ledger: Ledger): void {
  for (const pending of ledger.pending()) ledger.settle(pending, false);
}

/**
 * Waits until everything that was sent is acknowledged; Problem 75 when that takes too long, for it or for the run.
 * Acknowledgements that runs before this one were waiting for (`earlier`) are not about records that this one counts.
 */
export async function acknowledged(
  awaiting: Awaiting & {
    readonly summary: Summary;
    readonly tools: Tools;
    readonly earlier: ReadonlySet<string>;
  },
): Promise<void> {
  const { sink, ledger, summary, tools, earlier } = awaiting;
  const giveUp = tools.now() + patience;
  let pause = 500;
  for (;;) {
    const [oldest] = ledger.pending();
    if (oldest === undefined) return;
    const { outcome, records, diverted } = await ask(awaiting, oldest);
    if (outcome === 'lost') {
      throw late(`${sink.name} never acknowledged some records`, nextRun('they are sent again by the next run'));
    }
    if (outcome === 'kept') {
      if (earlier.has(oldest)) continue;
      summary.awaited -= records;
      summary.delivered += records;
      summary.diverted += diverted;
      continue;
    }
    // Rather than be stopped while it waits: the reason would then be told without the destination.
    if (tools.now() >= giveUp || tools.now() + pause >= tools.deadline()) {
      throw late(
        `${sink.name} has not yet acknowledged ${counted(ledger.pending().length, 'batch', 'batches')}`,
        ofPosition('the next run asks again; nothing is lost'), // of a pipe, too: it asks for what the position keeps
      );
    }
    await tools.wait(pause);
    pause = Math.min(pause * 2, longestPause);
  }
}

/**
 * One acknowledgement at a time, the oldest first, and each is made durable before the next is asked for: Splunk tells it only
 * once, and if a killed run has not written it down, its batch is sent again.
 */
async function ask(
  { sink, ledger, branch, store }: Awaiting,
  pending: string,
): Promise<Required<Settlement> & { readonly records: number }> {
  const { outcome, diverted = 0 }: Settlement = (await sink.settle?.(pending)) ?? { outcome: 'waiting' };
  if (outcome === 'waiting') return { outcome, records: 0, diverted };
  const entries = ledger.settle(pending, outcome === 'kept');
  if (outcome === 'kept' && sink.repeats === 'visible') {
    await store?.journal(branch, ledger.lines(entries), sink.saved?.());
  }
  return { outcome, records: entries.length, diverted };
}

function late(message: string, hint: Hint): Problem {
  return new Problem(exit.tempfail, message, { hint });
}
