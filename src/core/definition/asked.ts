/**
 * What a definition asks for, as a mark that tells it from another one of the same name and address: whoever copies a
 * definition and changes its path would otherwise share the position of the first, and leave out what that has passed.
 */
import { hash } from 'node:crypto';
import type { SourceDefinition } from '../definition.ts';
import { canonical } from '../json/canonical.ts';

/** Leaves out what only says how records are asked for and read: paging, times, limits, words for people. */
export function askedOf({ request, parameters, job, items, variables, categories, records }: SourceDefinition): string {
  const { paging: _paging, gone: _gone, missing: _missing, ...item } = items ?? {};
  const asked = { request, parameters, job: job?.request, item, variables, categories, path: records.path };
  return hash('sha256', canonical(JSON.stringify(asked), [])).slice(0, 12);
}
