/** JSON Lines: the record's own bytes and a line break. */
import { Buffer } from 'node:buffer';
import type { Sink } from './types.ts';

/** Appends one record in some wire form. */
export type Encode = Sink['encode'];

const lineBreak = Buffer.from('\n');

export const jsonLine: Encode = (record, out) => {
  out.bytes(record.bytes, record.start, record.end);
  out.bytes(lineBreak, 0, 1);
};
