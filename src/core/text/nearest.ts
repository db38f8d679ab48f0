/** "Did you mean …?": the known word that a mistyped one most likely stands for. */

/**
 * The candidate closest to `word`, or undefined when none is close: at most a third of the letters (one to three) are
 * wrong, missing, added, or swapped with their neighbour. Case is not looked at. Of two that are as close, it is one that
 * `word` begins.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let fewest = Math.min(3, Math.max(1, Math.floor(word.length / 3))) + 1;
  let best: string | undefined;
  for (const candidate of candidates) {
    const count = edits(word.toLowerCase(), candidate.toLowerCase());
    const isBegun = candidate.toLowerCase().startsWith(word.toLowerCase());
    if (count < fewest || (count === fewest && best !== undefined && isBegun)) {
      best = candidate;
      fewest = count;
    }
  }
  return best;
}

/** ` (Did you mean X?)`, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const found = nearest(word, candidates);
  return found === undefined ? '' : ` (Did you mean ${found}?)`;
}

/** Optimal string alignment distance: single edits and swaps of neighbours. */
function edits(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let least = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1));
      if (a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        least = Math.min(least, beforeLast[column - 2]! + 1);
      }
      current.push(least);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length]!;
}
