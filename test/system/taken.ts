/** Compares what a destination has taken with what a vendor had. */
import assert from 'node:assert/strict';

/** Each record arrived once, as it was but for fields before and after its own; nothing else did. */
export function assertTaken(taken: readonly string[], texts: readonly string[]): void {
  const inside = new Map(texts.map((text) => [text.slice(1, -1), 0]));
  const strange: string[] = [];
  for (const one of taken) {
    const own = [...inside.keys()].find((text) => one.includes(text));
    if (own === undefined) strange.push(one);
    else inside.set(own, (inside.get(own) ?? 0) + 1);
  }
  assert.deepEqual(strange, [], 'nothing else arrived');
  assert.deepEqual(
    [...inside].filter(([, times]) => times !== 1),
    [],
    'each arrived once',
  );
}
