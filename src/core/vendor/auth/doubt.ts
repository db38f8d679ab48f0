/**
 * A form may answer a password that is wrong as it answers one that is right: with a page, with a redirect to one, or with
 * JSON that the definition does not know. Only what is asked for next tells which it was.
 */
import type { AuthDefinition } from '../../definition.ts';
import { isSuccessful } from '../../http-status.ts';
import { bringsContent, isHtml } from '../reply-kind.ts';
import type { HttpReply } from '../../tools.ts';
import { loadHtml } from './login-page.ts';
import { pageIn, redirectIn, type Otherwise } from './login-problems.ts';

/** How a login was answered, as long as nothing tells what that means. */
export interface LoginDoubt {
  /** In words: `a redirect to /home (HTTP 302)`, or `HTTP 200`. */
  readonly how: string;
  /** It was a page, which is rarer than a redirect: then any page in place of records shows that the login failed. */
  readonly isPage: boolean;
  /** The login before it was left in doubt, too: no accident, such as another run that has ended the session. */
  readonly isAgain: boolean;
}

export function doubtAbout(reply: HttpReply, text: string, isAgain: boolean): LoginDoubt {
  const isPage = isSuccessful(reply.status) && isHtml(reply);
  if (isPage) return { how: pageIn(reply, text), isPage, isAgain };
  return { how: isSuccessful(reply.status) ? `HTTP ${reply.status}` : redirectIn(reply), isPage, isAgain };
}

/** Whether a success would bring nothing but a cookie, which the page with the form may have set before. */
export function bringsCookieAlone({ success, token }: Extract<AuthDefinition, { type: 'session' }>): boolean {
  return success === undefined && token?.path === undefined && token?.header === undefined;
}

interface Proof {
  /** The reply, to be read as if nobody had. */
  readonly reply: HttpReply;
  /** Whether the login worked; undefined as long as nobody knows. */
  readonly isIn?: boolean;
  /** What shows that it did not: `a form for a password`. */
  readonly answer?: string;
  /** What it may show as well. */
  readonly otherwise?: Otherwise;
}

/** What the first reply after the login says of it. */
export async function proofIn(
  reply: HttpReply,
  { isPage, isAgain }: LoginDoubt,
  look: (url: string) => Promise<string>,
): Promise<Proof> {
  if (await leadsToForm(reply, look)) return { reply, isIn: false, answer: redirectIn(reply) };
  if (reply.status === 401 && (isPage || isAgain)) {
    return { reply, isIn: false, answer: 'HTTP 401', ...(!isPage && { otherwise: 'ended' }) };
  }
  if (!bringsContent(reply.status)) return { reply };
  if (!isHtml(reply)) return { reply, isIn: true };
  const text = await reply.text();
  const { asksForPassword } = await loadHtml();
  if (asksForPassword(text)) return { reply, isIn: false, answer: 'a form for a password' };
  if (isPage) return { reply, isIn: false, answer: 'an HTML page', otherwise: 'path' };
  return { reply: { ...reply, text: () => Promise.resolve(text) } };
}

/** Whether a redirect that was not followed leads to a form for a password. */
async function leadsToForm(
  { status, url, headers }: HttpReply,
  look: (url: string) => Promise<string>,
): Promise<boolean> {
  const { location } = headers;
  if (status < 300 || status > 399 || location === undefined || !URL.canParse(location, url)) return false;
  const to = new URL(location, url);
  if (to.origin !== new URL(url).origin) return false;
  const { asksForPassword } = await loadHtml();
  return asksForPassword(await look(to.href).catch(() => '')); // what fails there proves nothing
}
