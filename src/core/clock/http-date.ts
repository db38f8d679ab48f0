/** Dates as HTTP writes them (RFC 9110 section 5.6.7): `Date`, `Retry-After`, `Expires`. */

/** As English abbreviates them, in lower case. */
export const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** `Fri, 20 Nov 2026 09:00:00 GMT`, the form that RFC 9110 asks for; cookies put dashes into it. */
const fixed = /^[a-z]+, (\d{1,2})[ -]([a-z]{3})[ -](\d{2}|\d{4}) (\d{2}):(\d{2}):(\d{2}) (?:gmt|utc)$/i;
/** `Fri Nov 20 09:00:00 2026`, of C's asctime, still to be accepted. */
const asctime = /^[a-z]{3} ([a-z]{3}) [ ]?(\d{1,2}) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/i;

/** Milliseconds since 1970, or undefined when the text is not an HTTP date. `Date.parse` would read '65' as a year. */
export function parseHttpDate(text: string): number | undefined {
  const value = text.trim();
  let match = fixed.exec(value);
  if (match !== null) return moment(match[3], match[2], match[1], match[4], match[5], match[6]);
  match = asctime.exec(value);
  if (match !== null) return moment(match[6], match[1], match[2], match[3], match[4], match[5]);
  return undefined;
}

function moment(yearText = '', monthText = '', ...rest: readonly (string | undefined)[]): number | undefined {
  const month = months.indexOf(monthText.toLowerCase());
  const [day = 0, hour = 0, minute = 0, second = 0] = rest.map(Number);
  // Two digits, as in RFC 850: from 70 on they are of the past century (RFC 6265 section 5.1.1, for cookies).
  const year = yearText.length === 2 ? Number(yearText) + (Number(yearText) < 70 ? 2000 : 1900) : Number(yearText);
  if (month === -1 || hour > 23 || minute > 59 || second > 60) return undefined;
  const value = Date.UTC(year, month, day, hour, minute, second);
  return new Date(Date.UTC(year, month, day)).getUTCDate() === day ? value : undefined;
}
