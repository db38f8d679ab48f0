/** Replies that are not what was asked for: how they are recognised, and the Problem that each of them is. */
import { clockHint } from '../clock/vendor-clock.ts';
import type { SourceDefinition } from '../definition.ts';
import { gone, unavailable } from '../http-status.ts';
import { inDefinition } from '../hint.ts';
import { exit, Problem } from '../problem.ts';
import type { HttpReply } from '../tools.ts';
import { serverText } from '../text/shown.ts';
import { httpProblem, meaning, wrongPage } from '../http-problem.ts';
import type { Question } from './vendor-client.ts';
import { bringsContent, isHtml } from './reply-kind.ts';
import { isAmong } from '../definition/answers.ts';
import { parseJson } from '../json/parsed.ts';
import { isCursorRefused, tellsGone, tellsInvalid } from './gone.ts';
import { saying } from './reply.ts';
import { accessHint, statusHint } from './refusal-hint.ts';
import { hasForm, inBrowser, otherRun } from './auth/credentials.ts';

/** A reply that was read. */
interface Refused {
  readonly reply: HttpReply;
  /** As of `saidIn`. */
  readonly said: unknown;
  /** When it came, by our clock, in milliseconds since 1970. */
  readonly now: number;
}

/** The Problem of a reply that is no success. */
export function refusal(definition: SourceDefinition, question: Question, { reply, said, now }: Refused): Problem {
  const { status, headers, date, url, orProxy } = reply;
  const { what } = question;
  if (bringsContent(status)) return otherThanJson(definition, question, reply, said);
  const hint = accessHint(definition, status, question.values);
  const clock = definition.auth.type === 'signature' ? clockHint({ date }, now) : undefined;
  const meant = meantBy(definition, status, said);
  const asked = { who: definition.name, what, at: withoutQuery(url), meant, hint: hint && [hint, clock] };
  const problem = httpProblem({ status, headers: withReset(definition, headers), orProxy }, asked, now);
  // A setting that was wrong would have led to no page before.
  const isNoSetting = problem.status === exit.config && isCursorRefused(question, status);
  return problem.with({
    status: isNoSetting ? exit.protocol : problem.status,
    message: problem.message + saying(definition, said),
    hint: statusHint(definition, meant ?? status, question) ?? problem.steps,
    again: tellsInvalid(definition, said) ? undefined : problem.again, // it would not help
    httpStatus: tellsGone(definition, question, meant ?? status, said) ? gone : (meant ?? status),
  });
}

/** Adds the end of the rate limit in seconds under a usual name, where the definition has its own name or unit for it. */
function withReset({ limits }: SourceDefinition, headers: HttpReply['headers']): HttpReply['headers'] {
  const { header, unit = 's' } = limits?.reset ?? { header: '' };
  const told = headers[header.toLowerCase()]?.trim() ?? '';
  if (told === '') return headers;
  // A longer number is a moment: its size alone says that it is in milliseconds.
  const isSpan = unit === 'ms' && /^\d{1,12}(\.\d+)?$/.test(told);
  return { ...headers, 'x-ratelimit-reset': isSpan ? String(Number(told) / 1000) : told };
}

/** The Problem of a reply that is a success by its HTTP status, but says that asking again may help. */
export function passingIn(definition: SourceDefinition, what: string, said: unknown): Problem | undefined {
  const meant = meantBy(definition, undefined, said);
  if (meant === undefined) return undefined;
  const [status, verb, hint] = meaning(meant);
  const message = `${definition.name} ${verb} ${what}${saying(definition, said)}`;
  return new Problem(status, message, { hint, again: {}, httpStatus: meant }); // a query that takes too long may do so always
}

/** The HTTP status that a reply stands for, if it says that the rate is limited (429), or that the vendor failed for now. */
function meantBy(
  { reply }: SourceDefinition,
  status: number | undefined,
  said: unknown,
): 429 | typeof unavailable | undefined {
  if (isAmong(reply?.limited ?? [], status, said)) return 429;
  return isAmong(reply?.unavailable ?? [], status, said) ? unavailable : undefined;
}

/** What a short reply says, of which this is the text: its JSON value, or the title of an HTML page; undefined for anything else. */
export function saidIn(reply: HttpReply, text: string): unknown {
  return isHtml(reply) ? /<title[^<>]*>([^<]*)<\/title/i.exec(text)?.[1]?.trim() || undefined : parseJson(text);
}

/** JSON is UTF-8 (RFC 8259 section 8.1). Records leave as they came, so another encoding is not converted. */
export function notUtf8(definition: SourceDefinition, what: string, charset: string): Problem {
  const message = `${definition.name} answered ${what} in ${serverText(charset.toLowerCase())}, not in UTF-8`;
  return new Problem(exit.protocol, message, { hint: 'have the service, or the proxy before it, answer in UTF-8' });
}

/** Says what answered instead, and where, so that nobody has to ask by hand. `said` as of `saidIn`. */
export function otherThanJson(
  definition: SourceDefinition,
  { what, later }: Pick<Question, 'what' | 'later'>,
  reply: HttpReply,
  said?: unknown,
): Problem {
  const { status, headers, url } = reply;
  const type = headers['content-type'] ?? 'no content type';
  const title = isHtml(reply) && typeof said === 'string' ? `, ${JSON.stringify(said)}` : '';
  const message = `${definition.name} answered ${what} with something other than JSON`;
  // Where a form has logged in, its host is the right one.
  const mayBe = isHtml(reply) && hasForm(definition) ? [inBrowser, otherRun] : wrongPage;
  return new Problem(
    exit.protocol,
    `${message} (HTTP ${status}, ${serverText(type + title)}) at ${withoutQuery(url)}`,
    {
      // Many servers have the same page for whatever path they do not know.
      hint: later === true ? mayBe : [mayBe, inDefinition((there) => `or correct the path of the request ${there}`)],
    },
  );
}

/** The address without its query, which may hold a secret. */
function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

/**
 * Whether the session may be over: after a 401, or a reply that is not what was asked for, such as a login page or an error
 * in the body. Other HTTP statuses speak for themselves.
 */
export function isSessionOver(error: unknown): boolean {
  if (!(error instanceof Problem) || error.again !== undefined) return false;
  return error.httpStatus === 401 || (error.status === exit.protocol && error.httpStatus === undefined);
}
