/** The members that are looked up in every record: for its ID, its time, the next page, what is volatile, what is searched. */
import type { SourceDefinition } from '../definition.ts';
import type { IdentityRule } from '../identity.ts';
import { parsePath } from '../json/path.ts';
import type { VendorSearch } from './search.ts';

/** How the records of a definition are identified. */
export function identityRule({ records: { id, volatile = [] } }: SourceDefinition): Required<IdentityRule> {
  const { paths, first, without, item } = { paths: [], first: false, without: [], item: false, ...id };
  return { paths: paths.map(parsePath), first, without: [...volatile, ...without].map(parsePath), item };
}

/** All paths that are looked up in every record, and where in that list each kind begins. */
export interface Fields {
  readonly paths: readonly (readonly string[])[];
  /** -1 where there is none, and so is `last`. */
  readonly time: number;
  readonly last: number;
  readonly volatile: number;
  readonly volatileCount: number;
  readonly wanted: number;
}

export function fieldsOf(definition: SourceDefinition, search: VendorSearch): Fields {
  const { paging, records } = definition;
  const { paths: identity, without } = identityRule(definition); // first: identity.key reads its spans from 0 on
  const time = records.time === undefined ? [] : [parsePath(records.time.path)];
  const last = paging.type === 'cursor' && paging.last !== undefined ? [parsePath(paging.last)] : [];
  const lastAt = identity.length + time.length;
  const volatile = lastAt + last.length;
  return {
    paths: [...identity, ...time, ...last, ...without, ...search.paths],
    time: time.length === 0 ? -1 : identity.length,
    last: last.length === 0 ? -1 : lastAt,
    volatile,
    volatileCount: without.length,
    wanted: volatile + without.length,
  };
}

/** Members that every record should have; of several that may be the ID, one is enough. */
export function columnsOf(definition: SourceDefinition): readonly string[] {
  const { time } = definition.records;
  const { paths: ids, first } = identityRule(definition);
  const paths = [...(first ? [] : ids), ...(time === undefined ? [] : [parsePath(time.path)])];
  return paths.flatMap((path) => path.slice(0, 1));
}
