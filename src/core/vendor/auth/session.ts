/** A login that lasts for the run, by cookies or by a token in headers, and the logout that must follow it. */
import type { AuthDefinition, SourceDefinition } from '../../definition.ts';
import { credentialsHint } from './credentials.ts';
import { endAtVendor } from '../farewell.ts';
import { holds } from '../../definition/answers.ts';
import { parseJson } from '../../json/parsed.ts';
import { tokenAt } from '../../json/value-at.ts';
import { isSuccessful } from '../../http-status.ts';
import { isHtml, isPlainText } from '../reply-kind.ts';
import { bringsCookieAlone, doubtAbout, proofIn, type LoginDoubt } from './doubt.ts';
import { askedForLogin, notALogin, refusedLogin, refusalInDoubt, unprotected } from './login-problems.ts';
import { askLoginPage, cookieValue, followed, forPeople, verdictOf, type Form, type LoginPage } from './login-page.ts';
import { buildRequest, headersOf } from '../request.ts';
import { retryingLogin } from './retrying-login.ts';
import { httpProblem } from '../../http-problem.ts';
import type { TemplateValues } from '../../definition/template.ts';
import { usesPlaceholder } from '../../definition/texts.ts';
import type { Http, HttpReply, HttpRequest, Tools } from '../../tools.ts';

export interface Session {
  /** Whether a login can be tried again when the vendor says that it is over. */
  isRenewable(): boolean;
  /** Whether `open` has nobody to ask. */
  isOpen(): boolean;
  /** Logs in unless that was done. Throws Problem 77 when refused. */
  open(): Promise<void>;
  /** Headers that carry the token. */
  headers(): Readonly<Record<string, string>>;
  /** To be shown each reply, which it gives back: the first after a login may prove that it was none. Throws Problem 77 then. */
  prove?(reply: HttpReply, what: string): Promise<HttpReply>;
  /** Whether nothing has proved yet that the login was one. */
  isInDoubt?(): boolean;
  /** Logs out; `open` logs in again. Never throws. */
  close(): Promise<void>;
}

type Login = Extract<AuthDefinition, { type: 'session' }>;

const nothing = async (): Promise<void> => {};

