/** What the rules for records of a definition come to; apart from their schema, which is not needed when the program starts. */
import type { SourceDefinition } from '../definition.ts';

/**
 * Whether records that are equal are told apart by their number in a window, and so must be read together: with the item
 * that they came in, they are counted in that, which is read whole in any window.
 */
export function countedInWindow(id: SourceDefinition['records']['id']): boolean {
  return 'content' in id && id.item === undefined;
}
