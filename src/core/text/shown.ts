/** Texts from outside, made fit to be shown: nothing hidden in them, on one line, not too long. */

// C0, DEL, C1, separators of lines, halves of characters, and the marks that reorder what follows (CVE-2021-42574).
const unsafe = /(?![\t\n])[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Surrogate}]/gu;

/**
 * The text with control characters as `\u001b`: a vendor's text cannot move the cursor, set the clipboard or hide what
 * follows. Inside a JSON string this spelling means the same character. Tabs and line feeds stay.
 */
export function visible(text: string): string {
  return text.replace(unsafe, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The same for what must be one line: tabs and line feeds are shown too. */
export function oneLine(text: string): string {
  return visible(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

/** Where a text was cut, perhaps in the middle of a secret: by it, scrub.ts finds what is left of one. */
export const cutMark = '…';

/** What a server says, for a message: at most 300 characters, with blanks and line breaks made one blank. */
export function serverText(text: string): string {
  return cutOff(visible(text.replace(/\s+/g, ' ').trim()), 300);
}

/** The same for a value that may be something other than a text: undefined then. */
export function serverTextOf(value: unknown): string | undefined {
  return typeof value === 'string' ? serverText(value) : undefined;
}

/** A value as JSON spells it, for a message: at most `most` characters. */
export function quoted(value: unknown, most = 60): string {
  return cutOff(visible(JSON.stringify(value) ?? String(value)), most);
}

/** An address without its user name and password, which may be what makes it invalid. */
export function withoutUser(address: string): string {
  return address.replace(/(?<=:\/\/)[^/?#]*(?=@)/, '…');
}

function cutOff(text: string, most: number): string {
  if (text.length <= most) return text;
  return text.slice(0, most - cutMark.length).replace(/\p{Surrogate}$/u, '') + cutMark; // not half a character
}
