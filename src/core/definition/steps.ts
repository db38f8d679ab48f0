/** Requests before the pages of a window (`prepare`), and for what its pages list (`items`). */
import * as z from 'zod/mini';
import { innerPaging } from './paging.ts';
import { answers, missing, optional, path, request } from './parts.ts';

/** Sent once a run and branch, before its first window; like every POST here, it may be sent again. */
export const prepare = z.array(
  z.strictObject({
    request,
    /** Answers that say that it was done already: such a refusal is a success. */
    done: optional(answers),
  }),
);

/** The pages do not hold records but list items, each of which is fetched for its records. */
export const items = z.strictObject({
  /** Where the list is; left out when the document is the list. */
  path: optional(path),
  /** What a reply without that list means, as in `records`. */
  missing: optional(missing),
  /** The member of an item that is its address, absolute or relative; never on another host. */
  address: optional(path),
  /** Or the member that is {item} in this request. */
  name: optional(path),
  request: optional(request),
  /** The pages of one item; it has one when this is left out. */
  paging: optional(innerPaging),
  /** What says, besides 410, that an item has expired since it was listed: it is skipped, and the run ends with 3. */
  gone: optional(answers),
});
