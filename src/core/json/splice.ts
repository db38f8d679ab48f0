/** `--add key=value`: fields at the end of each record's text. The text itself is copied, never read and written anew. */
import { Buffer } from 'node:buffer';
import { hasTopLevelKey, skipBlanks } from './json.ts';
import { exit, Problem } from '../problem.ts';
import type { Tools } from '../tools.ts';
import type { AuditRecord, Sink } from '../types.ts';

export type Field = readonly [key: string, value: string];

/** The fields of `--add`, in order. Throws Problem 64. */
export function parseFields(texts: readonly string[]): Field[] {
  const fields = new Map<string, string>();
  for (const text of texts) {
    const equals = text.indexOf('=');
    if (equals < 1) {
      throw new Problem(exit.usage, `--add ${JSON.stringify(text)} is not a field`, {
        hint: 'write --add key=value; the value becomes a JSON string',
      });
    }
    const key = text.slice(0, equals);
    if (fields.has(key)) throw new Problem(exit.usage, `--add gives ${key} twice`, { hint: 'leave one of them out' });
    fields.set(key, text.slice(equals + 1));
  }
  return [...fields];
}

/**
 * The sink, given records with the fields before their closing brace. A record that has such a member keeps its own.
 * What goes by the record itself (its ID, whether it is known, the quarantine) does not see the fields.
 */
export function withFields(sink: Sink, fields: readonly Field[], { warn }: Pick<Tools, 'warn'>): Sink {
  if (fields.length === 0) return sink;
  const members = fields.map(([key, value]) => ({ key, text: `${JSON.stringify(key)}:${JSON.stringify(value)}` }));
  const allOfThem = Buffer.from(members.map(({ text }) => text).join(','));

  function fieldsFor({ bytes, start, end }: AuditRecord): Buffer {
    const taken = members.filter(({ key }) => hasTopLevelKey(bytes, start, end, key));
    if (taken.length === 0) return allOfThem;
    for (const { key } of taken) warn(`--add ${key}: records that have ${key} already keep their own`);
    const rest = members.filter((member) => !taken.includes(member));
    return Buffer.from(rest.map(({ text }) => text).join(','));
  }

  return {
    ...sink,
    encode: (record, out, branch) => sink.encode(spliced(record, fieldsFor(record)), out, branch),
  };
}

function spliced(record: AuditRecord, fields: Buffer): AuditRecord {
  const { bytes, start, end } = record;
  if (fields.length === 0) return record;
  const isEmpty = skipBlanks(bytes, start + 1, end) === end - 1;
  const comma = isEmpty ? 0 : 1;
  const longer = Buffer.allocUnsafe(end - start + comma + fields.length);
  let at = bytes.copy(longer, 0, start, end - 1);
  if (comma === 1) at = longer.writeUInt8(0x2c, at);
  at += fields.copy(longer, at);
  longer.writeUInt8(0x7d, at);
  return { ...record, bytes: longer, start: 0, end: longer.length };
}
