/** The requests of a definition: whether each of them can be sent, and goes where it should. */
import type { RequestDefinition, SourceDefinition } from '../../definition.ts';
import { parseBase } from '../../origin.ts';
import { withoutUser } from '../../text/shown.ts';
import { pagingRules } from '../paging-rules.ts';
import { headerProblems } from './headers.ts';
import { given } from './pages.ts';
import { fill, placeholders } from '../template.ts';
import { usesPlaceholder } from '../texts.ts';

/** What does not fit, as sentences that begin with their place. */
export function* requestProblems(definition: SourceDefinition): Generator<string> {
  const { url, headers, auth, prepare, job, request, paging, items, branches } = definition;
  yield* headerProblems('', { headers, auth, prepare, job, request, paging, items, branches });
  for (const [at, text] of [
    ...addressesOf('url', url),
    ...addressesOf('auth.url', auth.type === 'oauth2' ? auth.url : []),
  ]) {
    // The value of a setting is checked when it is read; here, the fixed text around settings is.
    if (!text.startsWith('{') && !isAddress(text)) {
      yield `${at}: expected an address such as https://vendor.example, found ${JSON.stringify(withoutUser(text))}`;
    }
  }
  yield* sessionProblems(definition);
  for (const [at, { method, path, json, form }] of requestsOf(definition)) {
    const bodies = given(json, form);
    if (bodies > 1) yield `${at}: json and form exclude each other`;
    if (bodies > 0 && method !== 'POST') yield `${at}: a body needs method: POST`;
    if (auth.type === 'body' && bodies === 0 && !at.startsWith('auth.')) {
      yield `${at}: auth.type body needs a json or form body to add to`;
    }
    if (!/^(?:[/?{]|$)/.test(path)) {
      const why = /^[a-z][a-z0-9+.-]*:/i.test(path) ? ', because all requests go to the host of url' : '';
      yield `${at}.path: expected a path that begins with /${why}, found ${JSON.stringify(withoutUser(path))}`;
    }
  }
}

function* sessionProblems({ auth }: SourceDefinition): Generator<string> {
  if (auth.type !== 'session') return;
  const { token, page, login, logout } = auth;
  if (token !== undefined && given(token.path, token.header, token.cookie) !== 1) {
    yield 'auth.token: expected one of path, header and cookie';
  }
  const sent = usesPlaceholder(login, 'csrf');
  const isUsed = sent || usesPlaceholder(logout, 'csrf');
  if (page === undefined) {
    if (isUsed) yield 'auth.page is missing: {csrf} comes from there';
    return;
  }
  const tokens = given(page.field, page.meta, page.cookie);
  if (tokens > 1) yield 'auth.page: expected one of field, meta and cookie';
  if (tokens === 0 && isUsed) yield 'auth.page: expected field, meta or cookie, where {csrf} comes from';
  if (tokens > 0 && !sent) yield 'auth.page: nothing uses {csrf}; auth.login sends it';
}

/** Every request of a definition, with its place. */
function requestsOf(definition: SourceDefinition): (readonly [at: string, request: RequestDefinition])[] {
  const { request, paging, items, prepare = [], job, branches, auth } = definition;
  const login =
    auth.type === 'session'
      ? { 'auth.page.request': auth.page?.request, 'auth.login': auth.login, 'auth.logout': auth.logout }
      : {};
  const prepared = prepare.map((each, index) => [`prepare.${index}.request`, each.request] as const);
  const all = {
    ...Object.fromEntries(prepared),
    request,
    'paging.request': pagingRules(paging).request,
    'items.request': items?.request,
    'items.paging.request': pagingRules(items?.paging).request,
    'job.request': job?.request,
    'job.poll.request': job?.poll?.request,
    'job.close': job?.close,
    'branches.fetch.request': branches?.fetch?.request,
    'branches.fetch.paging.request': pagingRules(branches?.fetch?.paging).request,
    ...login,
  };
  return Object.entries(all).flatMap(([at, each]) => (each === undefined ? [] : [[at, each] as const]));
}

function* addressesOf(place: string, url: SourceDefinition['url']): Generator<readonly [at: string, text: string]> {
  for (const [index, each] of [url].flat().entries()) {
    const at = Array.isArray(url) ? `${place}.${index}` : place;
    if (typeof each === 'string') yield [at, each];
    else for (const [value, text] of Object.entries(each.texts)) yield [`${at}.texts.${value}`, text];
  }
}

function isAddress(text: string): boolean {
  try {
    parseBase(fill(text, Object.fromEntries(placeholders(text).map((name) => [name, '1']))));
    return true;
  } catch {
    return false;
  }
}
