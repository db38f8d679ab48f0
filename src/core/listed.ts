/** Names in a sentence. */

/** `A`, `A and B`, `A, B and C`. */
export function listed(names: readonly string[]): string {
  return [names.slice(0, -1).join(', '), ...names.slice(-1)].filter((part) => part !== '').join(' and ');
}
