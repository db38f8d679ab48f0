/** What a value brings along that was copied from a document, or with the quotes of an example. */

const quoted = /^["'`\u00ab\u00bb\u2039\u203a\u2018-\u201f]|["'`\u00ab\u00bb\u2039\u203a\u2018-\u201f]$/;
/** A no-break space and other blanks of typesetting, a soft hyphen, and characters without a width. */
const unseen = /[\u00a0\u00ad\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000\ufeff]/;

/** What is odd about the text, without a word of it, since it may be a secret; undefined where nothing is. */
export function pasted(text: string): string | undefined {
  if (quoted.test(text)) return 'begins or ends with a quotation mark';
  return unseen.test(text) ? 'has a no-break space or an invisible character in it' : undefined;
}

/** `: it begins or ends with a quotation mark`, to be put behind what is wrong with a text; otherwise nothing. */
export function asPasted(text: string): string {
  const odd = pasted(text);
  return odd === undefined ? '' : `: it ${odd}`;
}
