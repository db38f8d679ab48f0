/** What a schema cannot see: whether the parts of a definition fit together. */
import type { SourceDefinition } from '../definition.ts';
import { didYouMean, nearest } from '../text/nearest.ts';
import { itemProblems } from './check/items.ts';
import { jobProblems } from './check/job.ts';
import { oauthProblems } from './check/oauth.ts';
import { bareProblems, pathProblems } from './check/pages.ts';
import { requestProblems } from './check/requests.ts';
import { secretProblems } from './check/secrets.ts';
import { textsIn, templatesOf, usedPlaceholders } from './texts.ts';
import { signatureProblems } from './check/signature.ts';
import { timeProblems } from './check/times.ts';
import { placeholderMeanings, placeholdersElsewhere } from './placeholders.ts';
import { placeholders } from './template.ts';

const checks = [
  variableProblems,
  requestProblems,
  oauthProblems,
  signatureProblems,
  itemProblems,
  jobProblems,
  pathProblems,
  bareProblems,
  windowProblems,
  timeProblems,
  searchProblems,
  secretProblems,
];

/**
 * What does not fit, as sentences that begin with their place; none when all is well. Of placeholders, all that mean nothing;
 * otherwise only the first fault, since one mostly brings others with it.
 */
export function checkReferences(definition: SourceDefinition): readonly string[] {
  const found = [...placeholderProblems(definition)];
  if (found.length > 0) return found;
  for (const problems of checks) {
    for (const first of problems(definition)) return [first];
  }
  return [];
}

function* placeholderProblems(definition: SourceDefinition): Generator<string> {
  for (const [at, text] of templatesOf(definition)) {
    const allowed = placeholdersAt(at, definition);
    const unknown = placeholders(text).find((name) => !allowed.includes(name));
    if (unknown !== undefined) {
      const blanks = at.includes('.json.') ? `; braces that are the text's own have blanks: { ${unknown} }` : ''; // GraphQL
      yield `${at}: {${unknown}} is neither a setting nor a placeholder${listed(unknown, allowed, definition)}${blanks}`;
    }
  }
  const tokenUrl = definition.auth.type === 'oauth2' ? definition.auth.url : [];
  for (const [at, url] of Object.entries({ url: definition.url, 'auth.url': tokenUrl })) {
    for (const [index, each] of [url].flat().entries()) {
      if (typeof each !== 'string') yield* choiceProblems(definition, each, `${at}.${index}`, 'texts');
    }
  }
  const settingsOnly = [
    ...textsIn('url', definition.url),
    ...textsIn('auth.url', tokenUrl),
    ...textsIn('scope', definition.scope),
  ];
  for (const [at, text] of settingsOnly) {
    const wrong = placeholders(text).find((name) => definition.settings[name]?.secret === true);
    if (wrong !== undefined) yield `${at}: {${wrong}} cannot be used here, only settings that are not secret`;
  }
}

/** ` (Did you mean from?): there are {from}, {until} and settings`; what is meant, if it is one of these, comes first. */
function listed(unknown: string, allowed: readonly string[], { settings }: SourceDefinition): string {
  const near = nearest(unknown, allowed);
  const meant = near === undefined ? '' : ` (Did you mean ${near}?)`;
  if (near !== undefined && near in settings) return meant;
  const names = allowed.filter((name) => !(name in settings) && name !== near);
  const shown = [...(near === undefined ? [] : [near]), ...names].map((name) => `{${name}}`);
  return `${meant}: ${shown.length === 0 ? 'only settings have a value here' : `there are ${shown.join(', ')} and settings`}`;
}

/** The placeholders that a text at this place may have. Addresses, and what logs in or signs, know no others but settings. */
function placeholdersAt(at: string, { auth, settings, variables }: SourceDefinition): readonly string[] {
  const here = placeholdersElsewhere.filter(
    ({ place, type = auth.type }) => at.startsWith(place) && type === auth.type,
  );
  const known = [...Object.keys(settings), ...here.flatMap(({ names }) => names)];
  const isFixed = /^(?:url|scope)(?:\.|$)/.test(at);
  if (isFixed || (['session', 'oauth2', 'signature'].includes(auth.type) && at.startsWith('auth.'))) return known;
  return [
    ...known.filter((name) => name !== 'assertion'),
    ...Object.keys(placeholderMeanings),
    ...Object.keys(variables ?? {}),
  ];
}

