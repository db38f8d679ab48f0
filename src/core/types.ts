/**
 * The nouns. A record travels as a span of the vendor's bytes from the socket to the sink; nothing here parses it.
 */
import type { Buffer } from 'node:buffer';
import type { Hint } from './hint.ts';
import type { Problem } from './problem.ts';

// ---------------------------------------------------------------------------------------------------- time

/** Nanoseconds since 1970-01-01T00:00:00Z; bigint because 19 digits do not fit a number. */
export type Instant = bigint;

/** A length of time in nanoseconds. */
export type Duration = bigint;

/** A bound of a window as it is asked for: a moment, or a length of time before the vendor's now. */
export type Bound = Instant | { readonly back: Duration };

/** `[from, until)`. */
export interface Window {
  readonly from: Instant;
  readonly until: Instant;
}

// ---------------------------------------------------------------------------------------------------- records

/**
 * One audit record: the bytes `[start, end)` of a buffer that it shares with its neighbours. The text is one valid
 * JSON object in valid UTF-8 without line breaks, byte for byte as the vendor sent it but for line breaks and
 * indentation between tokens.
 */
export interface AuditRecord {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** Identity, see core/identity.ts: a span that never contains a line break. Often inside `bytes`. */
  readonly key: Buffer;
  readonly keyStart: number;
  readonly keyEnd: number;
  /**
   * Event time: whole milliseconds since 1970 (floor), before the year 2200, which every destination can write; NaN when the
   * record has none that can be read.
   */
  readonly time: number;
  /** The rest of the event time below a millisecond, 0 to 999999 nanoseconds. */
  readonly nanos: number;
  /** 32 bits of its content, see core/content/fingerprint.ts. */
  readonly fingerprint: number;
  /** Spans of `bytes` that are no content, see core/content/volatile.ts: start and end of each. Only where a source names some. */
  readonly volatile?: readonly number[];
}

/** A record that was encoded, and no longer needs what describes its content. */
export type EncodedRecord = Omit<AuditRecord, 'fingerprint' | 'volatile'>;

/** A record that no sink may get: not JSON, not an object, not UTF-8, too large, too deep. Goes to the quarantine. */
export interface RefusedRecord {
  /** The text, or a part of it: a record too large to hold arrives in parts, `more` on all but the last. */
  readonly text: Buffer;
  readonly more: boolean;
  /** A later part of the record before it. A record whose reply breaks off begins again, with a part without this. */
  readonly continued?: true;
  readonly reason: string;
  /** The key that the ledger knows it by, since it has no ID. Comes with its last part. */
  readonly key?: string;
}

/** What a source yields: some records of a vendor's reply, in the order of arrival; a reply may be yielded in parts. */
export interface Page {
  readonly records: readonly AuditRecord[];
  readonly refused: readonly RefusedRecord[];
  /** Records that the user's query left out, matched here. */
  readonly unmatched: number;
  /** Where to go on in a later run: saved once all records up to here are delivered. Only for vendors with cursors. */
  readonly bookmark?: string;
  /** There was no bookmark to go on from, or the vendor no longer knows it: this begins where a first run does. */
  readonly restarted?: boolean;
  /** Number of listed parts of the slice that were gone when fetched: their records are lost. */
  readonly expired?: number;
  /** On the last page of a slice that is incomplete by the vendor's own word: what there is of it may be delivered. */
  readonly incomplete?: Problem;
}

// ---------------------------------------------------------------------------------------------------- source

/** How a source's windows behave. */
export interface WindowRules {
  /** How far back to look again. */
  readonly overlap: Duration;
  /** How long to let records settle before reading them. */
  readonly delay: Duration;
  /** How far back the first run begins. */
  readonly firstRun: Duration;
  /** The longest window the vendor allows, or undefined. */
  readonly longest?: Duration | undefined;
  /** The shortest window that the vendor answers; `longest` and `slice` are twice as long at least. */
  readonly shortest?: Duration | undefined;
  /** How much of a window is read, delivered and saved at a time, where the vendor sets no limit. One query has none. */
  readonly slice?: Duration | undefined;
  /** How long the vendor keeps records, or undefined. */
  readonly retention?: Duration | undefined;
  /** How far back a vendor without a time filter begins; undefined when it gives all that it has. */
  readonly reach?: Duration | undefined;
  /**
   * What the vendor's time filter goes by: `event` (the record's own time), `ingestion` (when the vendor stored it),
   * or `none` (no time filter: the bookmark alone says where to go on).
   */
  readonly filter: 'event' | 'ingestion' | 'none';
  /** The vendor is not asked for an end: whatever the slice, it shows all from its beginning on. */
  readonly endless?: boolean;
}

