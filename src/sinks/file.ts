/** A file that grows: JSON Lines, or another sink's wire form. */
import { allKept } from '../core/batch.ts';
import { jsonLine } from '../core/wire/json-line.ts';
import { isAction } from '../core/wire/elastic/form.ts';
import { exit, Problem } from '../core/problem.ts';
import type { FilePlace, SinkDefinition, SinkTools } from '../core/sink-tools.ts';
import type { Saved, Sink } from '../core/types.ts';

export const file: SinkDefinition = {
  name: 'file',
  summary: 'JSON Lines appended to a file',
  promise:
    'The records are on the disk before the position moves; what a killed run wrote is found there and not written again, but for one batch where members of the records differ each time (`volatile`); whole lines stay, whoever wrote them.',
  settings: { OUTPUT: { summary: 'The file to append to', required: true, kind: 'path', flag: 'output' } },
  takesForm: true,
  create: (values, tools) => fileSink(values['OUTPUT'], tools),
};

const limits = { records: Infinity, bytes: 1024 * 1024, record: Infinity };

/** `path` is absolute: another folder's file of the same name is another job's. */
export function fileSink(path: string | undefined, tools: Pick<SinkTools, 'file' | 'form'>): Sink {
  if (path === undefined || path === '') {
    throw new Problem(exit.config, 'the file sink has no file to append to', { hint: 'add --output <path>' });
  }
  const target = tools.file(path);
  return {
    name: 'file',
    scope: path,
    limits: () => limits,
    inFlight: 1,
    repeats: 'found',
    encode: tools.form?.encode ?? jsonLine,
    open: (saved) => target.open(place(saved), tools.form?.name === 'elastic' ? isAction : undefined),
    look: (saved) => target.look(place(saved)),
    async send(batch) {
      await target.append(batch.body, batch.ends);
      return { outcomes: allKept(batch) };
    },
    flush: () => target.sync(),
    saved: (settled) => ({ ...target.saved(settled) }),
    close: () => target.close(),
  };
}

/** How far the file was accounted for when the position was saved. */
function place(saved: Saved | undefined): FilePlace | undefined {
  if (saved === undefined) return undefined;
  if (typeof saved === 'object' && saved !== null && 'size' in saved && 'inode' in saved) {
    const { size, inode, unsettled = [] } = saved;
    if (isPlace(size) && typeof inode === 'string' && Array.isArray(unsettled) && unsettled.every(isRange)) {
      return { size, inode, unsettled };
    }
  }
  throw new Problem(exit.config, 'the position does not say how far the output file was written', {
    hint: 'the position was changed by hand, or by another version: restore it from the generation beside it',
  });
}

function isPlace(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isRange(value: unknown): value is readonly [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every(isPlace);
}