/** Variables get their values in order. One that is used too early would be silently empty, and could drop the window. */
function* variableProblems({ variables = {} }: SourceDefinition): Generator<string> {
  const names = Object.keys(variables);
  for (const [index, name] of names.entries()) {
    const named = [variables[name] ?? []].flat().flatMap(placeholders);
    const valueless = names.slice(index).find((each) => named.includes(each));
    if (valueless !== undefined) {
      yield `variables.${name}: {${valueless}} has no value there yet: a variable names only those before it`;
    }
  }
}

/** What depends on a setting: `member` has something for each value that the setting can have. */
function* choiceProblems<Member extends string>(
  { settings }: SourceDefinition,
  choice: { readonly setting: string } & Readonly<Record<Member, object>>,
  at: string,
  member: Member,
): Generator<string> {
  const { setting } = choice;
  yield* settingProblems(settings, setting, at);
  const values = settings[setting]?.values;
  if (values === undefined) yield `settings.${setting}.values is missing: expected the names of ${at}.${member}`;
  const missing = values?.find((value) => !Object.hasOwn(choice[member], value));
  if (missing !== undefined) yield `${at}.${member}: ${missing}, a value of ${setting}, is missing`;
}

function* settingProblems(settings: SourceDefinition['settings'], name: string, at: string): Generator<string> {
  if (settings[name] !== undefined) return;
  yield `${at}.setting: there is no setting ${name}${didYouMean(name, Object.keys(settings))}`;
}

function* windowProblems(definition: SourceDefinition): Generator<string> {
  const { window, settings } = definition;
  const used = usedPlaceholders(definition);
  const timed = used.has('from') || used.has('until');
  if (window.filter === 'none' && timed) yield 'window.filter: none, yet a request uses {from} or {until}';
  if (window.filter !== 'none' && !used.has('from')) yield `window.filter: ${window.filter} needs {from} in a request`;
  if (timed && window.time === undefined) yield 'window.time is missing: {from} and {until} need a format';
  if (typeof window.time === 'object' && 'setting' in window.time) {
    yield* choiceProblems(definition, window.time, 'window.time', 'formats');
    const { setting } = window.time;
    const { default: preset, required } = settings[setting] ?? {};
    if (preset === undefined && required !== true) {
      yield `settings.${setting}: expected a default, or required: true`; // without a format, no window would be sent
    }
  }
}

function* searchProblems(definition: SourceDefinition): Generator<string> {
  const { branches, query, settings, categories } = definition;
  const used = usedPlaceholders(definition);
  if (branches === undefined && used.has('branch')) yield 'branches is missing: {branch} needs it';
  if (branches !== undefined) {
    if (!used.has('branch')) yield 'branches: nothing uses {branch}';
    if (branches.setting === undefined && branches.values === undefined && branches.fetch === undefined) {
      yield 'branches: expected setting, values or fetch';
    }
    if (branches.setting !== undefined) yield* settingProblems(settings, branches.setting, 'branches');
  }
  const named = Object.entries(categories?.values ?? {});
  const unknown = categories?.default?.find((name) => named.every(([known]) => known !== name));
  if (unknown !== undefined) yield `categories.default: ${unknown} is not in categories.values`;
  const object = named.find(([, value]) => typeof value !== 'string')?.[0];
  if (object !== undefined && categories?.path !== undefined) {
    yield `categories.values.${object}: expected a text, to be compared with what is at categories.path`;
  }
  if (query?.open === true && (query.compare === undefined || !used.has('query'))) {
    yield 'query.open: needs query.compare, and {query} in a request';
  }
  for (const [key, { parameter, field, path }] of Object.entries(query?.keys ?? {})) {
    if (parameter === undefined && field === undefined && path === undefined) {
      yield `query.keys.${key}: expected parameter, field or path`;
    }
    if (parameter !== undefined && definition.job !== undefined) {
      yield `query.keys.${key}.parameter: a job takes none; use field or path`;
    }
    if (field !== undefined && (query?.compare === undefined || !used.has('query'))) {
      yield `query.keys.${key}.field: needs query.compare, and {query} in a request`;
    }
  }
}