/** What to pull. */
export interface Ask {
  /** One of `Source.branches()`. */
  readonly branch: string;
  readonly slice: Window;
  /** Where the last run stopped, for vendors with cursors. */
  readonly bookmark: string | undefined;
  /** Whether a content-hash identity that is remembered may be a new twin: see core/identity.ts. */
  remembers(key: Buffer, start: number, end: number): boolean;
}

/** The user's part of an Ask, the same for the whole run. */
export interface Search {
  /** Exact matches: path in the record, or a key the source names, to value. */
  readonly query: readonly (readonly [key: string, value: string])[];
  /** A filter in the vendor's own language. */
  readonly rawQuery: string | undefined;
  readonly categories: readonly string[];
  /** Records asked for in one API query; undefined is the source's best. */
  readonly limit: number | undefined;
  /** One API query only. */
  readonly single: boolean;
}

/** Where a record is looked at here, and the flag that asks for it. */
export interface SearchedField {
  readonly flag: '--query' | '--categories';
  /** As typed in --query; the path of the categories. */
  readonly field: string;
}

/** A vendor, ready to be read. */
export interface Source {
  readonly name: string;
  readonly window: WindowRules;
  /** What is read, without secrets: origin and stream; part of the job's identity. */
  readonly scope: string;
  /** Independent parts, each with its own position; [''] when there is one. May ask the vendor. */
  branches(): Promise<readonly string[]>;
  /** True when it is the vendor who lists the branches, and not the user. */
  readonly asksForBranches?: boolean;
  /** Logs in, where a vendor asks for that. */
  open?(): Promise<void>;
  /** Reads one slice to its end. Finishing without a Problem means: all of it was read. */
  pull(ask: Ask): AsyncIterable<Page>;
  /**
   * The server's clock as last seen, or undefined. A login may tell it before any page, and a failure instead of one: so it is
   * asked for here, and not a part of a page.
   */
  serverTime(): Instant | undefined;
  /**
   * The earliest time that a record from `at` on may bear: it may be cut to the day, or come from a clock that shows an
   * hour twice. Mostly `at` itself, as with the three that follow.
   */
  earliest(at: Instant): Instant;
  /** The last moment up to `at` from which a window can be asked for: the start of its day, where a vendor is asked by days. */
  namedFrom(at: Instant): Instant;
  /** The earliest time that a vendor may return when asked from `at` on: that, or what lies just before it. */
  shownFrom(at: Instant): Instant;
  /**
   * The last moment up to `at` where a window or a slice may begin. Records without an ID that are equal to the last byte are
   * told apart by their number, and so must be read together: they have the same time.
   */
  edge(at: Instant): Instant;
  /** Some members of a record may differ each time that it is shown, and so its bytes. */
  readonly volatile?: boolean;
  /** Only for a stream, which cannot be asked again and has no end of its own. Open while more may follow. */
  readonly stream?: { isOpen(): boolean };
  /**
   * True when a `single` query left records unread. A run with one pulls once, one slice of one branch, and asks when that has
   * ended; a loop over the pages of `pull` would not see what it returns.
   */
  truncated(): boolean;
  /** Whether `truncated` is a guess: the page was full, but nothing says that another one follows. */
  guessed(): boolean;
  /** Fields that were searched for and that no record has had, in all pulls so far. */
  absent(): readonly SearchedField[];
  /** Fields that were compared with a plain value, and are a list or an object in every record that has had them. */
  nested(): readonly SearchedField[];
  /** Logs out. Never throws. */
  close(): Promise<void>;
}

// ---------------------------------------------------------------------------------------------------- sink

/** What a destination takes at once. */
export interface Limits {
  /** Records in one batch. */
  readonly records: number;
  /** Encoded bytes in one batch, before compression. */
  readonly bytes: number;
  /** Encoded bytes of one record; a larger one goes to the quarantine. */
  readonly record: number;
  /** That limit in the words of the sink, such as the setting that it is from. */
  readonly told?: string;
}

