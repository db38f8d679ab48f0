/** One request and its reply, with the credentials: logs in, and once more when the vendor says that the session is over. */
import type { RequestDefinition, SourceDefinition } from './definition.ts';
import { parseJson, saying, tellsError, tellsExpired, valueAt } from './reply.ts';
import { exit, Problem } from './problem.ts';
import { baseUrl, buildRequest } from './request.ts';
import { httpProblem, retrying } from './retry.ts';
import { credentialsHint, session } from './session.ts';
import type { TemplateValues } from './template.ts';
import { parseDuration } from './time.ts';
import type { HttpReply, HttpRequest, Instant, Tools } from './types.ts';

/** One question to the vendor. */
export interface Question {
  readonly request: RequestDefinition;
  readonly values: TemplateValues;
  /** For messages: `the first page`. */
  readonly what: string;
  readonly parameters?: Readonly<Record<string, string>>;
  /** The address that the vendor gave for it. */
  readonly url?: string | undefined;
}

export interface Exchange {
  /** Logs in, for sources with sessions. */
  open(): Promise<void>;
  /** One attempt; a reply with a body to read. Throws Problem for everything else than success. */
  stream(question: Question): Promise<HttpReply>;
  /** A whole small reply as JSON, with retries; the vendor's own errors are Problems. */
  json(question: Question): Promise<{ readonly value: unknown; readonly text: string }>;
  /** Throws the Problem that a parsed reply tells of, if it does. */
  check(value: unknown, what: string): void;
  /** Makes the next request log in again; false when there is no session to renew. */
  renew(): boolean;
  serverTime(): Instant | undefined;
  /** Logs out. Never throws. */
  close(): Promise<void>;
}

export function exchange(definition: SourceDefinition, values: TemplateValues, tools: Tools): Exchange {
  const http = tools.http(baseUrl(definition, values));
  const interval = Number(parseDuration(definition.limits?.interval ?? '0s', 'limits.interval') / 1_000_000n);
  const login = session(definition, values, { send, cookies: () => http.cookies }, tools);
  let seen: Instant | undefined;
  let sent = -Infinity;

  async function send(request: HttpRequest): Promise<HttpReply> {
    const wait = sent + interval - tools.now();
    if (wait > 0) await tools.wait(wait);
    sent = tools.now();
    const reply = await http.send(request);
    seen = reply.date ?? seen;
    return reply;
  }

  async function stream(question: Question): Promise<HttpReply> {
    for (let renewed = false; ; renewed = true) {
      await login.open();
      const { request, parameters = {}, url } = question;
      const reply = await send(
        buildRequest(request, { definition, values: question.values, parameters, token: login.headers(), url }),
      );
      const html = /\bhtml\b/i.test(reply.headers['content-type'] ?? '');
      if (isSuccess(reply.status) && !html) return reply;
      if ((reply.status === 401 || isSuccess(reply.status)) && login.renewable && !renewed) {
        await reply.discard();
        login.expire();
        continue;
      }
      throw await failure(reply, question.what, html);
    }
  }

  async function failure(reply: HttpReply, what: string, html: boolean): Promise<Problem> {
    const text = html ? '' : await reply.text(64 * 1024);
    if (html) await reply.discard();
    if (isSuccess(reply.status)) return notJson(definition, what);
    const refused = reply.status === 401 || reply.status === 403;
    const asked = { who: definition.name, what, ...(refused ? { hint: credentialsHint(definition) } : {}) };
    const { status, message, hint, again } = httpProblem(reply.status, reply.headers, asked, tools.now());
    return new Problem(status, message + saying(definition, parseJson(text)), {
      ...(hint === undefined ? {} : { hint }),
      ...(again === undefined ? {} : { again }),
      cause: reply.status,
    });
  }

  async function readJson(question: Question): Promise<{ value: unknown; text: string }> {
    for (let renewed = false; ; renewed = true) {
      const reply = await stream(question);
      const text = await reply.text();
      const value = parseJson(text);
      if (tellsExpired(definition, value) && !renewed && renew()) continue;
      if (typeof value !== 'object' || value === null) throw notJson(definition, question.what);
      check(value, question.what);
      return { value, text };
    }
  }

  function check(value: unknown, what: string): void {
    if (!tellsError(definition, value)) return;
    const path = definition.reply?.success?.path;
    const status = path === undefined ? undefined : valueAt(value, path); // often the HTTP status that it should have had
    const refused = status === 401 || status === 403;
    const message = `${definition.name} ${refused ? 'refused' : 'told of an error in'} ${what}${saying(definition, value)}`;
    throw new Problem(refused ? exit.noperm : exit.protocol, message, {
      hint: refused ? credentialsHint(definition) : 'the position stays; see what the vendor says about this error',
    });
  }

  function renew(): boolean {
    login.expire();
    return login.renewable;
  }

  return {
    open: login.open,
    stream,
    json: (question) => retrying(() => readJson(question), tools),
    check,
    renew,
    serverTime: () => seen,
    async close() {
      await login.close();
      try {
        await http.close();
      } catch (error) {
        tools.debug('closing the connection failed', { problem: String(error) });
      }
    },
  };
}

/** Statuses that come with what was asked for; 204, 206 and 304 do not. */
function isSuccess(status: number): boolean {
  return status === 200 || status === 201 || status === 202;
}

function notJson(definition: SourceDefinition, what: string): Problem {
  return new Problem(exit.protocol, `${definition.name} answered ${what} with something else than JSON`, {
    hint: 'check the URL: a proxy, a single sign-on page or another service may be answering there',
  });
}
