/** JSON Lines: the record's own bytes and a line break. */
import type { Sink } from '../types.ts';

/** Appends one record in some wire form. */
export type Encode = Sink['encode'];

export const jsonLine: Encode = (record, out) => {
  out.bytes(record.bytes, record.start, record.end);
  out.byte(0x0a);
};
