/** The key of a refused record, which has no ID: its text, in however many parts that came, and its number among equal ones. */
import { createHash, type Hash } from 'node:crypto';
import type { Identifier } from '../identity.ts';
import { canonical } from '../json/canonical.ts';
import { isIntricate } from '../json/parsed.ts';
import type { RefusedRecord } from '../types.ts';

/**
 * Gives each refused record its key, with its last part; to be called with all parts, in their order. `without`: members
 * that differ each time that a record is shown. With them, a record that is not UTF-8 would have a new key in each run.
 */
export function refusedKeys(
  without: readonly (readonly string[])[] = [],
): (record: RefusedRecord, identity: Pick<Identifier, 'refused'>) => RefusedRecord {
  let digest: Hash | undefined;
  return (record, identity) => {
    const isWhole = record.continued !== true && !record.more;
    if (digest === undefined || record.continued !== true) digest = createHash('sha256');
    digest.update((isWhole && without.length > 0 && lasting(record, without)) || record.text);
    return record.more ? record : { ...record, key: identity.refused(digest.digest()) };
  };
}

/** The text without the volatile members; undefined for what is not JSON, or too intricate to be taken apart. */
function lasting({ text }: RefusedRecord, without: readonly (readonly string[])[]): string | undefined {
  const json = text.toString('latin1'); // each byte as a character of its own, so that none is lost
  if (isIntricate(json)) return undefined;
  try {
    JSON.parse(json);
  } catch {
    return undefined;
  }
  return canonical(json, without);
}
