/** What outlives a run, and is on a disk. */
import type { Position, RefusedRecord, Saved } from './types.ts';

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
