/** How far the text of a JSON string goes without a quote, an escape or what must not stand in it. */

/**
 * The offset of the first quote, backslash or control character, else `end`. Four bytes at a time, because this is
 * where most of the time goes: `hits` has the high bit of each such byte, lowest first (a borrow can mark a byte too
 * many, but only above a true hit); `~four` leaves out the bytes of UTF-8 sequences.
 */
export function plainText(view: DataView, at: number, end: number): number {
  for (; at <= end - 4; at += 4) {
    const four = view.getInt32(at, true);
    const quotes = (four ^ 0x22222222) - 0x01010101;
    const backslashes = (four ^ 0x5c5c5c5c) - 0x01010101;
    const hits = ((four - 0x20202020) | quotes | backslashes) & ~four & 0x80808080;
    if (hits !== 0) return at + ((31 - Math.clz32(hits & -hits)) >> 3);
  }
  while (at < end && isPlain(view.getUint8(at))) at++;
  return at;
}

/** May it stand in a string as it is? */
function isPlain(byte: number): boolean {
  return byte >= 0x20 && byte !== 0x22 && byte !== 0x5c;
}
