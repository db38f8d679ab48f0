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
  /** Event time: whole milliseconds since 1970 (floor), NaN when the record has none that can be read. */
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

// ---------------------------------------------------------------------------------------------------- settings

/** A setting: an environment variable, with `NAME_FILE` beside every secret one. */
export interface Setting {
  /** One sentence, for the README and `audit-export sources`. */
  readonly summary: string;
  readonly required?: boolean;
  /** Required unless this other setting is there. */
  readonly unless?: string;
  readonly secret?: boolean;
  readonly default?: string;
  /**
   * What the text must be; `text` when left out. `url` is http(s) without user info; `flag` is true/false/1/0/yes/no; the
   * value of a `path` is absolute.
   */
  readonly kind?: 'text' | 'url' | 'flag' | 'integer' | 'duration' | 'path';
  /** Set without a value, it is the empty text; any other setting then counts as not set. */
  readonly mayBeEmpty?: boolean;
  /** The allowed values, if they can be listed. */
  readonly values?: readonly string[];
  /** Other environment variables that are read when this one is not set. */
  readonly aliases?: readonly string[];
  /** The text of a secret may have several lines. */
  readonly lines?: boolean;
  /** The word before the secret in its header, such as `ApiKey`: people paste it along, and it is left out. */
  readonly scheme?: string;
  /** The command-line flag that sets it, without dashes: apikey, apisecret, orgurl, apiurl. */
  readonly flag?: string;
}

export type Settings = Readonly<Record<string, Setting>>;

/** Checked values by setting name; settings that are not set and have no default are absent. */
export type SettingValues = Readonly<Record<string, string>>;

// ---------------------------------------------------------------------------------------------------- the outside

/** One HTTP request. `url` is absolute, or relative to the client's base. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'HEAD' | 'OPTIONS';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** May be sent again on a connection that broke before any reply: GET, and POST that only reads. Default: GET only. */
  readonly repeatable?: boolean;
  /** Sent even when the run has been asked to stop: a logout. */
  readonly final?: boolean;
  /** False: any redirect is a Problem (76). Default: a few are followed, inside the origin. */
  readonly followRedirects?: boolean;
  /** A redirect is its reply, and nothing else is asked for. */
  readonly keepRedirect?: boolean;
}

/** One HTTP reply. The body must be read, or discarded. Names of headers are lower case. */
export interface HttpReply {
  readonly status: number;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The server's clock, from the `Date` header. */
  readonly date: Instant | undefined;
  /** Decompressed, in chunks. Ends with a Problem (`again` set) when the connection breaks before the end. */
  readonly body: AsyncIterable<Buffer>;
  /** The whole body as text, at most `limit` bytes (default 1 MiB; the rest is cut off and discarded). */
  text(limit?: number): Promise<string>;
  discard(): Promise<void>;
}

/**
 * An HTTP client bound to one origin, which keeps that origin's cookies. One attempt per call; never another origin.
 * Throws Problem: transient ones carry `again`. Any HTTP status but a redirect is a reply, not a Problem.
 */
export interface Http {
  send(request: HttpRequest): Promise<HttpReply>;
  /** How many cookies the origin has set: none after a login means that there was no login. */
  readonly cookies: number;
  /** The value of the cookie of that name: of several, the one with the shortest path. */
  cookie(name: string): string | undefined;
  /** As before the first request, where somebody is to log in anew. */
  forgetCookies(): void;
  close(): Promise<void>;
}

