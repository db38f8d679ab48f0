/**
 * Which records of a batch to send next, while the batch cannot be sent as a whole. A batch that is too large goes in
 * halves. A batch that one record spoils is searched: its first half is tried; if that is fine, the culprit is in the
 * second, which need not be tried whole. The last suspect is sent alone: only a record that was refused by itself is set
 * aside. When it is found, everything that was left behind goes in one request. So a poison record among n costs at most
 * ceil(log2 n) + 2 further requests. Where two were found and no record was taken yet, all may be refused: from then on
 * each costs one request, until one is taken.
 */

import type { Reply } from '../types.ts';

/** Why a request was not taken as it was. */
export type Split = Extract<Reply, { split: string }>;

/** Records to send in one request, by ascending index. */
export interface Task {
  readonly indices: readonly number[];
  /** 1 for the first; counts on only while nothing gets an outcome. */
  readonly attempt: number;
}

export interface Worklist {
  /** Takes the records to send next; undefined when all are done. */
  next(): Task | undefined;
  /** Puts records back, to be sent before all others. */
  again(task: Task): void;
  /** The request was too large. */
  tooLarge(task: Task, why: Split): void;
  /** Some record in the request spoils it. */
  spoilt(task: Task, why: Split): void;
}

/** A list of `count` records, to be sent at once if possible; `refuse` is called for each that can never be sent. */
export function worklist(count: number, refuse: (index: number, why: Split) => void): Worklist {
  const parts: Part[] = [{ indices: [...Array(count).keys()], attempt: 1, kind: 'fresh' }];
  let culprits = 0;
  let isAnyTaken = false;
  let isOut = false; // a task was taken from here, and nothing has come back

  /** Everything that was left behind at the front of the list, as one task; only the first of it where all may be refused. */
  function rest(): Task {
    const indices: number[] = [];
    while (parts[0]?.kind === 'rest') indices.push(...parts.shift()!.indices);
    if (isAnyTaken || culprits < 2 || indices.length === 1) return { indices, attempt: 1 };
    parts.unshift({ indices: indices.slice(1), attempt: 1, kind: 'rest' });
    return { indices: indices.slice(0, 1), attempt: 1 };
  }

  return {
    next() {
      isAnyTaken ||= isOut;
      isOut = true;
      const [part] = parts;
      if (part?.kind === 'rest') return rest();
      parts.shift();
      if (part?.kind !== 'suspect' || part.indices.length === 1) return part;
      const [first, second] = halves(part);
      parts.unshift({ ...part, indices: second });
      return { indices: first, attempt: 1 };
    },
    again(task) {
      isOut = false;
      parts.unshift({ ...task, kind: 'fresh' });
    },
    tooLarge(task, why) {
      isOut = false;
      if (task.indices.length === 1) {
        for (const index of task.indices) refuse(index, why);
        return;
      }
      for (const indices of halves(task).toReversed()) parts.unshift({ indices, attempt: 1, kind: 'fresh' });
    },
    spoilt(task, why) {
      isOut = false;
      // The culprit is here, so the part that was suspected after this one is cleared.
      const [after] = parts;
      if (after?.kind === 'suspect') parts[0] = { indices: after.indices, attempt: 1, kind: 'rest' };
      if (task.indices.length === 1) {
        culprits += 1;
        for (const index of task.indices) refuse(index, why);
        return;
      }
      const [first, second] = halves(task);
      parts.unshift({ indices: first, attempt: 1, kind: 'fresh' }, { indices: second, attempt: 1, kind: 'suspect' });
    },
  };
}

/** fresh: nothing known. suspect: holds the culprit if the part before it is clean. rest: left by a search, still to be sent. */
type Part = Task & { readonly kind: 'fresh' | 'rest' | 'suspect' };

/** The second half is the larger one, so that what is left behind is no smaller than what was searched. */
function halves(task: Task): [number[], number[]] {
  const middle = Math.floor(task.indices.length / 2);
  return [task.indices.slice(0, middle), task.indices.slice(middle)];
}
