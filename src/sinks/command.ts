/**
 * The command after `--`. What it was given counts as delivered once it has read all of it and ended with 0, and not
 * before: until then every record waits for the acknowledgement that this run of the command is.
 */
import { Buffer } from 'node:buffer';
import { nextRun } from '../core/hint.ts';
import { allKept } from '../core/batch.ts';
import { bulkVerdict } from '../core/wire/elastic/bulk-verdict.ts';
import { jsonLine } from '../core/wire/json-line.ts';
import { isNoAnswer, printedVerdict, telling, type PrintedVerdict } from '../core/wire/printed-answers.ts';
import { printedSekoiaAnswer } from '../core/wire/sekoia/printed.ts';
import { printedHecAnswer } from '../core/wire/splunk/printed.ts';
import { exit, Problem } from '../core/problem.ts';
import type { CommandRun, SinkDefinition, SinkTools } from '../core/sink-tools.ts';
import type { Sink } from '../core/types.ts';

export const command: SinkDefinition = {
  name: 'command',
  summary: 'A command, named after `--`, that takes the records on its standard input',
  promise:
    'It has read everything and ended with 0. Otherwise, or when killed before the position is saved, all that this run of it was given comes again.',
  settings: {},
  takesForm: true,
  create: (_values, tools) => commandSink(tools),
};

const limits = { records: Infinity, bytes: 1024 * 1024, record: Infinity };

/** How answers to records are judged, by their wire form; the answers to other forms are not known. */
const verdicts: Readonly<Record<string, () => PrintedVerdict>> = {
  elastic: bulkVerdict,
  splunk: () => printedVerdict(printedHecAnswer),
  sekoia: () => printedVerdict(printedSekoiaAnswer),
};

/**
 * With records in the form of `_bulk`, the command should print the answer, and an error in that counts. So does an error in an
 * answer of Splunk or Sekoia.io, which is short, and so is shown as well. If the command prints the records themselves, or what
 * is no text, that is no answer: it goes to our standard output as it is, as everything does without such a form.
 */
function commandSink(tools: Pick<SinkTools, 'command' | 'form' | 'guid' | 'warn'>): Sink {
  if (tools.command === undefined) {
    throw new Problem(exit.usage, 'the sink command has no command', { hint: 'write it after --: … -- curl …' });
  }
  const { name: program, look, start } = tools.command;
  let current:
    | { readonly name: string; readonly run: CommandRun; readonly verdict: PrintedVerdict | undefined; sent: number }
    | undefined;

  /** The current run of the command, started with the first record: with nothing new, nothing runs. */
  function running(first: Buffer): NonNullable<typeof current> {
    if (current !== undefined) return current;
    const form = tools.form?.name ?? 'none';
    const verdict = verdicts[form]?.();
    const given = Buffer.from(first.subarray(0, telling)); // a copy, because the batch is written over
    const isPassedOn = (printed: Buffer): boolean | undefined => isNoAnswer(printed, given);
    const listener = verdict && { isPassedOn, hear: verdict.push, shown: form !== 'elastic' };
    current = { name: tools.guid(), run: start(listener), verdict, sent: 0 };
    return current;
  }

  /** Returns how many were diverted. */
  async function finish({ run, verdict, sent }: NonNullable<typeof current>): Promise<number> {
    current = undefined;
    await run.finish();
    const objection = verdict?.objection(sent);
    if (objection === undefined) {
      const said = verdict?.instead() ?? '';
      if (said !== '')
        tools.warn(`the command ${program} printed no answer, but: ${said}; its exit status alone counts`);
      return verdict?.diverted() ?? 0;
    }
    throw new Problem(exit.ioerr, `not everything was taken, by what the command ${program} printed: ${objection}`, {
      hint: [
        nextRun('the position stays, and the next run gives it the same records again'),
        `the sink ${tools.form?.name} knows the outcome of each record`,
      ],
    });
  }

  return {
    name: 'command',
    scope: program,
    limits: () => limits,
    inFlight: 1,
    // Nothing counts as taken before the command has ended, so batches need no journal.
    repeats: 'undone',
    encode: tools.form?.encode ?? jsonLine,
    open: () => look(),
    probe: () => Promise.resolve('it is there; what it does with records is shown by the first delivery'),
    async send(batch) {
      const at = running(batch.body);
      at.sent += batch.count;
      await at.run.write(batch.body);
      return { outcomes: allKept(batch), pending: at.name };
    },
    async settle(pending) {
      if (pending !== current?.name) return { outcome: 'lost' };
      return { outcome: 'kept', diverted: await finish(current) };
    },
    async close() {
      await current?.run.kill();
      current = undefined;
    },
  };
}
