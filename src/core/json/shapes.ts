/**
 * The shapes of records. Most records of a vendor are like an earlier one, byte for byte, but for the strings and numbers in
 * them: what lies between those is compared with what was met before, instead of being looked through token by token.
 *
 * A shape is the text before each value, and that before the end: `{"id":"` and `","count":` and `,"tags":[]}`. Shapes that begin
 * alike share their beginning, so they are a tree. A record that follows one of its paths to the end, with a sound value of the
 * same kind at each step, is as sound as the one that the path was learned from, and has its fields in the same places.
 */
import type { Buffer } from 'node:buffer';
import { incomplete } from './scalar.ts';
import { nothing, scalarEnd, string, stringEnd, valuesOf } from './values.ts';

export interface Shapes {
  /** The offset after the object that starts at `start`, with its fields in `spans`, if its shape is known; otherwise -1. */
  match(bytes: Buffer, start: number, end: number, spans: Int32Array): number;
  /** Learns the shape of the sound object `[start, end)` whose fields are at `spans`. Without room, all others are forgotten first. */
  learn(bytes: Buffer, start: number, end: number, spans: Int32Array): void;
  /** What the last of these two saved, as bytes that could have been looked through in the same time; below 0 what it cost. */
  saved(): number;
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
/** Of a larger record the most part is in its values, and those are looked through with and without its shape. */
const mostBytes = 64 * 1024;
/** Ways on from one place, because a search goes through all of them; one more, and the oldest is forgotten. */
const mostBeside = 16;
/** What it takes to look at a step, and to learn one, beside the bytes that are read for it: as many more. */
const looking = 4;
const learning = 64;

/** None yet. */
export function shapes(): Shapes {
  const steps = new Int32Array(mostSteps * width);
  const room = new Uint8Array(mostText);
  const texts = new DataView(room.buffer);
  /** By the last step of a shape: for each number in `spans`, in the text of which step it is, and how far from its beginning. */
  const places = new Map<number, Int32Array>();
  /** Where the text of each step began, in the record at hand. */
  const begins = new Int32Array(mostValues + 1);
  let nextStep = width;
  let nextText = 0;
  let saved = 0;
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
    const last = Math.min(end, start + mostBytes);
    let at = start;
    let count = 0;
    /** On comparing with other texts than its own. */
    let spent = 0;
    let step = steps[firstBelow] as number;
    while (step !== 0) {
      const length = steps[step + textLength] as number;
      const same = at + length > last ? 0 : alike(text, at, steps[step + textAt] as number, length);
      if (same === length) {
        begins[count] = at;
        const from = (at + length) | 0;
        const kind = steps[step + followedBy] as number;
        if (kind === nothing) {
          fill(spans, places.get(step));
          saved = ((3 * (from - start)) >> 3) - count - spent;
          return from;
        }
        const after = (kind === string ? stringEnd(text, from, last) : scalarEnd(text, from, last)) | 0;
        if (after >= 0) {
          count = (count + 1) | 0;
          at = after;
          step = steps[step + firstBelow] as number;
          continue;
        }
        spent = (spent + (after === incomplete ? last : -after) - from) | 0;
      }
      spent = (spent + same + looking) | 0;
      step = steps[step + nextBeside] as number;
    }
    saved = start - at - looking * count - spent;
    return -1;
  }

  /** How many bytes are the same, all or about how many of them. Four at a time, and of the last four some twice. */
  function alike(text: DataView, at: number, from: number, length: number): number {
    const last = (length - 4) | 0;
    let same = 0;
    if (length < 4) {
      while (same < length && text.getUint8((at + same) | 0) === texts.getUint8((from + same) | 0))
        same = (same + 1) | 0;
      return same;
    }
    for (; same < last; same = (same + 4) | 0) {
      if (text.getInt32((at + same) | 0, true) !== texts.getInt32((from + same) | 0, true)) return same;
    }
    return text.getInt32((at + last) | 0, true) === texts.getInt32((from + last) | 0, true) ? length : last;
  }

  function fill(spans: Int32Array, where: Int32Array | undefined): void {
    if (where === undefined) return;
    for (let index = 0; index < spans.length; index++) {
      const step = where[2 * index] as number;
      spans[index] = step < 0 ? -1 : (begins[step] as number) + (where[2 * index + 1] as number);
    }
  }

  function learn(bytes: Buffer, start: number, end: number, spans: Int32Array): void {
    saved = 0;
    if (end - start > mostBytes) return;
    const text = viewOf(bytes);
    let step = 0;
    let count = 0;
    let from = start;
    let length = 0;
    for (const [at, after, kind] of valuesOf(bytes, text, start, end)) {
      length += at - from;
      saved -= learning + spans.length + 2 * (after - from);
      if (count > mostValues || length > mostTextOfOne) return;
      step = below(step, bytes, from, at - from, kind);
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

  /** The step with that text below another one, which may be new, and then comes first; 0 when there is none and cannot be. */
  function below(parent: number, bytes: Buffer, from: number, length: number, kind: number): number {
    const text = viewOf(bytes);
    const first = steps[parent + firstBelow] as number;
    let beside = 0;
    let last = 0;
    for (let step = first; step !== 0; step = steps[step + nextBeside] as number) {
      if (steps[step + textLength] === length && steps[step + followedBy] === kind) {
        const same = alike(text, from, steps[step + textAt] as number, length);
        if (same === length) return step;
        saved -= same;
      }
      beside += 1;
      if (beside < mostBeside) last = step;
    }
    if (beside === mostBeside) steps[last + nextBeside] = 0;
    if (nextStep === steps.length || nextText + length > mostText) {
      forget();
      return 0;
    }
    const step = nextStep;
    steps[step + textAt] = nextText;
    steps[step + textLength] = length;
    steps[step + followedBy] = kind;
    steps[step + nextBeside] = first;
    steps[parent + firstBelow] = step;
    bytes.copy(room, nextText, from, from + length);
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

  return { match, learn, saved: () => saved, count: () => places.size };
}
