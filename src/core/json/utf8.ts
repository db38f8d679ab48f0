/** UTF-8 in pieces (RFC 3629): is it valid, and does it start with a byte order mark? */
import { Buffer, isAscii, isUtf8 } from 'node:buffer';

/**
 * Is a piece of a text valid, apart from a character that is cut at its start or end? Then whatever lies inside it
 * between two ASCII bytes is valid. Plain ASCII is told at memory speed.
 */
export function isUtf8Piece(piece: Buffer): boolean {
  if (isAscii(piece)) return true;
  let start = 0;
  while (start < 3 && isContinuation(piece[start])) start++;
  let end = piece.length;
  while (end > piece.length - 3 && isContinuation(piece[end - 1])) end--;
  const last = piece[end - 1] ?? 0;
  if (last >= 0xc0) end--; // the character that the continuation bytes belong to, cut or not
  else end = piece.length;
  return isUtf8(piece.subarray(start, end));
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x80 && byte < 0xc0;
}

/** Leaves out the byte order mark at the start of a text that comes in pieces: gives back each piece without it. */
export function markSkipper(): (piece: Buffer) => Buffer {
  /** What came and may yet become the mark: other characters begin like it. Undefined once that is settled. */
  let held: Buffer | undefined = nothing;
  return (piece) => {
    if (held === undefined) return piece;
    const text = held.length === 0 ? piece : Buffer.concat([held, piece]);
    if (text.length < mark.length && mark.subarray(0, text.length).equals(text)) {
      held = text;
      return nothing;
    }
    held = undefined;
    return text.subarray(0, mark.length).equals(mark) ? text.subarray(mark.length) : text;
  };
}

const mark = Buffer.from('\ufeff');
const nothing = Buffer.alloc(0);
