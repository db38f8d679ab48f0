/** What a page says about a next one, apart from where it is: a flag, or nothing at all. */
import { inDefinition, ofPosition } from '../hint.ts';
import type { PagingDefinition } from '../definition.ts';
import { pagingRules, stopsAt } from '../definition/paging-rules.ts';
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

/** A page that says that more records follow, but not where: they cannot be asked for. */
export function unnamedNext(paging: PagingDefinition, source: string): Problem {
  const { more } = pagingRules(paging);
  return new Problem(
    exit.protocol,
    `${source} says that more records follow (${more}), and does not name the next page`,
    {
      hint: [ofPosition('the position stays'), "check the vendor's API version, and paging if the definition is yours"],
    },
  );
}

/** A page in the words of a warning: its source, what it is, and what a next one would hold. */
interface Told {
  readonly name: string;
  readonly what: string;
  readonly missing?: string;
}

/**
 * The warning for a first page that is full, names no next one, and does not say that it is the last: if the path in the
 * definition is mistyped, every window ends after its first page. Undefined when the page is not full, says that it is the
 * last, or need not say so (the definition takes absence for the end).
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

/** The path at which the page should have said whether it is the last; undefined when all is well. */
function muteAt(paging: PagingDefinition, end: PageEnd, source: string): string | undefined {
  const { envelope, count, limit } = end;
  if (limit === undefined || count < limit) return undefined;
  const flag = flagOf(paging, end, source);
  const { more, path } = pagingRules(paging);
  if (flag === 'absent') return more;
  if (flag !== undefined || stopsAt(paging, 'missing')) return undefined;
  return path !== undefined && lexemeAt(envelope, parsePath(path)) === undefined ? path : undefined;
}

/**
 * Throws Problem 78 for a page that seems to be the last, only because the definition has a name with a dot without quotes:
 * unquoted, `@odata.nextLink` means nextLink inside @odata, and every window would end after its first page.
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
      hint: inDefinition(
        (there) => `a name with a dot is written in quotes: write ${name}: '${meant}' for paging ${there}`,
      ),
    });
  }
}

/** The names of a path as one text. */
function written(names: readonly string[]): string {
  return names.map((name) => (name.includes('.') ? JSON.stringify(name) : name)).join('.');
}
