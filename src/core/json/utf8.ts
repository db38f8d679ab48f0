/** UTF-8 in pieces (RFC 3629): is it valid, and does it start with a byte order mark? */
import { type Buffer, isAscii, isUtf8 } from 'node:buffer';

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

/** Skips the byte order mark at the start of a text that comes in pieces: returns the offset after it, or 0. */
export function markSkipper(): (piece: Buffer) => number {
  let met = 0;
  return (piece) => {
    let at = 0;
    while (met < mark.length && at < piece.length && piece[at] === mark[met]) {
      met++;
      at++;
    }
    if (at < piece.length) met = mark.length;
    return at;
  };
}

const mark = [0xef, 0xbb, 0xbf];
