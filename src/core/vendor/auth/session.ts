/** A login that lasts for the run, by cookies or by a token in headers, and the logout that must follow it. */
import type { AuthDefinition, SourceDefinition } from '../../definition.ts';
import { credentialsHint } from './credentials.ts';
import { endAtVendor } from '../farewell.ts';
import { holds } from '../../definition/answers.ts';
import { parseJson } from '../../json/parsed.ts';
import { tokenAt } from '../../json/value-at.ts';
import { saying } from '../reply.ts';
import { isSuccessful } from '../../http-status.ts';
import { exit, Problem } from '../../problem.ts';
import { isPlainText } from '../reply-kind.ts';
import { buildRequest, headersOf } from '../request.ts';
import { retrying } from '../../retry.ts';
import { type Asked, httpProblem, wrongPage } from '../../http-problem.ts';
import type { TemplateValues } from '../../definition/template.ts';
import type { HttpReply, HttpRequest, Tools } from '../../types.ts';

export interface Session {
  /** Whether a login can be tried again when the vendor says that it is over. */
  readonly renewable: boolean;
  /** Logs in unless that was done. Throws Problem 77 when refused. */
  open(): Promise<void>;
  /** Headers that carry the token. */
  headers(): Readonly<Record<string, string>>;
  /** Logs out; `open` logs in again. Never throws. */
  close(): Promise<void>;
}

type Login = Extract<AuthDefinition, { type: 'session' }>;

/** The session of a definition; for other kinds of authentication, one that does nothing. */
export function session(
  definition: SourceDefinition,
  values: TemplateValues,
  client: { send(request: HttpRequest): Promise<HttpReply>; cookies(): number },
  tools: Tools,
): Session {
  const { auth } = definition;
  if (auth.type !== 'session') {
    return { renewable: false, open: async () => {}, headers: () => ({}), close: async () => {} };
  }
  let token: Readonly<Record<string, string>> | undefined;
  let hidden: string | undefined;
  let begun = false; // the vendor may have begun a session even when its answer was lost

  async function logIn(login: Login): Promise<Readonly<Record<string, string>>> {
    begun = true;
    const reply = await client.send(buildRequest(login.login, { definition, values }));
    const text = await reply.text();
    const value = parseJson(text);
    if (!isSuccessful(reply.status)) {
      begun = false;
      throw httpProblem(reply.status, reply.headers, askedForLogin(definition), tools.now());
    }
    // Some vendors set the cookie and answer with nothing or a word. An HTML page is no such answer: it may set one, too.
    const isQuiet = login.success === undefined && (text === '' || isPlainText(reply));
    if ((typeof value !== 'object' || value === null) && !isQuiet) {
      throw notALogin(definition, 'with something other than JSON');
    }
    if (login.success !== undefined && !holds(login.success, value)) {
      begun = false;
      throw refusal(definition, value);
    }
    if (login.token === undefined) {
      if (client.cookies() === 0) throw notALogin(definition, 'without a cookie');
      return {};
    }
    const { path, header, headers } = login.token;
    const found = path === undefined ? reply.headers[header?.toLowerCase() ?? ''] : tokenAt(text, path);
    if (found === undefined || found === '') throw notALogin(definition, 'without a token');
    tools.hide(String(found), hidden);
    hidden = String(found);
    return headersOf(headers, { ...values, token: found });
  }

  return {
    renewable: true,
    async open() {
      token ??= await retryingLogin(() => logIn(auth), tools);
    },
    headers: () => token ?? {},
    async close() {
      const about = { definition, values, token: token ?? {} };
      const { logout } = auth;
      token = undefined;
      if (!begun || logout === undefined) return;
      begun = false;
      await endAtVendor('the session', () => buildRequest(logout, about), client.send, tools);
    },
  };
}

/** Retries a login. What still fails is not to be tried again: each retry of a request would retry the login as well. */
export async function retryingLogin<T>(action: () => Promise<T>, tools: Tools): Promise<T> {
  try {
    return await retrying(action, tools);
  } catch (error) {
    if (!(error instanceof Problem) || error.again === undefined) throw error;
    throw error.with({ again: undefined });
  }
}

function refusal(definition: SourceDefinition, value: unknown): Problem {
  return new Problem(exit.noperm, `${definition.name} refused the login${saying(definition, value)}`, {
    hint: credentialsHint(definition),
  });
}

function notALogin(definition: SourceDefinition, how: string): Problem {
  return new Problem(exit.protocol, `${definition.name} answered the login ${how}`, {
    hint: wrongPage,
  });
}

/** The reply itself is not shown, because it may quote the credentials; so the hint names whatever may be wrong. */
function askedForLogin(definition: SourceDefinition): Asked {
  const hint = credentialsHint(definition);
  const unaccepted = `${hint}; or correct auth.login in the definition`;
  return { who: definition.name, what: 'the login', hint, hints: { 400: unaccepted, 422: unaccepted } };
}
