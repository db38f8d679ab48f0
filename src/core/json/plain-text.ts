/** How far the text of a JSON string goes without a quote, an escape or what must not stand in it. */

/**
 * The offset of the first quote, backslash or control character, else `end`. Four bytes at a time, because this is
 * where most of the time goes: `hits` has the high bit of each such byte, lowest first (a borrow can mark a byte too
 * many, but only above a true hit); `~four` leaves out the bytes of UTF-8 sequences.
 */
export function plainText(text: DataView, at: number, end: number): number {
  const last = (end - 4) | 0;
  for (; at <= last; at = (at + 4) | 0) {
    const four = text.getInt32(at, true);
    const quotes = (four ^ 0x22222222) - 0x01010101;
    const backslashes = (four ^ 0x5c5c5c5c) - 0x01010101;
    const hits = ((four - 0x20202020) | quotes | backslashes) & ~four & 0x80808080;
    if (hits !== 0) return (at + firstHit(hits)) | 0;
  }
  while (at < end && isPlain(text.getUint8(at))) at = (at + 1) | 0;
  return at;
}

/**
 * Which of four bytes is hit first. Counted with `Math.clz32`, all that follows would wait for it; a branch is
 * foreseen, since the texts of one vendor have much the same lengths.
 */
function firstHit(hits: number): number {
  if ((hits & 0x80) !== 0) return 0;
  if ((hits & 0x8000) !== 0) return 1;
  return (hits & 0x800000) !== 0 ? 2 : 3;
}

/** May it stand in a string as it is? */
function isPlain(byte: number): boolean {
  return byte >= 0x20 && byte !== 0x22 && byte !== 0x5c;
}
