/** How deeply the lists and objects of a definition are nested. */

/** No definition needs as many, and whatever walks through one would overflow the stack at some depth. */
export const mostLevels = 100;

/** The place of a part that has more: `request.json`, in as many names as are worth it. Undefined when there is none. */
export function deepPart(value: unknown): string | undefined {
  let level: readonly (readonly [place: string, value: unknown])[] = [['', value]];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > mostLevels) return level[0]?.[0];
    level = level.flatMap(([place, each]) => {
      if (typeof each !== 'object' || each === null) return [];
      const isNamed = depth < 2 && !Array.isArray(each);
      return Object.entries(each).map(([key, inner]) => [isNamed ? `${place}.${key}` : place, inner] as const);
    });
  }
  return undefined;
}
