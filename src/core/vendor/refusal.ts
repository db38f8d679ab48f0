/** Replies that are not what was asked for: how they are told from the others, and what is said of them. */
import { askedBy } from './asked-by.ts';
import { clockHint } from '../clock/vendor-clock.ts';
import type { SourceDefinition } from '../definition.ts';
import { sentWith, usedPlaceholders } from '../definition/texts.ts';
import { gone, noContent, notAcceptable, notAllowed, notFound, refusesLaterPage } from '../http-status.ts';
import { keepsBookmark } from '../definition/paging-rules.ts';
import { listed } from '../text/listed.ts';
import { exit, Problem } from '../problem.ts';
import type { HttpReply, Setting } from '../types.ts';
import { serverText } from '../text/shown.ts';
import { httpProblem, meaning, wrongPage, wrongService } from '../http-problem.ts';
import type { Question } from './vendor-client.ts';
import { bringsContent, isHtml } from './reply-kind.ts';
import { settingsOf } from './address.ts';
import { isAmong } from '../definition/answers.ts';
import { parseJson } from '../json/parsed.ts';
import { saying, tellsInvalid } from './reply.ts';
import { credentialsHint } from './auth/credentials.ts';
import { textOf, type TemplateValues } from '../definition/template.ts';

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
  const { status, headers, date, url } = reply;
  const { what } = question;
  if (bringsContent(status)) return notJson(definition, what, reply, said);
  const hint = refusalHint(definition, status, question.values);
  const clock = definition.auth.type === 'signature' ? clockHint({ date }, now) : '';
  const meant = meantBy(definition, status, said);
  const asked = { who: definition.name, what, at: placeOf(url), meant, ...(hint && { hint: hint + clock }) };
  const problem = httpProblem(status, withReset(definition, headers), asked, now);
  const invalid = tellsInvalid(definition, said); // asking again would not help
  return problem.with({
    message: problem.message + saying(definition, said),
    hint: hintFor(definition, meant ?? status, question) ?? problem.hint,
    again: invalid ? undefined : problem.again,
    httpStatus: invalid || isCursorRefused(question, meant ?? status) ? gone : status,
  });
}

/** The headers, of which one tells in seconds, under a usual name, when the rate limit ends. */
function withReset({ limits }: SourceDefinition, headers: HttpReply['headers']): HttpReply['headers'] {
  const { header, unit = 's' } = limits?.reset ?? { header: '' };
  const told = headers[header.toLowerCase()]?.trim() ?? '';
  if (told === '') return headers;
  // A moment is in milliseconds since 1970 by its size alone.
  const isSpan = unit === 'ms' && /^\d{1,12}(\.\d+)?$/.test(told);
  return { ...headers, 'x-ratelimit-reset': isSpan ? String(Number(told) / 1000) : told };
}

/** Whether a page is refused that the vendor named itself. */
export function isCursorRefused({ named }: Question, status: unknown): boolean {
  return named === true && refusesLaterPage(status);
}

const endHint = 'if it says so that there are no more, add end: [404] to paging in the definition';

const shorterParts =
  'the next run of a job reads shorter parts of the window; a search needs a shorter one (--since, --until)';

/** What to do where a page is refused for its cursor. */
export function cursorHint(definition: SourceDefinition): string {
  return orShorter(definition, 'it gave the cursor for this page itself, so no setting or flag is wrong');
}

/** Less is asked for in a shorter part only where that says when it ends, and the run does not go on from a bookmark. */
function orShorter(definition: SourceDefinition, what: string): string {
  const { paging, window } = definition;
  const helps = window.filter !== 'none' && !keepsBookmark(paging) && usedPlaceholders(definition).has('until');
  return helps ? `${what}; ${shorterParts}` : what;
}

/** What to do about a status that says nothing of itself: for 404 there are the settings that the address is made of. */
function hintFor(definition: SourceDefinition, status: number, question: Question): string | undefined {
  if (status === noContent)
    return 'if it means that there are no records, write reply: { empty: [204] } in the definition';
  if (status === gone) return undefined; // says it all
  if (status === notAcceptable || status === notAllowed) return wayHint(definition, status, question);
  if (isCursorRefused(question, status)) return cursorHint(definition);
  const { url, request, settings, job } = definition;
  const isInvalid = status === 400 || status === 422;
  // It may show only so many of a window; and a job may be forgotten while its pages are read.
  if (question.later === true && (isInvalid || (status === notFound && job !== undefined)))
    return orShorter(definition, 'it had the pages before this one, so no setting is wrong');
  if (question.later === true && status === notFound && definition.paging.type === 'page') {
    const next = definition.paging.end === undefined ? endHint : 'see what answers there in its place';
    return `it had the pages before this one, so no setting is wrong; ${next}`;
  }
  if (isInvalid) return askedBy(definition, question);
  if (status !== notFound) return undefined;
  const used = settingsOf([url, request.path].flat()).filter((name) => Object.hasOwn(settings, name));
  return used.length === 0 ? undefined : `check ${listed(used)}; or correct the path in the definition`;
}

