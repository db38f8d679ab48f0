/** What a page of HTML says in its tags, as far as a login needs it: the value of a field, and the content of a meta tag. */

const attribute = /([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?/g;

/** The value of the first `input`, or `meta`, of that name; undefined when there is none with a value. */
export function htmlValue(html: string, tag: 'input' | 'meta', name: string): string | undefined {
  const found = tagsOf(html).find(([kind, members]) => kind === tag && members.get('name') === name);
  const value = found?.[1].get(tag === 'input' ? 'value' : 'content');
  return value === '' ? undefined : value;
}

/** Whether the page asks for a password. */
export function asksForPassword(html: string): boolean {
  return tagsOf(html).some(([kind, members]) => kind === 'input' && members.get('type')?.toLowerCase() === 'password');
}

type Tag = readonly [tag: string, members: ReadonlyMap<string, string>];

/**
 * In one pass, whatever the page is: a comment, a script or a tag that is never closed takes the rest of it, as in a browser.
 * Tags inside comments and scripts mean nothing.
 */
function tagsOf(html: string): readonly Tag[] {
  const tags: Tag[] = [];
  const lower = html.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()); // other letters may change their length
  const opening = /<(?:!--|(script|style|input|meta)(?=[\s/>]))/g;
  for (let found = opening.exec(lower); found !== null; found = opening.exec(lower)) {
    const [, tag] = found;
    const from = opening.lastIndex;
    const isTag = tag === 'input' || tag === 'meta';
    const end = isTag ? endOfTag(html, from) : lower.indexOf(tag === undefined ? '-->' : `</${tag}`, from);
    if (end === -1) break;
    if (isTag) tags.push([tag, membersOf(html.slice(from, end))]);
    opening.lastIndex = end;
  }
  return tags;
}

/** Where the bracket is that closes a tag: not one in quotes. */
function endOfTag(html: string, from: number): number {
  let quote = '';
  for (let at = from; at < html.length; at += 1) {
    const each = html.charAt(at);
    if (quote !== '') quote = each === quote ? '' : quote;
    else if (each === '>') return at;
    else if (each === '"' || each === "'") quote = each;
  }
  return -1;
}

function membersOf(inside: string): ReadonlyMap<string, string> {
  const members = new Map<string, string>();
  for (const [, name = '', ...values] of inside.matchAll(attribute)) {
    const key = name.toLowerCase();
    if (!members.has(key)) members.set(key, decoded(values.find((value) => value !== undefined) ?? ''));
  }
  return members;
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The text behind character references: those by number, and the few by name that a program writes. */
function decoded(text: string): string {
  return text.replaceAll(
    /&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w+));/gi,
    (whole, digits?: string, hex?: string, word = '') => {
      const code = digits === undefined ? Number.parseInt(hex ?? '', 16) : Number(digits);
      if (Number.isNaN(code)) return named[String(word)] ?? whole;
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}
