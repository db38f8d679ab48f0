/** HTTP statuses (RFC 9110 section 15). */

export const noContent = 204;
export const notFound = 404;
/** The address exists, but not for this method. */
export const notAllowed = 405;
/** The server has none of the formats that were asked for (`Accept`). */
export const notAcceptable = 406;
/** What was asked for is no longer there; all that stands for it is in core/vendor/gone.ts. */
export const gone = 410;
/** What was asked for is more than the server gives, or takes, at once. */
export const tooLarge = 413;
/** What was asked for has a longer address, or longer headers, than the server reads. */
export const uriTooLong = 414;
export const headersTooLarge = 431;
/** What a gateway says of a server whose reply it did not get whole; here, of one whose connection broke. */
export const badGateway = 502;
/** What was asked for cannot be given now, and may be too much; what a reply or a job that has failed says in its body stands for it. */
export const unavailable = 503;
/** What a gateway says of a server that took too long; here, of one that we no longer wait for. */
export const timedOut = 504;

/**
 * Whether it may refuse a later page because of what led there: a cursor or a query that has expired, or a limit on the
 * pages of one window. Vendors use several statuses for that.
 */
export function refusesLaterPage(status: unknown): boolean {
  return status === 400 || status === notFound || status === gone || status === 422;
}

/** 2xx: the request was received, understood and accepted. */
export function isSuccessful(status: number): boolean {
  return status >= 200 && status <= 299;
}
