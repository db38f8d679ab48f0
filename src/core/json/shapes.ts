/**
 * The shapes of records. Most records of a vendor are like an earlier one, byte for byte, but for the strings and numbers in
 * them: what lies between those is compared with what was met before, instead of being looked through token by token.
 *
 * A shape is the text before each value, and that before the end: `{"id":"` and `","count":` and `,"tags":[]}`. Shapes that begin
 * alike share their beginning, so they are a tree. A record that follows one of its paths to the end, with a sound value of the
 * same kind at each step, is as sound as the one that the path was learned from, and has its fields in the same places.
 */
import type { Buffer } from 'node:buffer';
import { scanScalar } from './scalar.ts';
import { nothing, string, stringEnd, valuesOf } from './values.ts';

export interface Shapes {
  /** The offset after the object that starts at `start`, with its fields in `spans`, if its shape is known; otherwise -1. */
  match(bytes: Buffer, start: number, end: number, spans: Int32Array): number;
  /** Learns the shape of the sound object `[start, end)` whose fields are at `spans`. Without room, all others are forgotten first. */
  learn(bytes: Buffer, start: number, end: number, spans: Int32Array): void;
  /** How many are known. */
  count(): number;
}

/** A step: these five numbers, and room for eight, half a line of the processor's cache. The root has only `firstBelow`. */
const width = 8;
const textAt = 0;
const textLength = 1;
const followedBy = 2;
const firstBelow = 3;
const nextBeside = 4;

const mostSteps = 4096;
const mostText = 128 * 1024;
/** Of one record. With the limits above, a few dozen shapes of the largest kind have room. */
const mostValues = 256;
const mostTextOfOne = 4096;
/** Ways on from one place, because a search goes through all of them; one more, and that place begins again. */
const mostBeside = 16;

/** None yet. */
export function shapes(): Shapes {
  const steps = new Int32Array(mostSteps * width);
  const texts = new DataView(new ArrayBuffer(mostText));
  /** By the last step of a shape: for each number in `spans`, in the text of which step it is, and how far from its beginning. */
  const places = new Map<number, Int32Array>();
  /** Where the text of each step began, in the record at hand. */
  const begins = new Int32Array(mostValues + 1);
  let nextStep = width;
  let nextText = 0;
  let viewed: Buffer | undefined;
  let view: DataView = new DataView(new ArrayBuffer(0));

  function viewOf(bytes: Buffer): DataView {
    if (bytes !== viewed) {
      viewed = bytes;
      view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    return view;
  }

  function match(bytes: Buffer, start: number, end: number, spans: Int32Array): number {
    const text = viewOf(bytes);
    let at = start;
    let count = 0;
    let step = steps[firstBelow] as number;
    while (step !== 0) {
      const length = steps[step + textLength] as number;
      if (at + length > end || !isSame(text, at, steps[step + textAt] as number, length)) {
        step = steps[step + nextBeside] as number;
        continue;
      }
      begins[count] = at;
      count = (count + 1) | 0;
      at = (at + length) | 0;
      const kind = steps[step + followedBy] as number;
      if (kind === nothing) {
        fill(spans, places.get(step));
        return at;
      }
      at = (kind === string ? stringEnd(text, at, end) : at < end ? scanScalar(text, at, end) : -1) | 0;
      if (at < 0) return -1;
      step = steps[step + firstBelow] as number;
    }
    return -1;
  }

  /** Four bytes at a time; some of the last four may have been compared before. */
  function isSame(text: DataView, at: number, from: number, length: number): boolean {
    const last = (at + length - 4) | 0;
    const further = (from - at) | 0;
    if (length < 4) {
      for (; at < last + 4; at = (at + 1) | 0) {
        if (text.getUint8(at) !== texts.getUint8((at + further) | 0)) return false;
      }
      return true;
    }
    for (; at < last; at = (at + 4) | 0) {
      if (text.getInt32(at, true) !== texts.getInt32((at + further) | 0, true)) return false;
    }
    return text.getInt32(last, true) === texts.getInt32((last + further) | 0, true);
  }

  function fill(spans: Int32Array, where: Int32Array | undefined): void {
    if (where === undefined) return;
    for (let index = 0; index < spans.length; index++) {
      const step = where[2 * index] as number;
      spans[index] = step < 0 ? -1 : (begins[step] as number) + (where[2 * index + 1] as number);
    }
  }

  function learn(bytes: Buffer, start: number, end: number, spans: Int32Array): void {
    const text = viewOf(bytes);
    let step = 0;
    let count = 0;
    let from = start;
    let length = 0;
    for (const [at, after, kind] of valuesOf(bytes, text, start, end)) {
      length += at - from;
      if (count > mostValues || length > mostTextOfOne) return;
      step = below(step, text, from, at - from, kind);
      if (step === 0) return;
      begins[count] = from;
      count += 1;
      from = after;
    }
    const where = new Int32Array(2 * spans.length);
    for (let index = 0; index < spans.length; index++) {
      const offset = spans[index] as number;
      const inside = offset < 0 ? -1 : begins.subarray(0, count).findLastIndex((begin) => begin <= offset);
      where[2 * index] = inside;
      where[2 * index + 1] = offset - (begins[inside] ?? 0);
    }
    places.set(step, where);
  }

  /** The step with that text below another one, which may be new; 0 when there is none and cannot be. */
  function below(parent: number, text: DataView, from: number, length: number, kind: number): number {
    let beside = 0;
    let before = parent + firstBelow;
    // The longer ones first: `"a":` begins `"a":"` as well.
    for (let step = steps[before] as number; step !== 0; step = steps[before] as number) {
      const known = steps[step + textLength] as number;
      if (known < length) break;
      const isLikely = known === length && steps[step + followedBy] === kind;
      if (isLikely && isSame(text, from, steps[step + textAt] as number, length)) return step;
      beside += 1;
      before = step + nextBeside;
    }
    if (beside === mostBeside) {
      before = parent + firstBelow;
      steps[before] = 0;
    }
    if (nextStep === steps.length || nextText + length > mostText) {
      forget();
      return 0;
    }
    const step = nextStep;
    steps[step + textAt] = nextText;
    steps[step + textLength] = length;
    steps[step + followedBy] = kind;
    steps[step + nextBeside] = steps[before] as number;
    steps[before] = step;
    for (let index = 0; index < length; index++) texts.setUint8(nextText + index, text.getUint8(from + index));
    nextStep += width;
    nextText += length;
    return step;
  }

  function forget(): void {
    steps.fill(0);
    places.clear();
    nextStep = width;
    nextText = 0;
  }

  return { match, learn, count: () => places.size };
}
