/** Headers on their way out and in. */
import { parseHttpDate } from '../../core/clock/http-date.ts';
import { unfitForHeader } from '../../core/hint.ts';
import { exit } from '../../core/problem.ts';
import { isHeaderValue } from '../../core/text/header-text.ts';
import { problem, type Where } from './http-errors.ts';

type Headers = Readonly<Record<string, string>>;
/** As undici gives them: a list where a name comes more than once. */
type Received = Readonly<Record<string, string | string[] | undefined>>;

/** Names in lower case. Throws Problem 78 for a value that could break out of its line, without saying the value. */
export function outgoingHeaders(headers: Headers, where: Where): Headers {
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  for (const [name, value] of entries) {
    if (isHeaderValue(value)) continue;
    const what = `cannot be sent the header ${name}, because its value has characters that headers cannot carry`;
    const hint = unfitForHeader((names) => `look for a line break or a typographic character in ${names}`);
    throw problem(exit.config, where, what, { hint });
  }
  return Object.fromEntries(entries);
}

/** Repeated ones joined (RFC 9110 section 5.3). Cookies are left out: they are secrets that the client keeps to itself. */
export function incomingHeaders(headers: Received): Headers {
  const entries = Object.entries(headers).filter(([name, value]) => value !== undefined && name !== 'set-cookie');
  return Object.fromEntries(entries.map(([name, value]) => [name, [value].flat().join(', ')]));
}

/**
 * The time by the server's clock, in milliseconds since 1970, if it tells; of several the earliest, so that nothing is
 * passed over.
 */
export function dateOf({ date = [] }: Received): number | undefined {
  const [earliest] = [date]
    .flat()
    .flatMap((text) => parseHttpDate(text) ?? [])
    .toSorted((one, other) => one - other);
  return earliest;
}