/**
 * Encoded records on their way to a sink. Record i is `body[ends[i-1] ?? 0, ends[i])`. Once `send` has resolved, the body
 * is written over.
 */
export interface Batch {
  /** The branch that all its records are of. */
  readonly branch: string;
  readonly count: number;
  /** Made when first asked for, which a batch that is taken as a whole never needs. */
  readonly records: readonly EncodedRecord[];
  readonly body: Buffer;
  readonly ends: readonly number[];
}

/**
 * What became of one record: delivered; delivered, but put where the destination keeps what it cannot use; to be sent
 * again, `untaken` if it surely was not taken; or refused for good (with the reason).
 */
export type Outcome =
  | 'kept'
  | 'diverted'
  | { readonly again: string; readonly untaken?: boolean }
  | { readonly refused: string };

/**
 * A sink's answer to one batch.
 *  outcomes  one for each record, in order; `after` asks to slow down by that many milliseconds, and 0 says that what is
 *            to be sent again goes at once, with other records beside it;
 *            `pending` names an acknowledgement still to come for the kept ones
 *  again     nothing was taken, and why: the same batch goes at once in another form. What may pass with time is a Problem
 *            with `again`, which `send` throws
 *  split     too large, or some record in it spoils it: send parts of it; a single record is refused with the reason.
 *            `doubt` is what else the answer may be about, and so should be checked: that it is the record is certain
 *            only once the sink has taken another one in the same run; `repeats` where it may have taken some of them, and
 *            does not say which
 */
export type Reply =
  | { readonly outcomes: readonly Outcome[]; readonly after?: number; readonly pending?: string }
  | { readonly again: string }
  | { readonly split: string; readonly tooLarge?: true; readonly doubt?: Hint; readonly repeats?: true };

/** A small JSON value that a sink keeps between runs, saved with the position. */
export type Saved = string | number | boolean | null | readonly Saved[] | { readonly [key: string]: Saved };

/** A destination, ready to be written to. */
export interface Sink {
  readonly name: string;
  /** Where it goes, without secrets: origin and index, or path; part of the job's identity. */
  readonly scope: string;
  /** A digest of what is secret in its address, which may change: it tells apart only jobs without a name of their own. */
  readonly mark?: string;
  /** As they are by now: it may lower them as it learns. */
  limits(): Limits;
  /** Batches in flight at once. */
  readonly inFlight: number;
  /**
   * What becomes of a record that is sent twice: `ignored` (the sink knows it by its ID), `found` (the next run finds what a
   * killed one left, by its bytes), `undone` (what a killed run has sent counts for nothing), `visible`. A journal entry for
   * each batch keeps the visible ones few, and those that are found where their bytes may differ the next time. Unless they are
   * ignored, the position is saved before the first batch is sent: see core/delivery/unsaved.ts.
   */
  readonly repeats: 'ignored' | 'found' | 'undone' | 'visible';
  /** Appends the record, which is of that branch, in wire form. */
  encode(record: AuditRecord, out: ByteWriter, branch: string): void;
  /** Called before anything is read from the source: is the place there? `saved` is from the last position. */
  open?(saved: Saved | undefined): Promise<void>;
  /** For `audit-export check`, in place of an `open` that makes or changes something: whether that would succeed. */
  look?(saved: Saved | undefined): Promise<void>;
  /**
   * Asks whether it is reachable and takes the credentials, sending no record and changing nothing; says in a few words
   * what was found, and what only a delivery can prove.
   */
  probe?(): Promise<string>;
  /** One request. Throws Problem when no record of any batch can be delivered (credentials, settings, no connection). */
  send(batch: Batch): Promise<Reply>;
  /** Asks for an acknowledgement still to come, by its name (`Reply.pending`). */
  settle?(pending: string): Promise<Settlement>;
  /** Makes what was sent durable, before a commit. */
  flush?(): Promise<void>;
  /** What to save with the position. `settled`: the run succeeded, so what a killed one left need not be looked for any more. */
  saved?(settled?: boolean): Saved | undefined;
  /** Ends cleanly, whatever came before. */
  close(): Promise<void>;
}

/** What has become of an acknowledgement. `lost`: it will never come. */
export interface Settlement {
  readonly outcome: 'kept' | 'lost' | 'waiting';
  /** How many of the records were diverted, where only this tells. */
  readonly diverted?: number;
}

