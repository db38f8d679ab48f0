/** A page of a list: the names or addresses of its items. */
import { inDefinition } from '../hint.ts';
import type { SourceDefinition } from '../definition.ts';
import { identifier } from '../identity.ts';
import { lexemeAt } from '../json/json.ts';
import { parsePath } from '../json/path.ts';
import type { PageEnd } from '../paging.ts';
import { exit, Problem } from '../problem.ts';
import type { Page } from '../types.ts';
import type { Question } from './vendor-client.ts';
import { pageReader } from './read-page.ts';
import { tokenOf } from '../json/value-at.ts';
import type { SourceContext } from './source-context.ts';

/** The most characters that the names or addresses of a page may have: they are remembered until the last was fetched. */
const mostListed = 16 * 1024 * 1024;

export interface ListPage {
  /** The address, or the name, of each item, in the order of the list, each once. */
  readonly found: readonly (string | bigint)[];
  readonly end: PageEnd;
}

/** Reads whole pages of the list. To the page reader, its items are records: a page that breaks off is asked for again. */
export function listReader(
  context: SourceContext,
  { path, missing, address, name = '' }: NonNullable<SourceDefinition['items']>,
): (question: Question) => Promise<ListPage> {
  const { definition, search } = context;
  const member = address ?? name;
  const names = parsePath(member);
  const records = {
    ...(path === undefined ? {} : { path }),
    ...(missing === undefined ? {} : { missing }),
    id: { paths: [member] },
  };
  const all = { ...search, paths: [], wants: () => true };
  const readPage = pageReader({ ...context, definition: { ...definition, records }, search: all });
  const identity = identifier({ paths: [names] }, () => false, false);

  function* listed(part: Page, what: string): Generator<string | bigint> {
    for (const { reason } of part.refused) throw unusable(what, `that cannot be read: ${reason}`);
    for (const { bytes, start, end } of part.records) {
      const lexeme = lexemeAt(bytes.subarray(start, end), names) ?? '';
      const value = /^["\d-]/.test(lexeme) ? tokenOf(lexeme) : undefined;
      if (value === undefined) throw unusable(what, `without ${member}`);
      yield value;
    }
  }

  function unusable(what: string, which: string): Problem {
    return new Problem(exit.protocol, `${definition.name}: ${what} has an item ${which}`, {
      hint: inDefinition((there) => `check items ${there}, and the vendor's API version`),
    });
  }

  return async (question) => {
    const found = new Set<string | bigint>(); // a reply that breaks off shows its items again
    let size = 0;
    const reading = readPage(question, identity);
    try {
      for (;;) {
        const { done, value } = await reading.next();
        for (const part of done === true ? value.rest : [value]) {
          for (const each of listed(part, question.what)) {
            if (!found.has(each)) size += String(each).length;
            found.add(each);
          }
          if (size > mostListed) throw tooLarge(definition.name, question.what);
        }
        if (done === true) return { found: [...found], end: value };
      }
    } finally {
      await reading.return(undefined as never);
    }
  };
}

function tooLarge(name: string, what: string): Problem {
  return new Problem(exit.protocol, `${name}: ${what} has more than ${mostListed / 1024 ** 2} MiB of items`, {
    hint: inDefinition((there) => `ask for a shorter time at once: window.longest ${there}`),
  });
}
