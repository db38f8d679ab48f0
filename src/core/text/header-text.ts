/** What may stand in a header (RFC 9110 section 5). */

/** A token: the name of a header. */
export function isHeaderName(text: string): boolean {
  return /^[\w!#$%&'*+.^`|~-]+$/.test(text);
}

/** Without line breaks and other control characters, and with no character beyond Latin 1. */
export function isHeaderValue(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text);
}
