/** Uploads to destinations that take an OAuth 2 token. */
import type { Session } from '../vendor/auth/session.ts';
import type { Answered, Headers, Upload } from './upload.ts';

/**
 * The same uploads with the headers of the token; after a 401, once more with a new one: a token can be revoked, and the
 * server's clock can be ahead of ours.
 */
export function withToken(uploads: Upload, login: Session): Upload {
  async function asked<T extends Answered>(request: (token: Headers) => Promise<T>): Promise<T> {
    await login.open();
    const answer = await request(login.headers());
    if (answer.reply.status !== 401) return answer;
    await login.close();
    await login.open();
    return request(login.headers());
  }

  return {
    ...uploads,
    post: (url, headers, batch) => asked((token) => uploads.post(url, { ...token, ...headers }, batch)),
    ask: (url, headers, body) => asked((token) => uploads.ask(url, { ...token, ...headers }, body)),
    async close() {
      await login.close();
      await uploads.close();
    },
  };
}
