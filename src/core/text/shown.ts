/** Texts from outside, made fit for a message. */

/** Where a text was cut, perhaps in the middle of a secret: by it, scrub.ts finds what is left of one. */
export const cutMark = '…';

/** The text, or its beginning and the mark: `most` characters in all. */
export function cutOff(text: string, most: number): string {
  return text.length <= most ? text : text.slice(0, most - cutMark.length) + cutMark;
}
