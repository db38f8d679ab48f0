/**
 * HalfSipHash-1-3: a keyed hash for hash tables (J.-P. Aumasson and D. J. Bernstein, 2012; Linux's `hsiphash`). Without
 * the key nobody can choose IDs that share a slot, and so make every look-up slow.
 */

/** The 32 bits of `bytes[start, end)` under the key (`low`, `high`), as a signed integer. */
export function keyedHash(bytes: DataView, start: number, end: number, low: number, high: number): number {
  let v0 = low;
  let v1 = high;
  let v2 = low ^ 0x6c796765;
  let v3 = high ^ 0x74656462;
  const length = end - start;
  const words = end - (length & 3);
  for (let at = start; at < words + 4; at += 4) {
    let word: number;
    if (at < words) {
      word = bytes.getInt32(at, true);
    } else {
      word = length << 24; // the last word: what is left, and the length
      if (at < end) word |= bytes.getUint8(at);
      if (at + 1 < end) word |= bytes.getUint8(at + 1) << 8;
      if (at + 2 < end) word |= bytes.getUint8(at + 2) << 16;
    }
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  v2 ^= 0xff;
  for (let round = 0; round < 3; round += 1) {
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
  }
  return v1 ^ v3;
}
