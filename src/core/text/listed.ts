/** Names in a sentence. */

const mostNamed = 10;

/** `A, B, C`, or the first ten `and 4990 more`. */
export function firstOf(names: readonly string[]): string {
  const more = names.length - mostNamed;
  return `${names.slice(0, mostNamed).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** `A`, `A and B`, `A, B and C`. */
export function listed(names: readonly string[], word: 'and' | 'or' = 'and'): string {
  return [names.slice(0, -1).join(', '), ...names.slice(-1)].filter((part) => part !== '').join(` ${word} `);
}
