/** Requests to destinations that take an OAuth 2 token. */
import type { Session } from '../vendor/auth/session.ts';
import type { HttpReply } from '../tools.ts';

type Headers = Readonly<Record<string, string>>;

/**
 * Makes a request with the headers of the token; after a 401, once more with a new one: a token can be revoked, and the
 * server's clock can be ahead of ours.
 */
export async function withToken<T extends { readonly reply: Pick<HttpReply, 'status'> }>(
  login: Session,
  request: (token: Headers) => Promise<T>,
): Promise<T> {
  await login.open();
  const answer = await request(login.headers());
  if (answer.reply.status !== 401) return answer;
  await login.close();
  await login.open();
  return request(login.headers());
}
