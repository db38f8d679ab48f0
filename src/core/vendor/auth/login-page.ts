/**
 * A login that was made for people: a page with a form, whose token must come back with the credentials, so that no other
 * site can log somebody in (CSRF). Its answer is a redirect, to where the user wanted to go or back to the form.
 */
import type { AuthDefinition, RequestDefinition, SourceDefinition } from '../../definition.ts';
import { inDefinition, type Hint } from '../../hint.ts';
import { isSuccessful } from '../../http-status.ts';
import { exit, Problem } from '../../problem.ts';
import { httpProblem, whereNothingIs } from '../../http-problem.ts';
import type { TemplateValues } from '../../definition/template.ts';
import { resolveSameOrigin } from '../../origin.ts';
import { addressHint, answeredAsForm } from './login-problems.ts';
import { buildRequest } from '../request.ts';
import type { Http, HttpReply, HttpRequest, Tools } from '../../tools.ts';

/** The token of a form, and where its page is. */
export interface Form {
  /** Undefined where a form has none. */
  readonly csrf: string | undefined;
  readonly url: string;
}

export type LoginPage = NonNullable<Extract<AuthDefinition, { type: 'session' }>['page']>;

/** Who asks, and what for. */
interface Asking {
  readonly definition: SourceDefinition;
  readonly values: TemplateValues;
  readonly client: Pick<Http, 'cookie'> & { send(request: HttpRequest): Promise<HttpReply> };
  readonly tools: Pick<Tools, 'now'>;
  /** What to check when it is not the page. */
  readonly hint: Hint;
}

/** What reads pages, from a file of its own: only definitions with a login page pay for it. */
export function loadHtml(): Promise<typeof import('../../text/html-value.ts')> {
  return import('../../text/html-value.ts');
}

/** What a browser asks for, and what says more to a program. */
const accept = 'text/html, application/json;q=0.9';

/** The token on the page, or in the cookie that came with it, and where the page is. Throws Problem 76 when it is not there. */
export async function askLoginPage(
  page: LoginPage,
  { definition, values, client, tools, hint }: Asking,
): Promise<Form> {
  const request = buildRequest(forPeople(page.request), { definition, values });
  const reply = await client.send(request);
  const html = await reply.text();
  const hints = whereNothingIs(addressHint('auth.page'));
  const asked = { who: definition.name, what: 'the request for the login page', hint, hints };
  if (!isSuccessful(reply.status)) throw httpProblem(reply, asked, tools.now());
  const { htmlValue } = await loadHtml();
  const { field, meta, cookie } = page;
  const [what, csrf] =
    field !== undefined
      ? [`a field ${field}`, htmlValue(html, 'input', field)]
      : meta !== undefined
        ? [`a meta tag ${meta}`, htmlValue(html, 'meta', meta)]
        : [`a cookie ${cookie}`, cookie === undefined ? undefined : cookieValue(client, cookie)];
  const isWanted = field !== undefined || meta !== undefined || cookie !== undefined;
  if (csrf !== undefined || !isWanted) return { csrf, url: reply.url };
  throw new Problem(exit.protocol, `${definition.name} answered the request for the login page without ${what}`, {
    hint: inDefinition(
      (there) => `correct auth.page ${there}: look at the page that a browser shows, before any script has changed it`,
    ),
  });
}

/** A request that a browser would send. */
export function forPeople(request: RequestDefinition): RequestDefinition {
  return { ...request, headers: { Accept: accept, ...request.headers } };
}

/**
 * The answer to a login that a program makes, once redirects are followed. Throws Problem 76 for one to another host, and for
 * one that would lose the password: that is how forms for people answer.
 */
export async function followed(
  definition: SourceDefinition,
  request: HttpRequest,
  reply: HttpReply,
  send: (request: HttpRequest) => Promise<HttpReply>,
): Promise<HttpReply> {
  const { status, url, headers } = reply;
  const { location } = headers;
  if (status < 300 || status > 399 || location === undefined) return reply;
  await reply.discard();
  const { href } = resolveSameOrigin(url, location);
  if (request.method === 'POST' && status < 307) throw answeredAsForm(definition, reply);
  return send({ ...request, url: href });
}

/** The value of a cookie as scripts hand it on: without what a cookie cannot hold being encoded. */
export function cookieValue({ cookie }: Pick<Http, 'cookie'>, name: string): string | undefined {
  const value = cookie(name);
  if (value === undefined || value === '') return undefined;
  try {
    return decodeURIComponent(value);
  } catch {
    return value; // no encoding
  }
}

/**
 * What a form has answered. `in`: it leads away from the form. `refused`: it shows the form again, or leads back to where
 * that is shown. `in the clear`: it leads to http at the same host. `elsewhere`: to another host, or nowhere. Undefined: it is
 * looked at as any login is.
 */
export async function verdictOf(
  { status, headers, url }: Pick<HttpReply, 'status' | 'headers' | 'url'>,
  html: string,
  { page, look }: { readonly page: string; look(url: string): Promise<string> },
): Promise<'in' | 'refused' | 'elsewhere' | 'in the clear' | undefined> {
  const { asksForPassword } = await loadHtml();
  const { location } = headers;
  if (status < 300 || status > 399) return isSuccessful(status) && asksForPassword(html) ? 'refused' : undefined;
  if (location === undefined || !URL.canParse(location, url)) return 'elsewhere';
  const [to, from] = [new URL(location, url), new URL(url)];
  if (to.origin !== from.origin) {
    const isDowngrade = from.protocol === 'https:' && to.protocol === 'http:';
    return isDowngrade && to.hostname === from.hostname ? 'in the clear' : 'elsewhere';
  }
  const isBack = [page, url].some((each) => new URL(each).pathname === to.pathname);
  return isBack && asksForPassword(await look(to.href)) ? 'refused' : 'in'; // what comes first may be at the same place
}
