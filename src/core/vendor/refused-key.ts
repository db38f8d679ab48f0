/** The key of a refused record, which has no ID: its text, in however many parts that came, and its number among equal ones. */
import { createHash, type Hash } from 'node:crypto';
import type { Identify } from '../identity.ts';
import type { RefusedRecord } from '../types.ts';

/** Gives each refused record its key, with its last part; to be called with all parts, in their order. */
export function refusedKeys(): (record: RefusedRecord, identity: Pick<Identify, 'refused'>) => RefusedRecord {
  let digest: Hash | undefined;
  return (record, identity) => {
    if (digest === undefined || record.continued !== true) digest = createHash('sha256');
    digest.update(record.text);
    return record.more ? record : { ...record, key: identity.refused(digest.digest()) };
  };
}