/** A buffer that grows. */
export interface ByteWriter {
  /** Appends `source[start, end)`. */
  bytes(source: Buffer, start: number, end: number): void;
  /** Appends one byte. */
  byte(value: number): void;
  /** Appends text as UTF-8. */
  text(value: string): void;
}

// ---------------------------------------------------------------------------------------------------- position

/**
 * The record IDs that a later window could show again: exact keys, compact in memory, one line each on disk.
 * An ID is `noted` when pulled, and `kept` once delivered; only kept and awaited ones are saved.
 */
export interface Ledger {
  /** Kept and awaited IDs. */
  size(): number;
  /** These are about to be noted, in this order, unless they are left out: looked for together, they are found faster. */
  expect(records: readonly Pick<AuditRecord, 'key' | 'keyStart' | 'keyEnd'>[]): void;
  /**
   * Notes a key. Returns its entry number (0 or more) when it is new, `seen` (-1) when it was noted before, and
   * `conflict` (-2) when it was noted with another fingerprint. `stamp` is the last moment, in milliseconds since 1970,
   * whose window could show the record again.
   */
  note(key: Buffer, start: number, end: number, stamp: number, fingerprint: number): number;
  /** Everything noted so far belongs to before a bookmark that is about to be saved. */
  mark(): void;
  /**
   * A function that says of a key whether it was delivered before the last mark, whatever is marked later: a run that goes on
   * from there never shows it again. Not to be called after a prune.
   */
  marked(): Ask['remembers'];
  /** The record was delivered, or set aside for good. */
  keep(entry: number): void;
  /** The record was sent; the acknowledgement named `pending` is still to come. It is not sent again meanwhile. */
  wait(entry: number, pending: string): void;
  /**
   * The acknowledgement came (kept) or will never come (the records are forgotten, and so are sent again). Returns the
   * entries of the records that it was about.
   */
  settle(pending: string, kept: boolean): readonly number[];
  /** Acknowledgements still to come. */
  pending(): readonly string[];
  /** How many records were forgotten because theirs will never come, and were not noted again since. */
  lost(): number;
  /** Forgets what was stamped before, in milliseconds since 1970; entry numbers change, so nothing may be in flight. */
  prune(before: number): void;
  /** The kept and awaited entries as lines, in blocks of about 256 KiB; `only` restricts them to some entries. */
  lines(only?: readonly number[]): Iterable<Buffer>;
  /** Makes room for that many more entries at once, where it is known how many will come. */
  reserve(more: number): void;
  /** Adds the entries of such lines. Throws Problem (78) on a malformed line. */
  read(lines: Buffer): void;
}

/**
 * Whatever happened before `until` was read after the delay and this overlap had passed, late records included: it need not
 * be read again.
 */
interface Settled {
  readonly until: Instant;
  readonly overlap: Duration;
}

/** Where one branch stands. */
export interface BranchPosition {
  /** Everything before it was delivered; undefined before the first commit. */
  watermark: Instant | undefined;
  /** Where the first run was to begin: known from then on, until there is a watermark. */
  begin: Begin | undefined;
  /** The vendor's cursor, for vendors that have one. */
  bookmark: string | undefined;
  /** The length of the first slices of a window, because a longer one was cut off or shortened in a run before; milliseconds. */
  slice: number | undefined;
  /** Known while a window is read in several runs. */
  settled: Settled | undefined;
  /** Whether the last run that knew the list of branches found it there. */
  listed: boolean;
  /** Gaps that it passed over and that no run has reported yet: a run that is killed reports nothing. */
  untold: readonly Gap[];
  readonly ledger: Ledger;
}

/** A mark of each secret that a job used last, by the setting that it came from: see core/position/credentials.ts. */
export type CredentialMarks = Readonly<Record<string, string>>;

/** Where the first of the runs that have not moved the position was to begin. */
export interface Begin {
  readonly from: Instant;
  /** How far back that reached, 0 for what `--since` said; a run that is asked to reach less far begins anew. */
  readonly firstRun: Duration;
}

/** How the last run ended. */
export interface LastRun {
  /** ISO 8601 in UTC, by our clock. */
  readonly started: string;
  readonly ended: string;
  /** See core/problem.ts. */
  readonly exit: number;
  /** `ok`, or the first line of what went wrong. */
  readonly outcome: string;
  /** What to do about it, where something did; runs of older versions kept none. */
  readonly hint?: string;
  readonly fetched: number;
  readonly delivered: number;
  readonly quarantined: number;
}

