/** HTTP statuses (RFC 9110 section 15). */

export const noContent = 204;
export const notFound = 404;
/** The address is there, and is not asked by this method. */
export const notAllowed = 405;
/** It has none of the formats that were asked for (`Accept`). */
export const notAcceptable = 406;
/** What was asked for is there no longer, such as the page behind a cursor. */
export const gone = 410;
/** What was asked for is more than the server gives, or takes, at once. */
export const tooLarge = 413;
/** A gateway's word for a server that took too long; here, for one that we no longer wait for. */
export const timedOut = 504;

/**
 * Whether a page behind others is refused by it for what led there: a cursor or a query has ended, or the vendor shows only
 * so many pages of one window. Vendors tell that by many a status.
 */
export function refusesLaterPage(status: unknown): boolean {
  return status === 400 || status === notFound || status === gone || status === 422;
}

/** 2xx: the request was received, understood and accepted. */
export function isSuccessful(status: number): boolean {
  return status >= 200 && status <= 299;
}
