/** How a definition says where the next page is: of the records, and of the list of branches. */
import * as z from 'zod/mini';
import { answers, optional, path, request, test } from './parts.ts';

/** When the pages end, besides a next page that is missing, null or empty. */
const stop = z.array(
  z.enum([
    /** the vendor documents that the last page names no next one; without it, a full first page without a next one gives a warning */
    'missing',
    /** fewer records than asked for */
    'short-page',
    /** no records; without it, the pages go on after an empty one that names a next page */
    'empty-page',
    /** the cursor that was sent came back; without it, that is a cycle and an error */
    'unchanged',
  ]),
);

const everyPaging = {
  /** The request for later pages, and from a bookmark on, when it differs: other path, no time bounds, cursor only. */
  request: optional(request),
  stop: optional(stop),
  /** A flag such as `has_more`: the pages go on with true, "true" or 1. What is neither true nor false is an error. */
  more: optional(path),
};

/** A cursor is a text, an integer, or a list of them, as the body says. */
const cursor = {
  type: z.literal('cursor'),
  path: optional(path),
  header: optional(z.string()),
  /** The header holds such a value as JSON; without it, a text. */
  json: optional(z.boolean()),
  ...everyPaging,
};

/** A cursor or address that may outlive the run. */
const lasting = {
  /** The next run goes on there. */
  bookmark: optional(z.boolean()),
  /**
   * What says, besides 410, that it is no longer valid, so that the window is read from its beginning. Where it does not
   * outlive the run, 400, 404 and 422 say so, too.
   */
  invalid: optional(answers),
};

const none = z.strictObject({ type: z.literal('none') });
const aRelation = 'a link relation such as prev';
/** The `Link` header with rel="next" (RFC 8288), or with another relation: where the newest page comes first, that may be prev. */
const link = {
  type: z.literal('link'),
  relation: optional(z.string(aRelation).check(z.regex(/^[^\s"']+$/, aRelation))),
  ...everyPaging,
};
/** The next page's address, absolute or relative, in the body or in a header. */
const url = {
  type: z.literal('url'),
  path: optional(path),
  header: optional(z.string()),
  /** At `path` is a list of links: the one that passes this test has the address, at `address` in it. */
  pick: optional(test),
  address: optional(path),
  ...everyPaging,
};
/** Pages by number, from `first` (1) on. `pages`: where the vendor says how many there are. */
const page = { type: z.literal('page'), first: optional(z.int()), pages: optional(path), ...everyPaging };
/**
 * Rows that are counted. Unless a job found them, each page is asked for from the last row of the page before, which proves
 * that none has moved; `reread: false` where the vendor takes only multiples of the page's size.
 */
const offset = z.strictObject({ type: z.literal('offset'), reread: optional(z.boolean()), ...everyPaging });

export const paging = z.discriminatedUnion('type', [
  none,
  z.strictObject({ ...link, ...lasting }),
  z.strictObject({ ...url, ...lasting }),
  /** A cursor in the body, in a header, or a field of the page's last record (`last`). */
  z.strictObject({ ...cursor, last: optional(path), ...lasting }),
  /** `end`: which refusals of a later page, by HTTP status or by what they say, mean that there are no more pages. */
  z.strictObject({ ...page, end: optional(answers) }),
  offset,
]);

/** Of a list of branches, and of an item: no cursor there outlives the run. */
export const innerPaging = z.discriminatedUnion('type', [
  none,
  z.strictObject(link),
  z.strictObject(url),
  z.strictObject(cursor),
  z.strictObject(page),
  offset,
]);

/** Parts with a position each: listed in a setting, here, or by the vendor. */
export const branches = z.strictObject({
  /** A setting that lists them, separated by spaces or commas. */
  setting: optional(z.string()),
  values: optional(z.array(z.string()).check(z.minLength(1))),
  /** Only settings have a value in its requests, and what its paging needs. */
  fetch: optional(
    z.strictObject({
      request,
      /** Where the list is; left out when the reply is the list. */
      path: optional(path),
      /** The name in each element, a text or an integer; left out when the elements are the names. */
      member: optional(path),
      /** How the list goes on, or `none`: one that is cut would leave out branches. */
      paging: innerPaging,
    }),
  ),
});
