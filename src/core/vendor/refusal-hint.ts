/** What to do about a reply that is not what was asked for: which settings, flags or parts of the definition to look at. */
import { askedBy } from './asked-by.ts';
import type { SourceDefinition } from '../definition.ts';
import { check, type Hint, inDefinition, nextRun } from '../hint.ts';
import { sentWith, usedPlaceholders } from '../definition/texts.ts';
import {
  gone,
  headersTooLarge,
  noContent,
  notAcceptable,
  notAllowed,
  notFound,
  tooLarge,
  uriTooLong,
} from '../http-status.ts';
import { keepsBookmark } from '../definition/paging-rules.ts';
import type { Setting } from '../setting.ts';
import { askingFlags, wrongService } from '../http-problem.ts';
import type { Question } from './vendor-client.ts';
import { isCursorRefused } from './gone.ts';
import { settingsOf } from './address.ts';
import { credentialsHint } from './auth/credentials.ts';
import { textOf, type TemplateValues } from '../definition/template.ts';

const sameSettings = 'it had the pages before this one, so no setting is wrong';

const endHint = inDefinition((there) => `if it says so that there are no more, add end: [404] to paging ${there}`);

const shorterParts = nextRun(
  'the next run of a job reads shorter parts of the window; a search needs a shorter one (--since, --until)',
  'ask for a shorter window (--since, --until)',
);

/** What to do where a page is refused for its cursor. */
export function cursorHint(definition: SourceDefinition): Hint {
  return orShorter(definition, 'it gave the cursor for this page itself, so no setting or flag is wrong');
}

/** A shorter window asks for less only where requests say when it ends, and where no bookmark decides what comes next. */
function orShorter(definition: SourceDefinition, what: string): Hint {
  const { paging, window } = definition;
  const helps = window.filter !== 'none' && !keepsBookmark(paging) && usedPlaceholders(definition).has('until');
  return helps ? [what, shorterParts] : what;
}

/** --limit says nothing to a vendor that is not asked for a number. */
function lessAtOnce(definition: SourceDefinition): Hint {
  if (usedPlaceholders(definition).has('limit')) return 'ask for less at once, with a lower --limit';
  return inDefinition((there) => `have the request ${there} ask for less at once`);
}

/** What to do about an HTTP status, by what was asked; undefined where the standard hint of the status will do. */
export function statusHint(definition: SourceDefinition, status: number, question: Question): Hint | undefined {
  if (status === noContent)
    return inDefinition((there) => `if it means that there are no records, write reply: { empty: [204] } ${there}`);
  if (status === gone) return undefined; // says it all
  if (status === tooLarge) return lessAtOnce(definition); // shorter windows were tried (plan/cut-off)
  if (status === uriTooLong || status === headersTooLarge)
    return 'ask for less at once: a lower --limit or a shorter window';
  if (status === notAcceptable || status === notAllowed) return methodHint(definition, status, question);
  if (isCursorRefused(question, status)) return cursorHint(definition);
  const { url, request, settings, job } = definition;
  const isInvalid = status === 400 || status === 422;
  // A vendor may limit how many pages of a window it shows, and forget a job while its pages are read.
  if (question.later === true && (isInvalid || (status === notFound && job !== undefined)))
    return orShorter(definition, sameSettings);
  if (question.later === true && status === notFound && definition.paging.type === 'page') {
    const next = definition.paging.end === undefined ? endHint : 'see what answers there in its place';
    return [sameSettings, next];
  }
  if (isInvalid)
    return [askedBy(definition, question) ?? askingFlags, inDefinition((there) => `or correct the request ${there}`)];
  if (status !== notFound) return undefined;
  const used = settingsOf([url, request.path].flat()).filter((name) => Object.hasOwn(settings, name));
  if (used.length === 0) return inDefinition((there) => `check url and the path of the request ${there}`);
  return [check(used), inDefinition((there) => `or correct the path ${there}`)];
}

/** For 405 and 406: the address is right, but not the method, or the format that was asked for. */
function methodHint({ request }: SourceDefinition, status: number, { named, url }: Question): Hint {
  if (status === notAcceptable)
    return [wrongService, inDefinition((there) => `or name the format that it has: headers: { Accept: … } ${there}`)];
  if (named !== true || url === undefined)
    return [wrongService, inDefinition((there) => `or correct the method and the path of the request ${there}`)];
  const method = request.method === 'POST' ? 'GET' : 'POST';
  const ask = `if its next pages are asked for by ${method}, add request: { method: ${method}, path: … } to paging`;
  return ['it named this page itself, so no setting or flag is wrong', inDefinition((there) => `${ask} ${there}`)];
}

/** What to do about 401 and 403; undefined for any other status. With a session or a token, the login itself has worked. */
export function accessHint(definition: SourceDefinition, status: unknown, values: TemplateValues): Hint | undefined {
  if (status === 403) {
    const read = settingsRead(definition, values);
    const spelled = read.find((name) => textOf(values[name]).includes('://'));
    const spelling = spelled && `${spelled} must be spelled as the vendor has it, with or without a slash at its end`;
    return [credentialsHint(definition, read, ', and the right to read these records'), spelling];
  }
  if (status !== 401) return undefined;
  if (definition.auth.type === 'oauth2') {
    return 'a token was granted, but does not open this API: check the scope or audience in auth, and the rights of the client';
  }
  if (definition.auth.type !== 'session') return credentialsHint(definition);
  return 'the login worked; another run with the same user may have ended the session, or the user may not read records';
}

/** The settings, other than their defaults, that name what is read: the credentials may be good, but not for that. */
function settingsRead(
  { url, parameters, request, job, items, branches, settings }: SourceDefinition,
  values: TemplateValues,
): readonly string[] {
  const used = new Set(sentWith({}, [url, parameters, request, job?.request, items?.request]));
  if (used.has('branch') && branches?.setting !== undefined) used.add(branches.setting);
  const isChosen = ([name, { kind, values: texts, default: standard }]: [string, Setting]): boolean =>
    used.has(name) && kind !== 'url' && texts === undefined && ![standard ?? '', ''].includes(textOf(values[name]));
  return Object.entries(settings)
    .filter(isChosen)
    .map(([name]) => name);
}
