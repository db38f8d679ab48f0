/**
 * What a destination answered, read from what a command printed: without --fail, curl ends with 0 whatever the answer is,
 * and some failures come with HTTP 200. A page of HTML or half an object, where an answer was expected, counts as a failure.
 * Whatever else a command prints counts for nothing.
 */
import { Buffer } from 'node:buffer';
import { objects } from '../json/objects.ts';
import { objectOf } from '../json/parsed.ts';

export interface PrintedVerdict {
  push(bytes: Buffer): void;
  /** Why not all of the events that were `sent` are taken; undefined when nothing speaks against it. */
  objection(sent: number): string | undefined;
  /** How many of those that are taken went into a failure store. */
  diverted(): number;
  /** What was printed in place of an answer; '' where there was an answer, or nothing at all. */
  instead(): string;
}

/** A page of a proxy or of a login, which curl takes for an answer unless it was told --fail. */
export const page = /<!doctype html|<html[\s>]/i;
export const pagePrinted = 'it printed a page of HTML';
/** How much of one piece is searched again with the next: more than any of the patterns is long. */
export const overlap = 200;

export const notWhole = 'an answer is not whole';

/**
 * What one answer says: why something was not taken, and whether a later answer may make up for that (curl --retry prints
 * both), as it may where answers count the events that were taken, since it could also belong to another request. Or that
 * something was taken, and how many events, if it says.
 */
type Judgement =
  | { readonly complaint: string; readonly passes: boolean }
  | { readonly taken: number | undefined }
  | undefined;

/** Judges an object that a command printed; undefined for one that is no answer. */
export type Judge = (answer: Readonly<Record<string, unknown>>) => Judgement;

/** How many of the first bytes are enough to tell a record from an answer. */
export const telling = 64;

/**
 * Whether what a command prints, by its `first` bytes, is no answer: what it was given, of which `given` is the beginning
 * (cat, tee), or no text (gzip, zstd, xz). Undefined while they are fewer than that, and the same.
 */
export function isNoAnswer(first: Buffer, given: Buffer): boolean | undefined {
  const isCopy = first.subarray(0, given.length).equals(given.subarray(0, first.length));
  if (isCopy && first.length < given.length) return undefined;
  return isCopy || /^[\x80-\xc1]|[\0-\x08\x0e-\x1a\x1c-\x1f\xf8-\xff]/.test(first.toString('latin1', 0, 4));
}

/** Longer than the answer to a million events, which has an ID for each. */
const longest = 64 * 1024 * 1024;
const mostValues = 1_500_000;

/** The verdict on short answers, each a JSON object that `judge` judges. */
export function printedVerdict(judge: Judge): PrintedVerdict {
  let pieces: Buffer[] = [];
  let size = 0;
  let tail = '';
  let complaint: string | undefined;
  let passing: string | undefined;
  let taken: number | undefined;

  const printed = objects({
    words(bytes) {
      const heard = tail + bytes.toString('latin1');
      if (page.test(heard)) complaint ??= pagePrinted;
      tail = heard.slice(-overlap);
    },
    begin() {
      pieces = [];
      size = 0;
    },
    piece(bytes) {
      size += bytes.length;
      if (size <= longest) pieces.push(Buffer.from(bytes));
    },
    end() {
      if (size > longest) return;
      const answer = objectOf(Buffer.concat(pieces).toString(), mostValues);
      if (answer === undefined) complaint ??= notWhole;
      else note(judge(answer));
    },
  });

  function note(judgement: Judgement): void {
    if (judgement === undefined) return;
    if ('taken' in judgement) {
      passing = undefined;
      if (judgement.taken !== undefined) taken = (taken ?? 0) + judgement.taken;
    } else if (judgement.passes) passing ??= judgement.complaint;
    else complaint ??= judgement.complaint;
  }

  return {
    push: (bytes) => printed.push(bytes),
    diverted: () => 0,
    instead: () => '', // everything is shown as it is printed
    objection(sent) {
      const more = complaint ?? passing ?? (printed.torn() ? notWhole : undefined);
      if (more !== undefined || taken === undefined || taken >= sent) return more;
      return `it answers for ${taken} of ${sent} events`;
    },
  };
}
