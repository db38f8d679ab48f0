/** The record's own bytes, by themselves or as JSON Lines. */
import type { Sink } from '../types.ts';

/** Appends one record in some wire form. */
export type Encode = Sink['encode'];

export const bareRecord: Encode = (record, out) => out.bytes(record.bytes, record.start, record.end);

/** The record and a line break. */
export const jsonLine: Encode = (record, out) => {
  out.bytes(record.bytes, record.start, record.end);
  out.byte(0x0a);
};
