/** Paths of member names, compiled to a tree of keys so that a scanner can look for all of them in one pass. */
import { Buffer } from 'node:buffer';

/** A place inside a record that leads to wanted fields. */
export interface FieldNode {
  /** The wanted fields whose value stands here. */
  readonly fields: readonly number[];
  /** Those, and all wanted fields below. */
  readonly subtree: readonly number[];
  readonly children: readonly { readonly name: string; readonly key: Buffer; readonly node: FieldNode }[];
}

/** The tree for some paths; the number of a field is its place in `paths`. */
export function fieldTree(paths: readonly (readonly string[])[]): FieldNode {
  return branch(
    paths.map((path, field) => ({ path, field })),
    0,
  );
}

/** The node under the key whose text (without its quotes) is `[start, end)`, with no escape in it. */
export function childNode(node: FieldNode, text: DataView, start: number, end: number): FieldNode | undefined {
  const { children } = node;
  const length = end - start;
  for (let number = 0; number < children.length; number++) {
    const child = children[number];
    if (child !== undefined && child.key.length === length && same(child.key, text, start)) return child.node;
  }
  return undefined;
}

/** The same for a key that was decoded. */
export function namedNode(node: FieldNode, name: string): FieldNode | undefined {
  return node.children.find((child) => child.name === name)?.node;
}

/** A wanted value begins: notes it in `spans`. What an earlier duplicate of its key had shown is void. */
export function beginField(spans: Int32Array, node: FieldNode, at: number): void {
  const { subtree, fields } = node;
  for (let number = 0; number < subtree.length; number++) {
    const field = subtree[number] as number;
    spans[2 * field] = -1;
    spans[2 * field + 1] = -1;
  }
  for (let number = 0; number < fields.length; number++) spans[2 * (fields[number] as number)] = at;
}

/** A wanted value ends. */
export function endField(spans: Int32Array, node: FieldNode, at: number): void {
  const { fields } = node;
  for (let number = 0; number < fields.length; number++) spans[2 * (fields[number] as number) + 1] = at;
}

function same(key: Buffer, text: DataView, start: number): boolean {
  for (let at = 0; at < key.length; at++) if (key[at] !== text.getUint8(start + at)) return false;
  return true;
}

interface Wanted {
  readonly path: readonly string[];
  readonly field: number;
}

function branch(wanted: readonly Wanted[], depth: number): FieldNode {
  const below = wanted.filter(({ path }) => path.length > depth);
  const names = [...new Set(below.map(({ path }) => path[depth] ?? ''))];
  return {
    fields: wanted.filter(({ path }) => path.length === depth).map(({ field }) => field),
    subtree: wanted.map(({ field }) => field),
    children: names.map((name) => ({
      name,
      key: Buffer.from(name),
      node: branch(
        below.filter(({ path }) => path[depth] === name),
        depth + 1,
      ),
    })),
  };
}