/** The session of a definition; for other kinds of authentication, one that does nothing. */
export function session(
  definition: SourceDefinition,
  values: TemplateValues,
  { http, send }: { readonly http: Http; send(request: HttpRequest): Promise<HttpReply> },
  tools: Tools,
): Session {
  const { auth } = definition;
  if (auth.type !== 'session') {
    return { isRenewable: () => false, isOpen: () => true, open: nothing, headers: () => ({}), close: nothing };
  }
  let token: Readonly<Record<string, string>> | undefined;
  let hidden: string | undefined;
  let csrf: string | undefined;
  let doubt: LoginDoubt | undefined;
  let unproven = 0; // logins in a row that nothing has shown to have worked
  let begun = false; // the vendor may have begun a session even when its answer was lost

  async function logIn(login: Login): Promise<Readonly<Record<string, string>>> {
    const form = login.page && (await askForm(login.page));
    begun = true;
    const known = { ...values, csrf: form?.csrf };
    const request = buildRequest(form ? forPeople(login.login) : login.login, { definition, values: known });
    const answer = await send({ ...request, keepRedirect: true });
    const reply = form === undefined ? await followed(definition, request, answer, send) : answer;
    const text = await reply.text();
    const value = parseJson(text);
    const verdict = form && (await verdictOf(reply, text, { page: form.url, look }));
    if (verdict === 'refused') {
      begun = false;
      throw refusedLogin(definition, value);
    }
    if (verdict === 'elsewhere') throw notALogin(definition, 'with a redirect that leads nowhere on its host');
    if (verdict === 'in the clear') throw unprotected(definition, reply);
    const isPage = form !== undefined && isSuccessful(reply.status) && isHtml(reply) && text.trim() !== '';
    if (verdict === 'in' || (isPage && value === undefined)) {
      doubt = doubtAbout(reply, text, unproven > 0);
      if (verdict !== 'in' && !mayBeIn(login, reply)) throw refusalInDoubt(definition, doubt.how);
    } else {
      judge(login, reply, text);
      if (form !== undefined && bringsCookieAlone(login)) doubt = doubtAbout(reply, text, unproven > 0);
    }
    if (doubt !== undefined) unproven += 1;
    return carried(login, reply, text);
  }

  /** The login page, as somebody sees it who has never been there: whoever is logged in is led past it. */
  async function askForm(page: LoginPage): Promise<Form> {
    http.forgetCookies();
    return readForm(page, send);
  }

  async function readForm(page: LoginPage, ask: typeof send): Promise<Form> {
    const hint = credentialsHint(definition);
    const client = { send: ask, cookie: http.cookie };
    const form = await askLoginPage(page, { definition, values, client, tools, hint });
    tools.hide(form.csrf, csrf);
    csrf = form.csrf;
    return form;
  }

  /**
   * The token that a logout needs. Django, Rails and Laravel change it with the login: a cookie tells it at once; otherwise
   * the page is asked for again, which now is another or leads to one, and has it where it has forms of its own.
   */
  async function csrfNow(page: LoginPage): Promise<string | undefined> {
    if (page.cookie !== undefined) return cookieValue(http, page.cookie);
    try {
      await readForm(page, (request) => send({ ...request, final: true }));
    } catch (error) {
      tools.debug('no token for the logout', { problem: error instanceof Error ? error.message : String(error) });
    }
    return csrf;
  }

  async function look(url: string): Promise<string> {
    const seen = await send(buildRequest(forPeople({ path: '' }), { definition, values, url }));
    return seen.text();
  }

  /** Throws unless the answer is that of a login. */
  function judge(login: Login, reply: HttpReply, text: string): void {
    const value = parseJson(text);
    if (!isSuccessful(reply.status)) {
      begun = false;
      throw httpProblem(reply, askedForLogin(definition), tools.now());
    }
    // Some vendors set the cookie and answer with nothing or a word. An HTML page is no such answer: it may set one, too.
    const isQuiet = login.success === undefined && (text === '' || isPlainText(reply));
    if ((typeof value !== 'object' || value === null) && !isQuiet) {
      throw notALogin(definition, 'with something other than JSON');
    }
    if (login.success !== undefined && !holds(login.success, value)) {
      begun = false;
      throw refusedLogin(definition, value);
    }
    if (login.token?.path === undefined && login.token?.header === undefined && http.cookies === 0)
      throw notALogin(definition, 'without a cookie');
  }

  /** Whether a page can be the answer to a login that worked: whether what that should have brought is there. */
  function mayBeIn({ success, token: rule }: Login, reply: HttpReply): boolean {
    if (success !== undefined || rule?.path !== undefined) return false;
    return rule?.header === undefined ? http.cookies > 0 : (reply.headers[rule.header.toLowerCase()] ?? '') !== '';
  }

  /** What every later request carries besides cookies. */
  function carried({ token: rule }: Login, reply: HttpReply, text: string): Readonly<Record<string, string>> {
    if (rule === undefined || rule.cookie !== undefined) return {};
    const { path, header, headers } = rule;
    const found = path === undefined ? reply.headers[header?.toLowerCase() ?? ''] : tokenAt(text, path);
    if (found === undefined || found === '') throw notALogin(definition, 'without a token');
    tools.hide(String(found), hidden);
    hidden = String(found);
    return headersOf(headers, { ...values, token: found });
  }

  function headers(rule: Login['token']): Readonly<Record<string, string>> {
    if (rule?.cookie === undefined || token === undefined) return token ?? {};
    const found = cookieValue(http, rule.cookie); // the vendor may change it with any reply
    if (found !== hidden) tools.hide(found, hidden);
    hidden = found;
    return headersOf(rule.headers, { ...values, token: found });
  }

  return {
    // A password that may be wrong is not sent for each branch: vendors lock the account.
    isRenewable: () => unproven < 2,
    isOpen: () => token !== undefined,
    async open() {
      token ??= await retryingLogin(() => logIn(auth), tools);
    },
    headers: () => headers(auth.token),
    isInDoubt: () => doubt !== undefined,
    async prove(reply, what) {
      if (doubt === undefined) return reply;
      const { how } = doubt;
      const { reply: unread, isIn, answer, otherwise } = await proofIn(reply, doubt, look);
      if (isIn === true) [doubt, unproven] = [undefined, 0];
      if (isIn !== false) return unread;
      await reply.discard();
      throw refusalInDoubt(definition, `${how}, and ${what} with ${answer}`, otherwise);
    },
    async close() {
      const about = { definition, token: headers(auth.token) };
      const { page, logout } = auth;
      token = undefined;
      doubt = undefined;
      if (!begun || logout === undefined) return;
      begun = false;
      const asks = page !== undefined && usesPlaceholder(logout, 'csrf');
      const request = async (): Promise<HttpRequest> =>
        buildRequest(logout, { ...about, values: asks ? { ...values, csrf: await csrfNow(page) } : values });
      await endAtVendor('the session', request, send, tools);
    },
  };
}
