/** One request and its reply, with the credentials: logs in first, and notices when a session is over. */
import { accessToken } from './auth/access-token.ts';
import { contest } from './auth/contest.ts';
import type { Answers, RequestDefinition, SourceDefinition } from '../definition.ts';
import { closeClient, endAtVendor } from './farewell.ts';
import type { Standing } from '../paging/row-again.ts';
import { pace } from './pace.ts';
import { isSessionOver, otherThanJson, notUtf8, refusal, saidIn } from './refusal.ts';
import { bringsContent, foreignCharset, isHtml, isPlainText, tellsNothing } from './reply-kind.ts';
import { isAmong } from '../definition/answers.ts';
import { parseJson } from '../json/parsed.ts';
import { isSuccessful } from '../http-status.ts';
import { tellsExpired } from './reply.ts';
import { buildRequest } from './request.ts';
import { baseUrl } from './address.ts';
import { retrying } from '../retry.ts';
import { session } from './auth/session.ts';
import { signer } from './auth/signature.ts';
import type { TemplateValues } from '../definition/template.ts';
import { refuseToldError } from './told-error.ts';
import type { HttpReply, HttpRequest, Tools } from '../tools.ts';
import type { Instant } from '../types.ts';

/** One question to the vendor. */
export interface Question extends Standing {
  readonly request: RequestDefinition;
  readonly values: TemplateValues;
  /** For messages: `page 1`. */
  readonly what: string;
  readonly parameters?: Readonly<Record<string, string>>;
  /** The address that the vendor gave for it. */
  readonly url?: string | undefined;
  /** The page before named this one, by a cursor or an address that is good for this run only. */
  readonly named?: boolean;
  /** Refusals by which the page before was the last one. */
  readonly ends?: Answers | undefined;
  /** Sees the parsed reply before the rules of the definition do, and may throw a Problem of its own. */
  readonly judge?: (value: unknown) => void;
}

/** The most bytes of a reply that is held whole; the longest are lists of branches with long descriptions. */
const longestJson = 16 * 1024 * 1024;
const longestRefusal = 64 * 1024;

/** A reply with a body to read, unless it `ended`. */
export interface VendorReply extends HttpReply {
  /** A refusal by which the vendor says that the page before was the last one: it has no body. */
  readonly ended?: boolean;
}

/** A reply that was read to its end. */
interface SmallReply extends Pick<HttpReply, 'url' | 'headers'> {
  readonly value: unknown;
  readonly text: string;
}

export interface VendorClient {
  /** Logs in, for sources with sessions. */
  open(): Promise<void>;
  /** Whether a request would be sent at once, and wait neither for its turn nor for a login. */
  isFree(): boolean;
  /** One attempt. Throws Problem for anything but success. */
  stream(question: Question): Promise<VendorReply>;
  /** A whole small reply as JSON, with retries; the vendor's own errors are Problems. */
  json(question: Question): Promise<SmallReply>;
  /** Ends something at the vendor, even after a stop request. Never throws. */
  end(question: Question): Promise<void>;
  /** With retries. `isDone` may accept a refusal, by its HTTP status or its JSON: what was asked for may be done already. */
  perform(question: Question, isDone: (status: number, said: unknown) => boolean): Promise<void>;
  /** Throws the Problem of a parsed reply that reports an error. */
  check(value: unknown, question: Question): void;
  /**
   * Whether this failure may come from a session that is over; the next request then logs in again. A caller asks once a
   * request: a session that ends again at once is no accident, and neither are several that end within a minute.
   */
  renewed(error: unknown): Promise<boolean>;
  serverTime(): Instant | undefined;
  /** Logs out. Never throws. */
  close(): Promise<void>;
}

