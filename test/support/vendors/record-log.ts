/** What the servers that play vendors keep and check: records found by their time, and the parameters of a request. */
import { Buffer } from 'node:buffer';

/** Records as JSON texts. */
export interface RecordLog {
  add(...texts: readonly string[]): void;
  /** Those with `from <= time < until`, in milliseconds: oldest first, in the order of arrival where times are equal. */
  between(from: number, until: number): readonly string[];
}

/** `time` finds the time in a text; its first group is what `Date.parse` reads. */
export function recordLog(time: RegExp): RecordLog {
  const stored: { readonly text: string; readonly time: number }[] = [];
  return {
    add(...texts) {
      stored.push(...texts.map((text) => ({ text, time: Date.parse(time.exec(text)?.[1] ?? '') })));
    },
    between: (from, until) =>
      stored
        .filter((record) => record.time >= from && record.time < until)
        .toSorted((a, b) => a.time - b.time)
        .map(({ text }) => text),
  };
}

/** A time as RFC 3339 has it: with an offset. Throws what the server then says. */
export function rfc3339(name: string, text: string | null): number {
  if (text === null || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(text)) {
    throw new Error(`${name} must be a time`);
  }
  return Date.parse(text);
}

/** A page size within the vendor's bounds. Throws what the server then says. */
export function pageSize(name: string, text: string | null, standard: number, most: number): number {
  const size = text === null ? standard : Number(text);
  if (!Number.isInteger(size) || size < 1 || size > most) throw new Error(`${name} must be between 1 and ${most}`);
  return size;
}

/** Throws for a parameter that is not among these. */
export function onlyParameters(given: URLSearchParams, known: readonly string[]): void {
  const unknown = [...given.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`unknown parameter ${unknown}`);
}

/** A cursor after so many records of the answer to a query. */
export function cursorOf(skip: number, query: string): string {
  return Buffer.from(`${skip} ${query}`).toString('base64url');
}

/** How many records a cursor passes over; it belongs to its query. Throws what the server then says. */
export function skipped(cursor: string | null, query: string): number {
  if (cursor === null) return 0;
  const [skip = '', ...rest] = Buffer.from(cursor, 'base64url').toString().split(' ');
  if (rest.join(' ') !== query) throw new Error('invalid cursor');
  return Number(skip);
}
