/** The placeholders that texts of a definition may have besides settings and `variables`, each with its meaning. */

export const placeholderMeanings = {
  from: 'the beginning of the window, spelled as `window.time` says',
  until: 'its end, which does not belong to it',
  limit: 'records asked for in one query: `--limit`, else `limits.page`',
  cursor: 'what the page before names the next one by, with `paging: { type: cursor }`',
  offset:
    'how many rows to leave out, with `paging: { type: offset }`: all that came before but the last, which is read again',
  page: 'the number of the page, with `paging: { type: page }`',
  branch: 'the one of `branches` that is read',
  job: 'the `job` that was started',
  query: '`--query`, in the language of the vendor',
  rawQuery: '`--raw-query`',
  categories: '`--categories`',
} as const;

/** Placeholders that have a value in one place only, of one kind of authentication. */
export const placeholdersElsewhere: readonly {
  readonly place: string;
  readonly names: readonly string[];
  readonly type?: string;
}[] = [
  { place: 'auth.token.headers.', names: ['token'] },
  { place: 'auth.login.', names: ['csrf'] },
  { place: 'auth.logout.', names: ['csrf'] },
  { place: 'auth.form.', names: ['assertion'] },
  { place: 'auth.query.', names: ['assertion'] },
  { place: 'auth.text', names: ['date', 'method', 'host', 'path', 'parameters'] },
  { place: 'auth.basic.', names: ['signature'], type: 'signature' },
  { place: 'auth.headers.', names: ['date', 'signature', 'basic'], type: 'signature' },
  { place: 'items.', names: ['item'] },
];
