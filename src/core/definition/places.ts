/** The names that a definition can have, and the parts that each of them belongs to. */
import type * as z from 'zod/mini';

/** By name; a part is written `window`, or `paging of type cursor`. */
export type Places = ReadonlyMap<string, ReadonlySet<string>>;

/** All names of members that a schema knows. */
export function placesOf(schema: z.core.$ZodType): Places {
  const found = new Map<string, Set<string>>();
  const visit = (each: z.core.$ZodType, path: readonly string[]): void => {
    const { def } = each._zod as z.core.$ZodTypes['_zod'];
    if (def.type === 'object') {
      const place = (path.length === 0 ? 'the definition itself' : path.join('.')) + typeOf(def.shape);
      for (const [key, member] of Object.entries(def.shape)) {
        found.set(key, (found.get(key) ?? new Set()).add(place));
        visit(member, [...path, key]);
      }
    } else if (def.type === 'optional') visit(def.innerType, path);
    else if (def.type === 'union') for (const option of def.options) visit(option, path);
    else if (def.type === 'array') visit(def.element, path);
    else if (def.type === 'record') visit(def.valueType, [...path, 'NAME']);
  };
  visit(schema, []);
  return found;
}

/** ` of type cursor`, where that tells apart what a part may be. */
function typeOf(shape: Readonly<Record<string, z.core.$ZodType>>): string {
  const def = (shape['type']?._zod as z.core.$ZodTypes['_zod'] | undefined)?.def;
  return def?.type === 'literal' ? ` of type ${def.values.join(', ')}` : '';
}