/** What to do where the address is right, and the way to ask is not: it takes another method, or has another format. */
function wayHint({ request }: SourceDefinition, status: number, { named, url }: Question): string {
  if (status === notAcceptable)
    return `${wrongService}; or name the format that it has: headers: { Accept: … } in the definition`;
  if (named !== true || url === undefined)
    return `${wrongService}; or correct the method and the path of the request in the definition`;
  const method = request.method === 'POST' ? 'GET' : 'POST';
  return `it named this page itself, so no setting or flag is wrong; if its next pages are asked for by ${method}, add request: { method: ${method}, path: … } to paging in the definition`;
}

/** A reply that is a success by its HTTP status, and tells that asking again may help. */
export function passingIn(definition: SourceDefinition, what: string, said: unknown): Problem | undefined {
  const meant = meantBy(definition, undefined, said);
  if (meant === undefined) return undefined;
  const [status, verb, hint] = meaning(meant);
  return new Problem(status, `${definition.name} ${verb} ${what}${saying(definition, said)}`, { hint, again: {} });
}

/** The HTTP status that a reply stands for, if it tells that the rate was it, or that the vendor failed for now. */
function meantBy({ reply }: SourceDefinition, status: number | undefined, said: unknown): 429 | 503 | undefined {
  if (isAmong(reply?.limited ?? [], status, said)) return 429;
  return isAmong(reply?.unavailable ?? [], status, said) ? 503 : undefined;
}

/** What to do when records are refused: whoever asks for them with a session has logged in successfully before. */
export function refusalHint(definition: SourceDefinition, status: unknown, values: TemplateValues): string | undefined {
  if (status === 403) {
    const read = settingsRead(definition, values);
    const spelled = read.find((name) => textOf(values[name]).includes('://'));
    const spelling = spelled && `; ${spelled} must be spelled as the vendor has it, with or without a slash at its end`;
    return `${credentialsHint(definition, read)}, and the right to read these records${spelling ?? ''}`;
  }
  if (status !== 401) return undefined;
  if (definition.auth.type === 'oauth2') {
    return 'a token was granted, but does not open this API: check the scope or audience in auth, and the rights of the client';
  }
  if (definition.auth.type !== 'session') return credentialsHint(definition);
  return 'the login worked; another run with the same user may have ended the session, or the user may not read records';
}

/** The settings that were chosen and that name what is read: credentials may be good, but not for that. */
function settingsRead(
  { url, request, job, items, branches, settings }: SourceDefinition,
  values: TemplateValues,
): readonly string[] {
  const used = new Set(sentWith({}, [url, request, job?.request, items?.request]));
  if (used.has('branch') && branches?.setting !== undefined) used.add(branches.setting);
  const isChosen = ([name, { kind, values: texts, default: standard }]: [string, Setting]): boolean =>
    used.has(name) && kind !== 'url' && texts === undefined && ![standard ?? '', ''].includes(textOf(values[name]));
  return Object.entries(settings)
    .filter(isChosen)
    .map(([name]) => name);
}

/** What a short reply, which is `text`, says: a JSON value; of a page for people, its title; undefined for anything else. */
export function saidIn(reply: HttpReply, text: string): unknown {
  return isHtml(reply) ? /<title[^<>]*>([^<]*)<\/title/i.exec(text)?.[1]?.trim() || undefined : parseJson(text);
}

/** Records leave as they came, and JSON is UTF-8 (RFC 8259 section 8.1): another encoding would be a guess. */
export function notUtf8(definition: SourceDefinition, what: string, charset: string): Problem {
  return new Problem(
    exit.protocol,
    `${definition.name} answered ${what} in ${serverText(charset.toLowerCase())}, not in UTF-8`,
    {
      hint: 'have the service, or the proxy before it, answer in UTF-8',
    },
  );
}

/** `said` as of `saidIn`. Who knows what answered, and where, need not ask again by hand. */
export function notJson(definition: SourceDefinition, what: string, reply: HttpReply, said?: unknown): Problem {
  const { status, headers, url } = reply;
  const type = headers['content-type'] ?? 'no content type';
  const title = isHtml(reply) && typeof said === 'string' ? `, ${JSON.stringify(said)}` : '';
  const message = `${definition.name} answered ${what} with something else than JSON`;
  return new Problem(exit.protocol, `${message} (HTTP ${status}, ${serverText(type + title)}) at ${placeOf(url)}`, {
    hint: wrongPage,
  });
}

/** Where that was, without a query: it may hold a secret. */
function placeOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

/**
 * 401, or a reply that is not what was asked for: a login page, or an error that the vendor tells in its body. Other
 * HTTP statuses speak for themselves.
 */
export function isSessionOver(error: unknown): boolean {
  if (!(error instanceof Problem) || error.again !== undefined) return false;
  return error.httpStatus === 401 || (error.status === exit.protocol && error.httpStatus === undefined);
}
