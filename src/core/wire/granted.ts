/** Requests to destinations that take a token of OAuth 2. */
import type { Session } from '../vendor/auth/session.ts';
import type { HttpReply } from '../types.ts';

type Headers = Readonly<Record<string, string>>;

/**
 * Makes an attempt with the headers of a token; with a new one, once, where the answer is 401: a token can end before its
 * time, and by the clock of this machine later than by the server's.
 */
export async function granted<T extends { readonly reply: Pick<HttpReply, 'status'> }>(
  login: Session,
  attempt: (token: Headers) => Promise<T>,
): Promise<T> {
  await login.open();
  const answer = await attempt(login.headers());
  if (answer.reply.status !== 401) return answer;
  await login.close();
  await login.open();
  return attempt(login.headers());
}
