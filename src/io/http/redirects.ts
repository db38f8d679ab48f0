/**
 * Redirects are followed by hand, a few, and only inside the origin: a client library that follows them hands API keys
 * in headers of their own (X-API-Key and the like) and bodies with passwords to whatever host the reply names.
 */
import { atAddress } from '../../core/hint.ts';
import { resolveSameOrigin } from '../../core/origin.ts';
import { exit } from '../../core/problem.ts';
import { problem, type Where } from './http-errors.ts';

const most = 3;
const bodiless: readonly string[] = ['GET', 'HEAD'];

/** Whether the status says that another address is to be asked (RFC 9110 section 15.4). */
export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/**
 * The address to go on with. Throws Problem 76 when it is in another origin, when the request would lose its body (301,
 * 302 and 303 turn a POST into a GET; GET and HEAD have none), after the third redirect, or where none is `allowed`.
 */
export function followRedirect(
  {
    status,
    location,
    count,
    allowed = true,
  }: { status: number; location: string | string[] | undefined; count: number; allowed?: boolean | undefined },
  where: Where,
): URL {
  const refuse = (what: string): Error =>
    problem(exit.protocol, where, what, {
      code: `HTTP ${status}`,
      hint: atAddress((url) => `set ${url} to the final address of the API`),
    });
  if (!allowed) throw refuse('redirects, which is not followed');
  if (typeof location !== 'string') throw refuse('redirects to nowhere');
  const url = resolveSameOrigin(where.url.href, location);
  if (!bodiless.includes(where.method) && status < 307)
    throw refuse(`redirects a ${where.method}, which would lose its body`);
  if (count >= most) throw refuse(`redirects more than ${most} times`);
  return url;
}