/** What a source or sink may use of the world; it cannot reach the outside by itself. */
export interface Tools {
  /** Opens a client for the origin of `base`. The sink's client outlives a stop request, the source's does not. */
  http(base: string): Http;
  /** Milliseconds since 1970, whole. */
  now(): number;
  /** Resolves after that many milliseconds; rejects with the stop request's Problem. */
  wait(milliseconds: number): Promise<void>;
  /** Waits two turns of the event loop, so that a request just begun is written before the caller goes on. */
  turn(): Promise<void>;
  /** [0, 1). */
  random(): number;
  /** Debug log; never pass a secret, a header or a body. */
  debug(message: string, fields?: Readonly<Record<string, string | number | boolean>>): void;
  /** Redacts a credential that a reply brought in all that is printed; `replaced` is the one whose place it took. */
  hide(secret: string | undefined, replaced?: string): void;
  /** Whether the text contains a credential that is in use, however it is spelled. */
  isSecret(text: string): boolean;
  /** One line for the operator, at the default level; the same line is printed once. */
  warn(message: string): void;
  /** Aborts when the run must end: a signal, or --max-runtime. The reason is a Problem. */
  readonly stop: AbortSignal;
  /** When `stop` comes at the latest, in milliseconds since 1970; Infinity without --max-runtime. */
  readonly deadline: number;
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
  /** Those that were compared with a plain value, and are a list or an object in every record that has had them. */
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
  /** Of which all its records are. */
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
 *  outcomes  one for each record, in order; `after` asks to slow down by that many milliseconds;
 *            `pending` names an acknowledgement still to come for the kept ones
 *  again     nothing is known to be taken: send the same batch again, after that many milliseconds if said; 0 says that
 *            nothing was taken, and that it goes at once in another form, or with other records beside it
 *  split     too large, or some record in it spoils it: send parts of it; a single record is refused with the reason.
 *            `doubt` is what else the answer may be about, and so should be checked: that it is the record is certain
 *            only once the sink has taken another one in the same run
 */
export type Reply =
  | { readonly outcomes: readonly Outcome[]; readonly after?: number; readonly pending?: string }
  | { readonly again: string; readonly after?: number }
  | { readonly split: string; readonly tooLarge?: true; readonly doubt?: Hint };

/** A small JSON value that a sink keeps between runs, saved with the position. */
export type Saved = string | number | boolean | null | readonly Saved[] | { readonly [key: string]: Saved };

/** A destination, ready to be written to. */
export interface Sink {
  readonly name: string;
  /** Where it goes, without secrets: origin and index, or path; part of the job's identity. */
  readonly scope: string;
  /** A digest of what is secret in its address, which may change: it tells apart only jobs without a name of their own. */
  readonly mark?: string;
  readonly limits: Limits;
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

/** What a sink may use of the world. Everything it prints or writes goes through one of these doors. */
export interface SinkTools extends Tools {
  /** The source's name, or that of a pipe's job. */
  readonly sourceName: string;
  /** A name for what a branch of the source reads, different from all others: within it, an ID is that of one record. */
  idSpace(branch: string): string;
  /** Standard output: waits for the reader; a reader that is gone or a full disk is a Problem (74). */
  readonly output: Output;
  /** Opens a file to append to. */
  file(path: string): AppendFile;
  /** A way to a receiver of plain bytes at `tcp://host:port` or `tls://host:port`. */
  wire(address: string): Wire;
  /** The command after `--`, if there is one. */
  readonly command?: Command;
  /** The wire form that `--bulk-format` asks for, and the name of the sink that it belongs to. */
  readonly form?: { readonly name: string; readonly encode: Sink['encode'] };
  /** A random GUID. */
  guid(): string;
  /** An ID is that of one record, whatever its content (`--dedupe id`). */
  readonly trustsIds?: boolean;
}

export interface Output {
  /** What stands behind it; `closed` and `null` lose what is written. */
  readonly kind: 'terminal' | 'pipe' | 'file' | 'null' | 'closed';
  /** Resolves when the kernel has taken the bytes. The buffer is free for reuse then. */
  write(bytes: Buffer): Promise<void>;
  /** fsync, where it means something. */
  sync(): Promise<void>;
}

/** A program that takes records on its standard input. */
export interface Command {
  /** What it is called in messages: the program, without its arguments, which may hold secrets. */
  readonly name: string;
  /** Is it there? Problem 74 when not. */
  look(): Promise<void>;
  /** Starts it once more. Without a `listener`, its standard output is our own. */
  start(listener?: PrintedListener): CommandRun;
}

/** Who is told what a command prints, because it may be an answer to the records. */
export interface PrintedListener {
  /**
   * Asked with the first bytes: true when they are no answer, so that all of it goes to our standard output as it is, unheard.
   * Undefined while they are too few to tell: then it is asked again, with more.
   */
  isPassedOn(first: Buffer): boolean | undefined;
  hear(bytes: Buffer): void;
  /** What is heard is also shown, where the command's standard error goes. */
  readonly shown: boolean;
}

/** One run of a command. What goes wrong is a Problem (74). */
export interface CommandRun {
  /** Resolves when the kernel has taken the bytes. The buffer is free for reuse then. */
  write(bytes: Buffer): Promise<void>;
  /** Ends its input and waits until it has read all of it and ended with 0. */
  finish(): Promise<void>;
  /** Ends it by force, before it can take the end of its input for a good one. */
  kill(): Promise<void>;
}

/** A way to a receiver that answers nothing. */
export interface Wire {
  /**
   * One delivery: connects, writes, says that no more comes, and waits for the receiver to close its side as well.
   * `closed`: it has, so it has read everything. `open`: it has not within some seconds, but the connection is fine.
   * Throws Problem (`again` set) when the connection could not be made, or broke before that, or when it closed late and
   * nobody is there; `whenBroken` is what may be behind a broken one, for its hint. Problem 76 when a web server answers.
   */
  deliver(bytes: Buffer, whenBroken?: string): Promise<'closed' | 'open'>;
}

export interface AppendFile {
  /** Whether `open` could create or open it; nothing is made or changed. */
  look(saved: FilePlace | undefined): Promise<void>;
  /**
   * Creates or opens it (0600). What the file has beyond `saved`, if it is the same file, is from a killed run or from somebody
   * else: whole lines stay, and an unfinished last one is cut off. So is a last line that only begins a record: `begins` says
   * whether it does, of a line with its line break.
   */
  open(saved: FilePlace | undefined, begins?: (line: Buffer) => boolean): Promise<void>;
  /** Appends the records of a batch (`body` and `ends` as there), except those that are there already beyond the saved place. */
  append(body: Buffer, ends: readonly number[]): Promise<void>;
  sync(): Promise<void>;
  /** To be saved after a `sync`. `settled` as in Sink. */
  saved(settled?: boolean): FilePlace;
  close(): Promise<void>;
}

/** How far a file is accounted for. */
export interface FilePlace {
  readonly size: number;
  readonly inode: string;
  /** Whole lines before it that may be from a killed run, and that no record has been equal to so far: [from, until). */
  readonly unsettled?: readonly (readonly [from: number, until: number])[];
}

/** A destination as it is listed: one file each in src/sinks. */
export interface SinkDefinition {
  readonly name: string;
  /** One sentence, for the README and `audit-export sinks`. */
  readonly summary: string;
  /** What its answer proves, and what a repeat does: one sentence for the README. */
  readonly promise: string;
  readonly settings: Settings;
  /** It hands records on as they are, or in the wire form of another sink (`SinkTools.form`). */
  readonly takesForm?: true;
  create(values: SettingValues, tools: SinkTools): Sink;
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

/** The durable home of one job's position. */
export interface PositionStore {
  /** The position file. */
  readonly path: string;
  /** What `load` had to work around, one line each, for the operator. */
  readonly warnings: readonly string[];
  /** How a person gives the position up, for a hint. */
  readonly beginAgain: string;
  /** Creates the directory if needed (73), takes the lock (75 at once when another run holds it), clears leftovers. */
  lock(): Promise<void>;
  /** The saved position, or undefined if there never was one. Problem 78 when unreadable, foreign or newer. */
  load(): Promise<Position | undefined>;
  /** Replaces the position durably; the one before stays beside it. Problem 74 when the disk is full. */
  save(position: Position): Promise<void>;
  /** Durably notes delivered IDs between two saves, so that a killed run repeats one batch at most. */
  journal(branch: string, lines: Iterable<Buffer>, saved: Saved | undefined): Promise<void>;
  /** Lets go of the lock. */
  close(): Promise<void>;
}

/** The dead-letter file of a job: JSON Lines, durable before anything is counted as set aside. */
export interface Quarantine {
  readonly path: string;
  /**
   * Adds a record with the reason and where it was refused. Of one that comes in parts nothing is kept before the last;
   * one too large for that is a Problem (65).
   */
  add(
    refused: RefusedRecord,
    by: { readonly source: string; readonly sink: string; readonly branch: string },
  ): Promise<void>;
  /** Makes everything added durable. */
  flush(): Promise<void>;
  close(): Promise<void>;
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
