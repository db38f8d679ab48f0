/** Why a window ended before all of its records came, as Problems. */
import { atAddress, inDefinition, nextRun, ofPosition } from '../hint.ts';
import type { EnvelopeTest, SourceDefinition } from '../definition.ts';
import { unavailable } from '../http-status.ts';
import { exit, Problem } from '../problem.ts';
import type { PageEnd } from '../paging.ts';
import { askedBy, type QuestionParts } from './asked-by.ts';
import { parseJson } from '../json/parsed.ts';
import { valueAt } from '../json/value-at.ts';
import { mayBeOpen } from './open-job.ts';
import { saying } from './reply.ts';
import { counted } from '../text/counted.ts';
import { quoted } from '../text/shown.ts';
import { isoText } from '../time.ts';
import type { Window } from '../types.ts';

/** The vendor answered without the ID of a job. */
export function noJob(definition: SourceDefinition, value: unknown, path: string, asked: QuestionParts): Problem {
  const message = `${definition.name} did not start the query: nothing at ${path}${saying(definition, value)}`;
  return new Problem(exit.protocol, message, {
    hint: askedBy(definition, asked) ?? atAddress((url) => `check ${url} and the vendor's API version`),
  });
}

/** The vendor says that the job has failed. */
export function jobFailed(
  definition: SourceDefinition,
  value: unknown,
  { path }: EnvelopeTest,
  { from, until }: Window,
): Problem {
  const words = saying(definition, value) || `: ${path} is ${quoted(valueAt(value, path), 200)}`;
  const message = `${definition.name} could not finish its query from ${isoText(from)} to ${isoText(until)}${words}`;
  return new Problem(exit.unavailable, message, {
    hint: ['see what the vendor says about it', nextRun('the position stays and the next run tries again')],
    httpStatus: unavailable, // a query that takes too long may do so always
  });
}

/**
 * The vendor gave fewer records than it said that the window has. Of rows whose ID was on the page before, nobody knows
 * whether rows have moved, or the ID is that of several records.
 */
export function fewerThanAnnounced(
  name: string,
  { from, until }: Window,
  { total, count, repeated = 0 }: { readonly total: number; readonly count: number; readonly repeated?: number },
): Problem {
  const besides = repeated === 0 ? '' : `, and ${repeated} whose ID the page before had`;
  const message = `${name} announced ${counted(total)} from ${isoText(from)} to ${isoText(until)} and gave ${count}${besides}`;
  return new Problem(exit.protocol, message, {
    hint: [
      nextRun('the position stays; the next run reads the window again'),
      ...(repeated === 0
        ? []
        : [
            inDefinition(
              (there) => `if they are records of their own, name in records.id ${there} what tells them apart`,
            ),
          ]),
    ],
  });
}

/**
 * The warning for a first page, `what`, that has records but not the total that the definition names; undefined for others.
 * A page without the flag of `records.capped` as well is no reason for one: older versions of a vendor such as Syncropel
 * have neither, and some vendors have both only where there is a cap. Nor is a job whose rows are waited for without one.
 */
export function totalWarning(
  { name, records: { total, capped }, job, paging }: Pick<SourceDefinition, 'name' | 'records' | 'job' | 'paging'>,
  page: Pick<PageEnd, 'count' | 'total' | 'envelope'>,
  what: string,
): string | undefined {
  if (page.total !== undefined || page.count === 0) return undefined;
  const missing = (place: string): string =>
    `${name}: ${what} has records, and no number at ${place}: whether any are missing cannot be told`;
  if (job?.total !== undefined && !mayBeOpen({ job, paging })) {
    return missing(`${job.total} (job.total) in the last answer before them`);
  }
  if (total === undefined) return undefined;
  if (capped !== undefined && valueAt(parseJson(page.envelope), capped) === undefined) return undefined;
  return missing(`${total} (records.total)`);
}

/** A cap left out a part of the window, which cannot be asked for in shorter parts. */
export function cappedWindow(name: string, { from, until }: Window): Problem {
  const message = `${name} gave only a part of its records from ${isoText(from)} to ${isoText(until)}, and says so`;
  return new Problem(exit.partial, message, {
    hint: [
      ofPosition('the position stays before them'),
      'ask for less at once, by --query, --categories or a later --since',
    ],
  });
}

/** The same where bookmarks were saved meanwhile: no run goes back behind one. */
export function behindBookmark(problem: Problem): Problem {
  return problem.with({
    hint: [
      nextRun('the position may be past them: the next run goes on from the last bookmark'),
      'see what the vendor says about them',
    ],
  });
}

/** A job that did not finish even for the shortest window. */
export function neverFinished(name: string, { from, until }: Window): Problem {
  return new Problem(exit.unavailable, `${name} did not finish its query from ${isoText(from)} to ${isoText(until)}`, {
    hint: ['its server may be busy', nextRun('the position stays and the next run tries again')],
  });
}
