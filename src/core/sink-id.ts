/** A record's ID as destinations know it: two sources that number alike do not meet. */
import { idText } from './identity.ts';
import type { AuditRecord } from './types.ts';

/** `<source>:<id>`. */
export function sinkId(sourceName: string, record: AuditRecord): string {
  return `${sourceName}:${idText(record.key, record.keyStart, record.keyEnd)}`;
}