/** Nothing is sent before the first question. Throws Problem 78 when an address or a key cannot be used. */
export function vendorClient(definition: SourceDefinition, values: TemplateValues, tools: Tools): VendorClient {
  const base = baseUrl(definition, values);
  const http = tools.http(base);
  const turn = pace(definition.limits, tools);
  const { auth } = definition;
  const login =
    auth.type === 'oauth2'
      ? accessToken(definition, auth, values, tools)
      : session(definition, values, { http, send }, tools);
  const sign = auth.type === 'signature' ? signer(auth, values, tools) : (request: HttpRequest) => request;
  let seen: Instant | undefined;
  const isContested = contest();

  async function send(request: HttpRequest): Promise<HttpReply> {
    try {
      await turn.wait();
    } catch (error) {
      if (request.final !== true) throw error; // a stop request: what is left open must be closed now
    }
    const reply = await http.send(sign(request)); // now, because a signature tells the time
    turn.learn(reply.headers);
    seen = reply.date ?? seen;
    return reply;
  }

  async function put(question: Question): Promise<HttpReply> {
    await login.open();
    const request = buildRequest(question.request, { ...question, definition, token: login.headers(), base });
    // While nobody knows whether the login worked, a redirect of a POST is looked at before it is followed: it may lead to the
    // login page. A GET is led there, and has the page itself to show.
    const keepRedirect = request.method === 'POST' && login.isInDoubt?.() === true;
    const reply = await send({ ...request, keepRedirect });
    const proven = (await login.prove?.(reply, question.what)) ?? reply;
    if (!keepRedirect || proven.status < 300 || proven.status > 399) return proven;
    await proven.discard();
    return send(request);
  }

  async function stream(question: Question): Promise<VendorReply> {
    const reply = await put(question);
    if (tellsNothing(definition, reply)) return reply;
    if (!bringsContent(reply.status) || isHtml(reply)) {
      const text = await reply.text(longestRefusal);
      const said = saidIn(reply, text);
      // A page for people comes from a proxy or a gateway, and says nothing about the pages of the vendor.
      const isForPeople = text.trim() !== '' && (isHtml(reply) || (isPlainText(reply) && said === undefined));
      const ends = !isForPeople && isAmong(question.ends ?? [], reply.status, said);
      if (ends) return { ...reply, ended: true, discard: async () => {} };
      if (said !== undefined && tellsExpired(definition, said)) check(said, question); // with 403, or 419
      throw refusal(definition, question, { reply, said, now: tools.now() });
    }
    const charset = foreignCharset(reply);
    if (charset === undefined) return reply;
    await reply.discard();
    throw notUtf8(definition, question.what, charset);
  }

  async function readJson(question: Question): Promise<SmallReply> {
    const reply = await stream(question);
    const text = await reply.text(longestJson);
    const value = parseJson(text);
    if (typeof value !== 'object' || value === null) throw otherThanJson(definition, question, reply);
    question.judge?.(value);
    check(value, question);
    return { value, text, url: reply.url, headers: reply.headers };
  }

  async function perform(question: Question, isDone: (status: number, said: unknown) => boolean): Promise<void> {
    const reply = await put(question);
    const said = saidIn(reply, await reply.text(longestRefusal));
    if (isDone(reply.status, said)) return;
    if (said !== undefined && tellsExpired(definition, said)) check(said, question);
    if (!isSuccessful(reply.status) || isHtml(reply))
      throw refusal(definition, question, { reply, said, now: tools.now() });
    if (said !== undefined) check(said, question);
  }

  async function insisting<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await retrying(action, tools);
    } catch (error) {
      if (!(await renewed(error))) throw error;
      return retrying(action, tools);
    }
  }

  function end({ request, values: known, what }: Question): Promise<void> {
    const about = { definition, values: known, token: login.headers(), base };
    return endAtVendor(what, () => buildRequest(request, about), send, tools);
  }

  function check(value: unknown, question: Question): void {
    refuseToldError(definition, value, question);
  }

  async function renewed(error: unknown): Promise<boolean> {
    if (!login.isRenewable() || !isSessionOver(error) || isContested(tools.now())) return false;
    await login.close(); // it may still be valid: a leaked session a minute is 1,440 a day
    return true;
  }

  return {
    open: login.open,
    isFree: () => login.isOpen() && turn.isFree(),
    stream,
    json: (question) => insisting(() => readJson(question)),
    end,
    perform: (question, isDone) => insisting(() => perform(question, isDone)),
    check,
    renewed,
    serverTime: () => seen,
    async close() {
      await login.close();
      await closeClient(http, tools);
    },
  };
}
