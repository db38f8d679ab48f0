/** HTTP statuses by their class (RFC 9110 section 15). */

/** 2xx: the request was received, understood and accepted. */
export function isSuccessful(status: number): boolean {
  return status >= 200 && status <= 299;
}
