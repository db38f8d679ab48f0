/** The independent parts of a source: organisations, content types, applications. Each has a position of its own. */
import { hash } from 'node:crypto';
import { inDefinition } from '../hint.ts';
import type { BranchesDefinition, SourceDefinition } from '../definition.ts';
import { lexemeAt, lexemesAt } from '../json/json.ts';
import { parsePath } from '../json/path.ts';
import { pager, type PageStep } from '../paging.ts';
import { exit, Problem } from '../problem.ts';
import type { SettingValues } from '../setting.ts';
import type { Tools } from '../tools.ts';
import type { VendorClient } from './vendor-client.ts';
import { muteWarning } from '../paging/more.ts';
import { nextLink } from '../paging/next-link.ts';
import { requestFor } from './page-walk.ts';
import { tokenOf } from '../json/value-at.ts';

const what = 'the list of what this key may read';

/** The most characters that all names may have together: they are kept for the whole run, each with a position. */
const mostListed = 4 * 1024 * 1024;

/**
 * The branches in the setting, else those in the definition, else those that the vendor lists; [''] for a source
 * without branches. Throws Problem 78 when the vendor lists none, 76 when the list is not what the definition says: nobody
 * would notice that a branch is missing.
 */
export async function branchesOf(
  definition: SourceDefinition,
  values: SettingValues,
  vendor: Pick<VendorClient, 'json'>,
  { warn }: Pick<Tools, 'warn'>,
): Promise<readonly string[]> {
  const { setting, fetch } = definition.branches ?? {};
  const chosen = chosenOf(definition, values);
  if (chosen.length > 0) return chosen;
  if (fetch === undefined) return [''];

  const { name } = definition;
  const names = new Set<string>();
  let size = 0;
  const pages = pager(fetch.paging, name, undefined, false);
  for (let step: PageStep | undefined = pages.first, number = 1; step !== undefined; number++) {
    const question = { request: requestFor(fetch, step), values: { ...values, ...step.values }, what, url: step.url };
    const { text: envelope, url, headers } = await vendor.json(question);
    const found = namesIn(envelope, fetch, name);
    for (const each of found) {
      if (!names.has(each)) size += each.length;
      names.add(each);
    }
    if (size > mostListed) throw tooLong(name, setting);
    if (fetch.paging.type === 'none' && nextLink(headers['link'] ?? '') !== undefined) throw cut(name);
    const fingerprint = found.length === 0 ? undefined : hash('sha256', found.join('\n'));
    const end = { url, headers, envelope, count: found.length, limit: askedFor(url, found.length), fingerprint };
    step = pages.next(step, end);
    const told = { name, what: `page 1 of ${what}`, missing: 'branches' };
    const mute = number === 1 && step === undefined ? muteWarning(fetch.paging, end, told) : undefined;
    if (mute !== undefined) warn(mute);
  }
  if (names.size === 0) throw nothing(name, setting);
  return [...names];
}

/** Whether nobody has chosen the branches, so that the vendor lists them. */
export function asksVendor(definition: SourceDefinition, values: SettingValues): boolean {
  return definition.branches?.fetch !== undefined && chosenOf(definition, values).length === 0;
}

/** The branches in the setting, else those in the definition; each once. */
function chosenOf(
  { branches: { setting, values: listed = [] } = {} }: SourceDefinition,
  values: SettingValues,
): string[] {
  const text = setting === undefined ? undefined : values[setting];
  return [...new Set(text === undefined ? listed : text.split(/[\s,]+/).filter((each) => each !== ''))];
}

/** The names on one page of the list. Integers keep all their digits. */
function namesIn(text: string, { path = '', member = '' }: Fetch, source: string): readonly string[] {
  const elements = lexemesAt(text, parsePath(path));
  if (elements === undefined && lexemeAt(text, parsePath(path)) === 'null') return [];
  if (elements === undefined) throw otherList(`${source}: ${what} is not ${path === '' ? 'a list' : `at ${path}`}`);
  return elements.map((element) => {
    const lexeme = lexemeAt(element, parsePath(member));
    const name = tokenOf(lexeme);
    if (typeof name === 'bigint' || (name !== undefined && lexeme?.startsWith('"') === true)) return String(name);
    throw otherList(`${source}: ${what} has an entry without ${member === '' ? 'a name' : member}`);
  });
}

/** The number of names, if the address asks for exactly that many: then the page is full. A small number may be a version. */
function askedFor(url: string, count: number): number | undefined {
  const asked = count >= smallestPage && [...new URL(url).searchParams.values()].includes(String(count));
  return asked ? count : undefined;
}

const smallestPage = 10;

type Fetch = NonNullable<BranchesDefinition['fetch']>;

function otherList(message: string): Problem {
  return new Problem(exit.protocol, message, {
    hint: inDefinition((there) => `check branches.fetch ${there}, and the vendor's API version`),
  });
}

function cut(source: string): Problem {
  return new Problem(exit.protocol, `${source}: ${what} has more pages`, {
    hint: inDefinition(
      (there) =>
        `write how to get them ${there}: branches.fetch.paging is { type: link } where a Link header leads to them`,
    ),
  });
}

function tooLong(source: string, setting: string | undefined): Problem {
  const orSet = setting === undefined ? '' : `, or set ${setting}`;
  return new Problem(exit.protocol, `${source}: ${what} has more than ${mostListed / 1024 ** 2} MiB of names`, {
    hint: inDefinition((there) => `see what it lists, and check branches.fetch ${there}${orSet}`),
  });
}

function nothing(source: string, setting: string | undefined): Problem {
  const rights = 'check the rights of the credentials';
  return new Problem(exit.config, `${source} lists nothing that these credentials may read`, {
    hint: setting === undefined ? rights : `${rights}, or set ${setting}`,
  });
}
