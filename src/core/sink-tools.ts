/** The outside, as a destination sees it: its doors beyond HTTP. */
import type { Buffer } from 'node:buffer';
import type { Settings, SettingValues } from './setting.ts';
import type { Tools } from './tools.ts';
import type { Sink } from './types.ts';

/** A destination as it is listed: one file each in src/sinks. */
export interface SinkDefinition {
  readonly name: string;
  /** One sentence, for the README and `audit-export sinks`. */
  readonly summary: string;
  /** What its answer proves, and what a repeat does: one sentence for the README. */
  readonly promise: string;
  readonly settings: Settings;
  /** A setting that leads to its address and does not hold it, and the address; Problem 78 where it leads to none. */
  readonly address?: { readonly setting: string; of(values: SettingValues): string };
  /** It hands records on as they are, or in the wire form of another sink (`SinkTools.form`). */
  readonly takesForm?: true;
  /** `values` are those of `settings`, which a sink may take by their names, see `ValuesOf`. */
  create(values: SettingValues, tools: SinkTools): Sink;
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
  readonly trustsIds: boolean;
}

export interface Output {
  /** What stands behind it; `closed` and `null` lose what is written. */
  readonly kind: 'terminal' | 'pipe' | 'file' | 'null' | 'closed';
  /** Resolves when the kernel has taken the bytes. The buffer is free for reuse then. */
  write(bytes: Buffer): Promise<void>;
  /** Whether a write is under way, which nobody may be waiting for any more. */
  isWriting(): boolean;
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
   * `closed`: it has, so it has read everything. `open`: it has not within some seconds, but the connection is fine, and all
   * of it has arrived, as far as the system tells.
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
