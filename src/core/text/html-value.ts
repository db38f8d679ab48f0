/**
 * What a page of HTML says in its tags, as far as a login needs it: the value of a field, and the content of a meta tag.
 * Loaded only for definitions with a login page. The only file that knows htmlparser2, and of that the tokenizer alone:
 * the parser above it takes half a minute for a megabyte of tags that are left open.
 */
import { Tokenizer, type TokenizerCallbacks } from 'htmlparser2';

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

type Tag = readonly [tag: string, members: Map<string, string>];

/** In one pass, whatever the page is. What a comment, a script or a template holds means nothing, as in a browser. */
function tagsOf(html: string): readonly Tag[] {
  const tags: Tag[] = [];
  const nameAt = (start: number, end: number): string => html.slice(start, end).toLowerCase();
  let tag: Tag = ['', new Map()];
  let [name, value] = ['', ''];
  let templates = 0;

  function endTag(): void {
    const [kind] = tag;
    if (kind === 'template') templates += 1;
    else if (templates === 0 && (kind === 'input' || kind === 'meta')) tags.push(tag);
  }

  const tokenizer = new Tokenizer(
    {},
    {
      ...ignored,
      onopentagname: (start, end) => void (tag = [nameAt(start, end), new Map()]),
      onattribname: (start, end) => void ([name, value] = [nameAt(start, end), '']),
      onattribdata: (start, end) => void (value += html.slice(start, end)),
      onattribentity: (code) => void (value += String.fromCodePoint(code)),
      onattribend() {
        if (!tag[1].has(name)) tag[1].set(name, value);
      },
      onopentagend: endTag,
      onselfclosingtag: endTag,
      onclosetag(start, end) {
        if (templates > 0 && nameAt(start, end) === 'template') templates -= 1;
      },
    },
  );
  tokenizer.write(html);
  tokenizer.end();
  return tags;
}

const nothing = (): void => {};
const ignored = {
  oncdata: nothing,
  oncomment: nothing,
  ondeclaration: nothing,
  onend: nothing,
  onprocessinginstruction: nothing,
  ontext: nothing,
  ontextentity: nothing,
} satisfies Partial<TokenizerCallbacks>;