/** Everything that outlives a run of a job. */
export interface Position {
  /** What is read and where it goes; another source or sink under the same job name is refused. */
  readonly source: string;
  readonly sink: string;
  /** What the definition asks for, where it is the user's own: see core/definition/asked.ts. */
  readonly asked?: string | undefined;
  readonly branches: Map<string, BranchPosition>;
  /** The branch that the next run begins with, because the last one was stopped before it had read them all. */
  next?: string | undefined;
  /** Where the branches begin: known until a run knows the branches. */
  begin?: Begin | undefined;
  /** Undefined for a job that has its name from --job: whoever names jobs tells accounts apart. */
  credentials: CredentialMarks | undefined;
  /** What the sink keeps. */
  saved: Saved | undefined;
  last: LastRun | undefined;
  /** When a run last ended with 0 or 3; ISO 8601 in UTC. */
  lastSuccess: string | undefined;
  /** When a run last ended that had to send something again; ISO 8601 in UTC. */
  lastRepeat?: string | undefined;
  /** When a run last ended that had to pass over a gap; ISO 8601 in UTC. */
  lastGap?: string | undefined;
  /** Failed runs in a row. */
  failures: number;
  /** Records refused in a row, over runs: since one was last accepted. */
  refusals: number;
  /** What became of records in runs that ended with 65, since one last succeeded; not in branches that were read to their end. */
  stuck?: { readonly delivered: number; readonly quarantined: number } | undefined;
}

// ---------------------------------------------------------------------------------------------------- job and summary

/** Everything that a run needs to know, checked. */
export interface Job {
  readonly name: string;
  readonly sink: string;
  readonly search: Search;
  /** Bounds, if asked for. */
  readonly since: Bound | undefined;
  readonly until: Bound | undefined;
  /** False for an ad-hoc search: no position is read or written. */
  readonly usePosition: boolean;
  readonly overlap: Duration | undefined;
  readonly delay: Duration | undefined;
  readonly firstRun: Duration | undefined;
  readonly maxRuntime: Duration | undefined;
  readonly dryRun: boolean;
  /** After three failed runs in a row, how long the next one must leave both ends alone. */
  readonly holdOff?: Duration | undefined;
  /**
   * What makes a record new. `id`: its ID alone. `changes`: also another content under an ID that is remembered.
   * `content`: its ID and content, which then make its key at the destination, too.
   */
  readonly dedupe: 'id' | 'changes' | 'content';
  /** Stop when more than this share of the pulled records (0 to 1), and more than ten, would have to be quarantined. */
  readonly maxQuarantine: number;
}

/** A Job whose bounds are moments, by the vendor's clock. */
export interface DatedJob extends Job {
  readonly since: Instant | undefined;
  readonly until: Instant | undefined;
}

/** A window that the vendor no longer keeps, or of which this many listed `parts` are gone. */
export interface Gap extends Window {
  readonly parts?: number | undefined;
  /** The beginning that the user asked for, where the window with the gap begins there. */
  readonly since?: Instant | undefined;
}

/** What a run did; the sums must match: fetched = delivered + seen + conflicts + outside + quarantined + awaited. */
export interface Summary {
  fetched: number;
  delivered: number;
  /** Delivered before, and shown again. */
  seen: number;
  /** Part of `seen`: lines of a stream without an ID and a time, so that a new one would look the same. */
  alike: number;
  /** Left out because their ID was delivered, though with another content. */
  conflicts: number;
  /** Delivered, but put where the destination keeps what it cannot use. Part of `delivered`. */
  diverted: number;
  /** Delivered though their ID was delivered before, because their content is another one. Part of other counts. */
  changed: number;
  /** Outside the window that was asked for. */
  outside: number;
  /** Left out by the query, matched here. Not in `fetched`. */
  unmatched: number;
  quarantined: number;
  /** Part of `quarantined`: lines of a stream that cannot be read, some of which earlier runs may have set aside. */
  unreadable: number;
  /** Sent; the acknowledgement is still to come. */
  awaited: number;
  /** Dated after the window's end. */
  future: number;
  /** Requests to the destination that had to be made again, unless it surely took nothing of the first; not records. */
  repeated: number;
  bytes: number;
  /** What the vendor no longer keeps. */
  gaps: Gap[];
}
