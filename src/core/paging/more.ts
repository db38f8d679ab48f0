/** What a page says of a next one besides where it is: a flag, or nothing at all. */
import type { PagingDefinition } from '../definition.ts';
import { pagingRules } from '../definition/paging-rules.ts';
import { lexemeAt } from '../json/json.ts';
import { mostNames, parsePath, readingsOf } from '../json/path.ts';
import type { PageEnd } from '../paging.ts';
import { exit, Problem } from '../problem.ts';
import { flagAt } from '../definition/answers.ts';
import { parseJson } from '../json/parsed.ts';
import { valueAt } from '../json/value-at.ts';

/**
 * What the flag at `paging.more` says; undefined where the definition names none. Throws Problem 76 when it is neither
 * true nor false: taken for either, it would end the pages too early, or never.
 */
export function flagOf(
  paging: PagingDefinition,
  { envelope }: Pick<PageEnd, 'envelope'>,
  source: string,
): boolean | 'absent' | undefined {
  const { more } = pagingRules(paging);
  if (more === undefined) return undefined;
  const without = 'where pages end without a flag';
  return flagAt(parseJson(envelope), more, { source, name: 'paging.more', without });
}

/** A page that says that more records follow, and does not say where: what they are cannot be asked for. */
export function unnamedNext(paging: PagingDefinition, source: string): Problem {
  const { more } = pagingRules(paging);
  return new Problem(
    exit.protocol,
    `${source} says that more records follow (${more}), and does not name the next page`,
    {
      hint: "the position stays; check the vendor's API version, and paging if the definition is yours",
    },
  );
}

/** What is told of a page: its source, what the page is, and what would be on the next one. */
interface Told {
  readonly name: string;
  readonly what: string;
  readonly missing?: string;
}

/**
 * For a first page that no next one follows: the warning that it should have said so, being full, and says nothing. If the
 * path of that is mistyped, every window would end with its first page. Undefined when the page says so, need not (the
 * definition takes absence for the end), or is not full.
 */
export function muteWarning(
  paging: PagingDefinition,
  end: PageEnd,
  { name, what, missing = 'records' }: Told,
): string | undefined {
  const at = muteAt(paging, end, name);
  if (at === undefined) return undefined;
  return `${name}: ${what} was full, and nothing stands at ${at}: if the next page is named elsewhere, ${missing} are missing`;
}

/** Where nothing stands. */
function muteAt(paging: PagingDefinition, end: PageEnd, source: string): string | undefined {
  const { envelope, count, limit } = end;
  if (limit === undefined || count < limit) return undefined;
  const flag = flagOf(paging, end, source);
  const { more, path, stop = [] } = pagingRules(paging);
  if (flag === 'absent') return more;
  if (flag !== undefined || stop.includes('missing')) return undefined;
  return path !== undefined && lexemeAt(envelope, parsePath(path)) === undefined ? path : undefined;
}

/**
 * Of a page that no next one follows. Throws Problem 78 where it tells of one under a name that has a dot, and the
 * definition has that name without quotes: `@odata.nextLink` is nextLink in @odata, and each window would end with its
 * first page.
 */
export function refuseUnquoted(
  paging: PagingDefinition,
  { envelope }: Pick<PageEnd, 'envelope'>,
  source: string,
): void {
  const { path, more } = pagingRules(paging);
  for (const [name, dotted] of Object.entries({ path, more })) {
    if (dotted?.includes('.') !== true || parsePath(dotted).length > mostNames) continue;
    const reply = parseJson(envelope);
    if (valueAt(reply, dotted) !== undefined) continue;
    const meant = readingsOf(dotted)
      .map(written)
      .find((reading) => valueAt(reply, reading) !== undefined);
    if (meant === undefined) continue;
    throw new Problem(exit.config, `${source}: nothing stands at ${dotted} (paging.${name}), but at ${meant}`, {
      hint: `a name with a dot is written in quotes: write ${name}: '${meant}' for paging in the definition`,
    });
  }
}

/** The names of a path as a text again. */
function written(names: readonly string[]): string {
  return names.map((name) => (name.includes('.') ? JSON.stringify(name) : name)).join('.');
}
