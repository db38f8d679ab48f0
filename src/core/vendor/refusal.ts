/** Replies that are not what was asked for: how they are told from the others, and what is said of them. */
import { clockHint } from '../clock/vendor-clock.ts';
import type { SourceDefinition } from '../definition.ts';
import { sentWith } from '../definition/texts.ts';
import { listed } from '../text/listed.ts';
import { exit, Problem } from '../problem.ts';
import type { HttpReply, Setting } from '../types.ts';
import { serverText } from '../text/shown.ts';
import { httpProblem, meaning } from '../retry.ts';
import { bringsContent, isHtml } from './reply-kind.ts';
import { settingsOf } from './request.ts';
import { isAmong, parseJson, saying, tellsInvalid } from './reply.ts';
import { credentialsHint } from './auth/session.ts';
import { textOf, type TemplateValues } from './template.ts';

/** HTTP 410: what was asked for is there no longer, such as the page behind a cursor. */
export const gone = 410;

/** What was asked, with which settings; what is in the reply; and when it came, by our clock. */
interface Refused {
  readonly what: string;
  readonly values: TemplateValues;
  readonly said: unknown;
  readonly now: number;
}

/** The Problem of a reply that is no success. */
export function refusal(
  definition: SourceDefinition,
  { status, headers, date, url }: HttpReply,
  { what, values, said, now }: Refused,
): Problem {
  if (bringsContent(status)) return notJson(definition, what);
  const hint = refusalHint(definition, status, values);
  const clock = definition.auth.type === 'signature' ? clockHint({ date }, now) : '';
  const place = status === 404 ? ` at ${new URL(url).origin}${new URL(url).pathname}` : '';
  const meant = meantBy(definition, status, said);
  const asked = { who: definition.name, what: what + place, meant, ...(hint && { hint: hint + clock }) };
  const problem = httpProblem(status, headers, asked, now);
  const invalid = tellsInvalid(definition, said); // asking again would not help
  return problem.with({
    message: problem.message + saying(definition, said),
    hint: status === 404 ? addressHint(definition, problem.hint) : problem.hint,
    again: invalid ? undefined : problem.again,
    httpStatus: invalid ? gone : status,
  });
}

/** The settings that the address is made of. */
function addressHint({ url, request, settings }: SourceDefinition, otherwise: string | undefined): string | undefined {
  const used = settingsOf([url, request.path].flat()).filter((name) => Object.hasOwn(settings, name));
  return used.length === 0 ? otherwise : `check ${listed(used)}`;
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

/** A short reply as a JSON value; undefined for a page for people, or for anything else. */
export async function saidIn(reply: HttpReply): Promise<unknown> {
  if (!isHtml(reply)) return parseJson(await reply.text(64 * 1024));
  await reply.discard();
  return undefined;
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

export function notJson(definition: SourceDefinition, what: string): Problem {
  return new Problem(exit.protocol, `${definition.name} answered ${what} with something else than JSON`, {
    hint: 'check the URL: a proxy, a single sign-on page or another service may be answering there',
  });
}

/**
 * 401, or a reply that is not what was asked for: a login page, or an error that the vendor tells in its body. Other
 * HTTP statuses speak for themselves.
 */
export function isSessionOver(error: unknown): boolean {
  if (!(error instanceof Problem) || error.again !== undefined) return false;
  return error.httpStatus === 401 || (error.status === exit.protocol && error.httpStatus === undefined);
}
