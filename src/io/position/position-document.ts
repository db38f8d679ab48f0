/** The JSON document of a position file, to and from a position; the remembered IDs follow it in the file. */
import { createLedger } from '../../core/dedupe.ts';
import { fromMillis, isoText, toMillis } from '../../core/time.ts';
import type { Begin, CredentialMarks, Gap, Instant, LastRun, Position, Saved } from '../../core/types.ts';

export interface StoredDocument {
  readonly job: string;
  readonly source: string;
  readonly sink: string;
  readonly asked?: string;
  readonly generation: number;
  readonly lastSuccess?: string;
  readonly lastRepeat?: string;
  readonly lastGap?: string;
  readonly failures: number;
  /** Left out when there are none. */
  readonly refusals?: number;
  readonly stuck?: Position['stuck'];
  readonly last?: LastRun;
  readonly credentials?: CredentialMarks;
  readonly saved?: Saved;
  readonly begin?: StoredBegin;
  readonly next?: string;
  readonly branches: readonly StoredBranch[];
}

interface StoredBranch {
  readonly name: string;
  readonly watermark?: string;
  readonly begin?: StoredBegin;
  readonly bookmark?: string;
  readonly slice?: number;
  /** `overlap` in milliseconds. */
  readonly settled?: { readonly until: string; readonly overlap: number };
  readonly listed?: false;
  readonly untold?: readonly StoredGap[];
  readonly remembered: number;
}

/** `firstRun` in milliseconds. */
interface StoredBegin {
  readonly from: string;
  readonly firstRun: number;
}

interface StoredGap {
  readonly from: string;
  readonly until: string;
  readonly since?: string;
  readonly parts?: number;
}

/** The document, indented for people: a line that is a brace alone ends it, and only it. */
export function documentText(job: string, generation: number, position: Position): string {
  const { source, sink, asked, lastSuccess, lastRepeat, lastGap, failures, refusals, stuck, last } = position;
  const { credentials, saved } = position;
  const branches: StoredBranch[] = [];
  for (const [name, { watermark, begin, bookmark, slice, settled, listed, untold, ledger }] of position.branches) {
    branches.push({
      name,
      ...(watermark === undefined ? {} : { watermark: isoText(watermark) }),
      ...(begin && { begin: beginText(begin) }),
      ...(bookmark === undefined ? {} : { bookmark }),
      ...(slice === undefined ? {} : { slice }),
      ...(settled && { settled: { until: isoText(settled.until), overlap: toMillis(settled.overlap) } }),
      ...(listed ? {} : { listed }),
      ...(untold.length > 0 && { untold: untold.map(gapText) }),
      remembered: ledger.size(),
    });
  }
  const inARow = { failures, ...(refusals > 0 && { refusals }) };
  const times = { lastSuccess, lastRepeat, lastGap };
  const document = {
    job,
    source,
    sink,
    asked,
    generation,
    ...times,
    ...inARow,
    stuck,
    last,
    credentials,
    saved,
    begin: position.begin && beginText(position.begin),
    next: position.next,
    branches,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** The position, its ledgers still empty. Throws RangeError or TypeError when the content makes no sense. */
export function positionOf(document: StoredDocument, seed: number): Position {
  const branches: Position['branches'] = new Map();
  for (const branch of document.branches) {
    const { name, watermark, begin: begun, bookmark, slice, settled: stored, listed = true } = branch;
    const at = watermark === undefined ? undefined : readInstant(watermark);
    const begin = begun && beginOf(begun);
    const settled = stored && { until: readInstant(stored.until), overlap: fromMillis(stored.overlap) };
    const untold = (branch.untold ?? []).map(gapOf);
    branches.set(name, { watermark: at, begin, bookmark, slice, settled, listed, untold, ledger: createLedger(seed) });
  }
  const { source, sink, asked, credentials, saved, last } = document;
  const { lastSuccess, lastRepeat, lastGap, failures, refusals = 0, stuck } = document;
  const scope = { source, sink, ...(asked !== undefined && { asked }) };
  const times = { lastSuccess, ...(lastRepeat && { lastRepeat }), ...(lastGap && { lastGap }) };
  const begun = document.begin && { begin: beginOf(document.begin) };
  const turn = document.next !== undefined && { next: document.next };
  return {
    ...scope,
    branches,
    ...begun,
    ...turn,
    credentials,
    saved,
    last,
    ...times,
    failures,
    refusals,
    ...(stuck && { stuck }),
  };
}

function beginText({ from, firstRun }: Begin): StoredBegin {
  return { from: isoText(from), firstRun: toMillis(firstRun) };
}

function beginOf({ from, firstRun }: StoredBegin): Begin {
  return { from: readInstant(from), firstRun: fromMillis(firstRun) };
}

function gapText({ from, until, since, parts }: Gap): StoredGap {
  const more = { ...(since !== undefined && { since: isoText(since) }), ...(parts !== undefined && { parts }) };
  return { from: isoText(from), until: isoText(until), ...more };
}

function gapOf({ from, until, since, parts }: StoredGap): Gap {
  const more = { ...(since !== undefined && { since: readInstant(since) }), ...(parts !== undefined && { parts }) };
  return { from: readInstant(from), until: readInstant(until), ...more };
}

/** The inverse of isoText, for all times that it can write. Throws RangeError. */
function readInstant(text: string): Instant {
  const [, seconds, fraction = ''] = /^(.+:\d\d)(?:\.(\d{1,9}))?Z$/.exec(text) ?? [];
  const milliseconds = Date.parse(`${seconds}Z`);
  if (Number.isNaN(milliseconds)) throw new RangeError(`not a time: ${text}`);
  return fromMillis(milliseconds) + BigInt(fraction.padEnd(9, '0'));
}
