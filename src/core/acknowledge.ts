/**
 * Acknowledgements that come after the answer (Splunk's indexer acknowledgement): asked for until they are there. Those
 * that are not there when the run must end are saved with the position, and asked for by the next run.
 */
import { exit, Problem } from './problem.ts';
import type { Ledger, Sink, Summary, Tools } from './types.ts';

/** How long one run waits for acknowledgements, in milliseconds. */
const patience = 60_000;
const longestPause = 10_000;

export interface Awaiting {
  readonly sink: Sink;
  readonly ledger: Ledger;
}

/**
 * What an earlier run was still waiting for: asked for once, before anything is pulled. What will never come is
 * forgotten, and so is sent again; what may still come is not.
 */
export async function askOnce({ sink, ledger }: Awaiting): Promise<void> {
  const pending = ledger.pending();
  if (sink.settle === undefined || pending.length === 0) return;
  const { kept, lost } = await sink.settle(pending);
  for (const name of kept) ledger.settle(name, true);
  for (const name of lost) ledger.settle(name, false);
}

/** Waits until everything sent is acknowledged; Problem 75 when it does not come in time. */
export async function acknowledged({
  sink,
  ledger,
  summary,
  tools,
}: Awaiting & { readonly summary: Summary; readonly tools: Tools }): Promise<void> {
  if (sink.settle === undefined) return;
  const giveUp = tools.now() + patience;
  let pause = 500;
  for (;;) {
    const pending = ledger.pending();
    if (pending.length === 0) return;
    const { kept, lost } = await sink.settle(pending);
    for (const name of kept) {
      const records = Math.min(ledger.settle(name, true), summary.awaited); // an earlier run's are not this run's
      summary.awaited -= records;
      summary.delivered += records;
    }
    for (const name of lost) ledger.settle(name, false);
    if (lost.length > 0)
      throw late(`${sink.name} never acknowledged some records`, 'they are sent again by the next run');
    if (ledger.pending().length === 0) return;
    if (tools.now() >= giveUp) {
      throw late(
        `${sink.name} has not yet acknowledged ${ledger.pending().length} batches`,
        'the next run asks again; nothing is lost',
      );
    }
    await tools.wait(pause);
    pause = Math.min(pause * 2, longestPause);
  }
}

function late(message: string, hint: string): Problem {
  return new Problem(exit.tempfail, message, { hint });
}
