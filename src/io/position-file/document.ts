/** The JSON document of a position file, to and from a position; the remembered IDs follow it in the file. */
import { createLedger } from '../../core/dedupe.ts';
import { firstPosition } from '../../core/position.ts';
import { visible } from '../../core/text/shown.ts';
import { fromMillis, isoText, toMillis } from '../../core/time.ts';
import type { Begin, BranchPosition, Gap, Instant, Position } from '../../core/types.ts';

/** What is stored as it is, in the order of the document. */
const scope = ['source', 'sink', 'asked'] as const;
const history = [
  'lastSuccess',
  'lastRepeat',
  'lastGap',
  'failures',
  'refusals',
  'stuck',
  'last',
  'credentials',
  'saved',
] as const;

type AsItIs = Omit<Pick<Position, (typeof scope | typeof history)[number] | 'next'>, 'refusals'>;

/** JSON leaves out what is undefined. */
export interface StoredDocument extends AsItIs {
  readonly job: string;
  readonly generation: number;
  /** Left out when there are none. */
  readonly refusals: number | undefined;
  readonly begin: StoredBegin | undefined;
  readonly branches: readonly StoredBranch[];
}

interface StoredBranch extends Pick<BranchPosition, 'bookmark' | 'slice'> {
  readonly name: string;
  readonly watermark: string | undefined;
  readonly begin: StoredBegin | undefined;
  /** `overlap` in milliseconds. */
  readonly settled: { readonly until: string; readonly overlap: number } | undefined;
  readonly listed: false | undefined;
  readonly untold: readonly StoredGap[] | undefined;
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
  readonly since: string | undefined;
  readonly parts: number | undefined;
}

/**
 * The document, indented for people: a line that is a brace alone ends it, and only it. Names and bookmarks are a vendor's, and
 * may hold what a terminal obeys; JSON has another spelling for it.
 */
export function documentText(job: string, generation: number, position: Position): string {
  const document: StoredDocument = {
    job,
    ...only(position, scope),
    generation,
    ...only(position, history),
    refusals: position.refusals > 0 ? position.refusals : undefined,
    begin: known(position.begin, beginText),
    next: position.next,
    branches: Array.from(position.branches, ([name, place]) => branchText(name, place)),
  };
  return `${visible(JSON.stringify(document, undefined, 2))}\n`;
}

/** The position, its ledgers still empty. Throws RangeError or TypeError when the content makes no sense. */
export function positionOf(document: StoredDocument, seed: number): Position {
  const { refusals = 0, begin, next, branches } = document;
  return {
    ...firstPosition(only(document, scope)),
    ...only(document, history),
    refusals,
    ...defined({ begin: known(begin, beginOf), next }),
    branches: new Map(branches.map((branch) => [branch.name, branchPositionOf(branch, seed)])),
  };
}

function branchText(name: string, place: BranchPosition): StoredBranch {
  return {
    name,
    watermark: known(place.watermark, isoText),
    begin: known(place.begin, beginText),
    bookmark: place.bookmark,
    slice: place.slice,
    settled: known(place.settled, ({ until, overlap }) => ({ until: isoText(until), overlap: toMillis(overlap) })),
    listed: place.listed ? undefined : false,
    untold: place.untold.length > 0 ? place.untold.map(gapText) : undefined,
    remembered: place.ledger.size(),
  };
}

function branchPositionOf(stored: StoredBranch, seed: number): BranchPosition {
  return {
    watermark: known(stored.watermark, readInstant),
    begin: known(stored.begin, beginOf),
    bookmark: stored.bookmark,
    slice: stored.slice,
    settled: known(stored.settled, ({ until, overlap }) => ({
      until: readInstant(until),
      overlap: fromMillis(overlap),
    })),
    listed: stored.listed ?? true,
    untold: (stored.untold ?? []).map(gapOf),
    ledger: createLedger(seed),
  };
}

function beginText({ from, firstRun }: Begin): StoredBegin {
  return { from: isoText(from), firstRun: toMillis(firstRun) };
}

function beginOf({ from, firstRun }: StoredBegin): Begin {
  return { from: readInstant(from), firstRun: fromMillis(firstRun) };
}

function gapText({ from, until, since, parts }: Gap): StoredGap {
  return { from: isoText(from), until: isoText(until), since: known(since, isoText), parts };
}

function gapOf({ from, until, since, parts }: StoredGap): Gap {
  return {
    from: readInstant(from),
    until: readInstant(until),
    ...defined({ since: known(since, readInstant), parts }),
  };
}

/** These members, where they are, and no others: what another version had in its document is none of a position. */
function only<T, Name extends keyof T>(from: T, names: readonly Name[]): Pick<T, Name> {
  return defined(Object.fromEntries(names.map((name) => [name, from[name]])) as Pick<T, Name>);
}

/** Without the members that are undefined. */
function defined<T extends object>(members: T): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
}

/** The value in its other spelling, where there is one. */
function known<T, U>(value: T | undefined, spell: (value: T) => U): U | undefined {
  return value === undefined ? undefined : spell(value);
}

/** The inverse of isoText, for all times that it can write. Throws RangeError. */
function readInstant(text: string): Instant {
  const [, seconds, fraction = ''] = /^(.+:\d\d)(?:\.(\d{1,9}))?Z$/.exec(text) ?? [];
  return fromMillis(Date.parse(`${seconds}Z`)) + BigInt(fraction.padEnd(9, '0')); // NaN is no BigInt: RangeError
}
