/** What is told of a login that is none. */
import type { SourceDefinition } from '../../definition.ts';
import { atAddress, inDefinition, type Hint } from '../../hint.ts';
import { type Asked, whereNothingIs, wrongPage } from '../../http-problem.ts';
import { exit, Problem } from '../../problem.ts';
import { serverText } from '../../text/shown.ts';
import { saidIn } from '../refusal.ts';
import { saying } from '../reply.ts';
import type { HttpReply } from '../../tools.ts';
import { credentialsHint, hasForm, inBrowser, otherRun } from './credentials.ts';

export function refusedLogin(definition: SourceDefinition, value: unknown): Problem {
  return new Problem(exit.noperm, `${definition.name} refused the login${saying(definition, value)}`, {
    hint: whyNotIn(definition),
  });
}

function whyNotIn(definition: SourceDefinition): Hint {
  return [credentialsHint(definition), hasForm(definition) ? inBrowser : undefined];
}

/** What an answer that a refused login would explain may come from instead: a path that is not there, or the end of the session. */
export type Otherwise = 'path' | 'ended';

/** The Problem of a form that answered the login with something else than itself: `how`. */
export function refusalInDoubt(definition: SourceDefinition, how: string, otherwise?: Otherwise): Problem {
  const refused = otherwise === 'path' ? 'may have refused' : 'refused';
  const ended = `${otherRun}, or the user may not read records`;
  const correct = orCorrect(definition, otherwise === 'path' ? 'auth.login or the path of the request' : undefined);
  return new Problem(exit.noperm, `${definition.name} ${refused} the login: it answered that with ${how}`, {
    hint: otherwise === 'ended' ? [correct, ended] : correct,
  });
}

/** `an HTML page (HTTP 200, "Account locked")`: its title, and no more, because a page may quote the credentials. */
export function pageIn(reply: HttpReply, text: string): string {
  const title = saidIn(reply, text);
  return `an HTML page (HTTP ${reply.status}${typeof title === 'string' ? serverText(`, ${JSON.stringify(title)}`) : ''})`;
}

export function notALogin(definition: SourceDefinition, how: string): Problem {
  return new Problem(exit.protocol, `${definition.name} answered the login ${how}`, {
    hint: wrongPage,
  });
}

/** The Problem of a redirect that a program cannot follow, where the definition knows of no page. */
export function answeredAsForm(definition: SourceDefinition, reply: HttpReply): Problem {
  const what = `${redirectIn(reply)}, as a form for people does`;
  return new Problem(exit.protocol, `${definition.name} answered the login with ${what}`, {
    host: new URL(reply.url).host,
    hint: [
      atAddress((url) => `set ${url} to the final address of the API`),
      inDefinition((there) => `or correct auth.login ${there}: a form needs an auth.page, too`),
    ],
  });
}

/** `a redirect to /home (HTTP 302)`, without its query, which may quote anything. */
export function redirectIn({ status, url, headers }: HttpReply): string {
  return serverText(`a redirect to ${new URL(headers['location'] ?? '', url).pathname} (HTTP ${status})`);
}

/** The Problem of a redirect to http at the same host: mostly, the service does not know that a proxy before it speaks https. */
export function unprotected(definition: SourceDefinition, { url, headers }: HttpReply): Problem {
  const { origin } = new URL(headers['location'] ?? '', url);
  const where = `a redirect to ${origin}, where the credentials would go in the clear`;
  return new Problem(exit.protocol, `${definition.name} answered the login with ${where}`, {
    hint: 'let the proxy before the service pass on the scheme and host that were asked for (X-Forwarded-Proto, Host)',
  });
}

/** The reply itself is not shown, because it may quote the credentials; so the hint names whatever may be wrong. */
export function askedForLogin(definition: SourceDefinition): Asked {
  const unaccepted = { 400: orCorrect(definition), 422: orCorrect(definition) };
  // What forms answer where their token is not as it should be, or the page that it was sent from is not named.
  const unproven = orCorrect(definition, undefined, ': {csrf} may belong elsewhere, or a Referer is missing');
  const hints = {
    ...unaccepted,
    423: ['the account may be locked', credentialsHint(definition)],
    ...(hasForm(definition) && { 403: unproven, 419: unproven, 422: unproven }),
    ...whereNothingIs(addressHint('auth.login')),
  };
  return { who: definition.name, what: 'the login', hint: whyNotIn(definition), hints };
}

/** What to do where the address of a part of the definition leads to nothing. */
export function addressHint(part: string): Hint {
  return [atAddress((url) => `check ${url}`), inDefinition((there) => `or correct ${part} ${there}`)];
}

function orCorrect(definition: SourceDefinition, part = 'auth.login', why = ''): Hint {
  return [whyNotIn(definition), inDefinition((there) => `or correct ${part} ${there}${why}`)];
}
