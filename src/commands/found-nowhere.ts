/** A search that finds nothing because its field is misspelt, or is a list or an object, and not for its value. */
import type { Job, SearchedField, Source } from '../core/types.ts';

/**
 * What to say of it, when `unmatched` records were read in vain. At every tick of a job, that would be a mail for a --query whose
 * field is rare; but where one record has a category, all have.
 */
export function* foundNowhere(
  { absent, nested }: Pick<Source, 'absent' | 'nested'>,
  { usePosition }: Pick<Job, 'usePosition'>,
  unmatched: number,
): Generator<string> {
  if (unmatched === 0) return;
  const read = `${unmatched} ${unmatched === 1 ? 'was' : 'were'} read`;
  const isTold = ({ flag }: SearchedField): boolean => flag === '--categories' || !usePosition;
  for (const flag of ['--query', '--categories'] as const) {
    const fields = absent().flatMap((each) => (each.flag === flag && isTold(each) ? each.field : []));
    if (fields.length > 0) yield `${flag}: no record has ${[...new Set(fields)].join(' or ')}, and ${read}`;
  }
  for (const { flag, field } of nested().filter(isTold)) {
    yield (
      `${flag}: ${field} is a list or an object in all records that have it, and ${read}; ` +
        'name a member of an object, or pipe the records into jq'
    );
  }
}
