/** Where the records of a reply are, and where each of them has its ID and time. */
import * as z from 'zod/mini';
import { missing, optional, path } from './parts.ts';
import { format, zone } from './window.ts';

export const records = z.strictObject({
  /** `json`: an array in a JSON document. `lines`: one record a line. `csv`: one a row, named by the first line. */
  format: optional(z.enum(['json', 'lines', 'csv'])),
  /** Where the array is; left out when the document is the array. */
  path: optional(path),
  /** `object`: its values are the records, under keys that mean nothing. */
  container: optional(z.enum(['array', 'object'])),
  missing: optional(missing),
  /**
   * The ID: one or more members, joined or with `first` the first that the record has; or the content where the vendor has
   * none (`without` is an older name of `volatile`).
   */
  id: z.union([
    z.strictObject({ paths: z.array(path).check(z.minLength(1)), first: optional(z.boolean()) }),
    z.strictObject({
      content: z.literal(true),
      /** And the item that it came in, by its address or name: it is whole, and never another. */
      item: optional(z.literal(true)),
      without: optional(z.array(path)),
    }),
  ]),
  time: optional(z.strictObject({ path, format, zone })),
  /** Members that may differ each time that a record is shown, and say nothing of its content. */
  volatile: optional(z.array(path)),
  /** How many records the whole window has, or the rest of it, as its first page says; fewer is an error. */
  total: optional(path),
  /** How many records the page has; fewer is an error. */
  count: optional(path),
  /** True there on the last page says that a cap cut off the rest: the window is read again in shorter parts. */
  capped: optional(path),
});
