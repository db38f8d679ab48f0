/** What an operator should know before it becomes a loss: one line each. */
import { durationText } from '../clock/duration.ts';
import { exit, Problem } from '../problem.ts';
import { listed } from '../text/listed.ts';
import { isoText } from '../time.ts';
import { delayOf } from '../window.ts';
import type { DatedJob, Instant, Job, Source } from '../types.ts';

/** A branch, as it was before it was read, and the job by the vendor's clock. */
export interface Beginning {
  readonly source: Pick<Source, 'name' | 'window' | 'stream'>;
  readonly watermark: Instant | undefined;
  readonly bookmark: string | undefined;
  readonly job: Pick<DatedJob, 'since' | 'until' | 'overlap' | 'delay' | 'firstRun' | 'usePosition'>;
  readonly serverNow: Instant;
}

/** Warnings, none when all is well. */
export function forewarned(beginning: Beginning): readonly string[] {
  const looks = [forgetting, sinceTooEarly, sinceTooLate, firstRunTooEarly, noEnd, unheeded];
  return looks.flatMap((look) => look(beginning) ?? []);
}

/**
 * The Problem of a search for more than a vendor without a time filter gives: what lies before is missing. It does not say
 * from when on, because that is another moment for each branch.
 */
export function beyondReach({ source, bookmark, job: { since, until }, serverNow }: Beginning): Problem | undefined {
  const { name, window } = source;
  const asked = since ?? until;
  if (window.reach === undefined || bookmark !== undefined || asked === undefined) return undefined;
  if (asked >= serverNow - window.reach) return undefined;
  const flag = since === undefined ? '--until' : '--since';
  const given = `${name} has no time parameter and gives the last ${durationText(window.reach)} only`;
  return new Problem(exit.partial, `${given}: ${flag} reaches further back, and what was before cannot be had`, {
    hint: `ask for no more than that: a later ${flag}; a job that runs more often than that misses nothing from now on`,
  });
}

/** The Problem of records that are left to settle for longer than the vendor keeps them: each window would be empty. */
export function goneBefore({
  source: { name, window },
  bookmark,
  job,
}: Pick<Beginning, 'source' | 'bookmark'> & { readonly job: Pick<Job, 'delay' | 'until' | 'usePosition'> }):
  | Problem
  | undefined {
  const { retention, filter } = window;
  const delay = delayOf(job, window);
  if (retention === undefined || delay < retention || job.until !== undefined) return undefined;
  if (bookmark !== undefined || filter === 'none') return undefined;
  const kept = `${name} keeps records for ${durationText(retention)}`;
  return new Problem(exit.config, `${kept}, so that after a delay of ${durationText(delay)} there are none`, {
    hint: 'give a shorter --delay, or correct window.delay and window.retention if the definition is yours',
  });
}

function forgetting({ source: { name, window }, watermark, serverNow }: Beginning): string | undefined {
  const age = watermark === undefined ? 0n : serverNow - watermark;
  const { retention = age } = window;
  if (age * 5n <= retention * 4n || age >= retention) return undefined;
  return `${name} was last read so long ago that it is about to forget what is missing: run it more often`;
}

/** What is left out was delivered by the runs before. */
function sinceTooEarly({ source: { name }, watermark, bookmark, job: { since } }: Beginning): string | undefined {
  if (bookmark === undefined || since === undefined || watermark === undefined || since >= watermark) return undefined;
  return `${name} goes on where the last run stopped, at ${isoText(watermark)}: --since reaches no further back`;
}

function sinceTooLate({ source: { window }, bookmark, job, serverNow }: Beginning): string | undefined {
  const delay = delayOf(job, window);
  const settled = serverNow - delay;
  const ends = delay > 0n && job.until === undefined && bookmark === undefined && window.filter !== 'none';
  if (!ends || job.since === undefined || job.since < settled) return undefined;
  return `nothing from --since on is read yet: the window ends at ${isoText(settled)}, so that later records can settle; a shorter --delay, such as 0s, reads them now`;
}

/** In the same words for all branches, although each is read at another moment. */
function firstRunTooEarly({ source, watermark, job: { firstRun } }: Beginning): string | undefined {
  const { name, window } = source;
  const { retention, filter } = window;
  if (watermark !== undefined || retention === undefined || filter === 'none' || (firstRun ?? 0n) <= retention) {
    return undefined;
  }
  return `${name} keeps records for ${durationText(retention)}: --first-run reaches no further back`;
}

/** A record's own time says nothing of when it was stored: what is left out by it here may never be shown again. */
function noEnd({ source: { name, window }, bookmark, job, serverNow }: Beginning): string | undefined {
  const { until = serverNow, usePosition } = job;
  if (until >= serverNow || !usePosition || bookmark !== undefined) return undefined;
  if (window.filter !== 'ingestion' || window.endless !== true) return undefined;
  return `${name} cannot be asked for an end: what it stored after --until is delivered as well`;
}

/** Flags that say where a window begins and ends mean nothing to a vendor that cannot be asked for one. */
function unheeded({ source: { name, window, stream }, bookmark, job }: Beginning): string | undefined {
  const { firstRun, delay, overlap } = job;
  const noTime = window.filter === 'none';
  if (!noTime && bookmark === undefined) return undefined;
  const flags = Object.entries({
    ...(noTime && { '--first-run': firstRun }),
    '--delay': delay,
    ...(stream === undefined && { '--overlap': overlap }), // a stream remembers its lines for so long
  }).flatMap(([flag, value]) => (value === undefined ? [] : [flag]));
  if (flags.length === 0) return undefined;
  return `${name} ${noTime ? 'has no time parameter' : 'goes on where the last run stopped'}: ${listed(flags)} cannot change what is read`;
}
