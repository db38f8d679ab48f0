/**
 * The lines at the end of a file, to recognise records that are there already: what a killed run wrote is not written
 * twice.
 *
 * Of each line its fingerprint is kept and where it begins, 30 bytes or so, and no text: a line is read again, and compared
 * byte for byte, when a record might be it. One that is longer than what is read at once goes by the fingerprint of its
 * beginning.
 */
import { Buffer } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { fingerprint } from '../../core/content/fingerprint.ts';
import { fileWindow, windowSize } from './file-window.ts';

export interface FileTail {
  /**
   * Takes up the lines that begin in `[from, until)`, where the file ends or a line does. Returns where the last record
   * ends that is whole; undefined when no line begins there.
   */
  add(from: number, until: number): Promise<number | undefined>;
  /**
   * The records of a batch (`body` and `ends` as in Batch) that are not there. A line that is one of them is taken: it
   * stands for one record only. Where that is allowed, it is written over itself: after an fsync that failed, it may be in
   * the memory of the system only, and the next fsync would not say so.
   */
  missing(body: Buffer, ends: readonly number[]): Promise<Buffer>;
  /** What the last call of `missing` took is free again. */
  giveBack(): void;
  /** Where the lines are that no record took, [from, until) each. */
  left(): readonly (readonly [from: number, until: number])[];
}

const lineBreak = 0x0a;
/** Lines beyond this many (120 MB) are not taken up: their records may be written again. */
const most = 2 ** 22;
const taken = -1;

/**
 * Of `file`; no lines yet. `mayRewrite`: it is open to be written anywhere. `begins` says whether a line only begins a
 * record.
 */
export function fileTail(file: FileHandle, mayRewrite: boolean, begins?: (line: Buffer) => boolean): FileTail {
  const window = fileWindow(file);

  /** Line i is `[starts[i], starts[i + 1])`. Behind the last line of each `add` there is one without text, taken. */
  let starts = new Float64Array(256);
  /** Their fingerprints, or `taken`. */
  let prints = new Float64Array(256);
  let count = 0;
  /** Lines by their fingerprint: the first one, and after each the next one; -1 is none. Made when first asked for. */
  let heads = new Int32Array(0);
  let nexts = new Int32Array(0);
  let justTaken: [line: number, print: number][] = [];

  function push(start: number, print: number): void {
    if (count === starts.length) [starts, prints] = [doubled(starts), doubled(prints)];
    starts[count] = start;
    prints[count] = print;
    count += 1;
  }

  /** Where the first line begins that begins at `from` or behind it, and before `until`. */
  async function lineFrom(from: number, until: number): Promise<number | undefined> {
    if (from === 0) return 0;
    for (let at = from - 1; at < until; at += windowSize) {
      const found = (await window.read(at, until)).indexOf(lineBreak);
      if (found !== -1) return at + found + 1;
    }
    return undefined;
  }

  /** Indexes what was taken up, in its order: of equal lines the first is taken first. */
  function index(): void {
    heads = new Int32Array(2 ** Math.ceil(Math.log2(count + 1))).fill(-1);
    nexts = new Int32Array(count);
    for (let line = count - 1; line >= 0; line--) {
      if (prints[line] === taken) continue;
      const slot = prints[line]! & (heads.length - 1);
      nexts[line] = heads[slot]!;
      heads[slot] = line;
    }
  }

  /** The first line that may have that fingerprint; from then on the index is without the taken ones before it. */
  function firstOf(print: number): number {
    const slot = print & (heads.length - 1);
    while (heads[slot] !== -1 && prints[heads[slot]!] === taken) heads[slot] = nexts[heads[slot]!]!;
    return heads[slot]!;
  }

  /** Does the record stand from that line on, none of its lines taken? Then they are. */
  async function take(line: number, body: Buffer, start: number, end: number): Promise<boolean> {
    const until = starts[line]! + end - start;
    let behind = line;
    for (; starts[behind]! < until; behind++) if (prints[behind] === taken) return false;
    if (!(await window.stands(starts[line]!, body, start, end))) return false;
    for (let each = line; each < behind; each++) {
      justTaken.push([each, prints[each]!]);
      prints[each] = taken;
    }
    return true;
  }

  /** Lines that follow one another, as those of a batch mostly do, at once. */
  async function rewriteTaken(): Promise<void> {
    for (let at = 0; at < justTaken.length;) {
      const first = justTaken[at]![0];
      let line = first;
      while (at < justTaken.length && justTaken[at]![0] === line) [at, line] = [at + 1, line + 1];
      await window.rewrite(starts[first]!, starts[line]!);
    }
  }

  /** Takes up lines from the beginning of one on. Returns where the last whole one begins, and where it ends. */
  async function addLines(from: number, until: number): Promise<readonly [last: number, end: number]> {
    let at = from;
    let last = from;
    while (at < until) {
      const text = await window.read(at, until);
      let start = 0;
      for (let end = text.indexOf(lineBreak) + 1; end > 0; end = text.indexOf(lineBreak, start) + 1) {
        if (count < most) push(at + start, fingerprint(text, start, end));
        last = at + start;
        start = end;
      }
      if (start === 0) {
        const next = text.length < windowSize ? undefined : await lineFrom(at + windowSize, until);
        if (next === undefined) break;
        if (count < most) push(at, fingerprint(await window.read(at), 0, windowSize));
        last = at;
        start = next - at;
      }
      at += start;
    }
    return [last, at];
  }

  return {
    async add(from, until) {
      const first = await lineFrom(from, until);
      if (first === undefined) return undefined;
      heads = new Int32Array(0);
      let [last, end] = await addLines(first, until);
      if (begins !== undefined && end - last <= windowSize && begins(await window.read(last, end))) {
        if (starts[count - 1] === last) count -= 1;
        end = last;
      }
      push(end, taken);
      return end;
    },
    async missing(body, ends) {
      if (heads.length === 0) index();
      justTaken = [];
      const kept: Buffer[] = [];
      let start = 0;
      let keptFrom = 0;
      for (const end of ends) {
        const lineEnd = body.indexOf(lineBreak, start) + 1;
        const print = fingerprint(body, start, Math.min(lineEnd, start + windowSize));
        for (let line = firstOf(print); line !== -1; line = nexts[line]!) {
          if (prints[line] !== print || !(await take(line, body, start, end))) continue;
          kept.push(body.subarray(keptFrom, start));
          keptFrom = end;
          break;
        }
        start = end;
      }
      if (mayRewrite) await rewriteTaken();
      return keptFrom === 0 ? body : Buffer.concat([...kept, body.subarray(keptFrom)]);
    },
    giveBack() {
      for (const [line, print] of justTaken) prints[line] = print;
      heads = new Int32Array(0);
    },
    left() {
      const ranges: [number, number][] = [];
      for (let line = 0; line < count; line++) {
        if (prints[line] === taken) continue;
        const from = starts[line]!;
        while (prints[line] !== taken) line++;
        ranges.push([from, starts[line]!]);
      }
      return ranges;
    },
  };
}

function doubled(array: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const more = new Float64Array(2 * array.length);
  more.set(array);
  return more;
}
