/** What a server says about a failure, made fit for a message: one line, nothing hidden in it, not too long. */

// Control characters, line separators and the marks that reorder what follows (CVE-2021-42574).
const unsafe = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Surrogate}]/gu;

const longest = 300;

/** At most 300 characters; what is not printable is shown as `\u001b`. */
export function serverText(text: string): string {
  const shown = text
    .slice(0, longest + 1)
    .replace(unsafe, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return shown.length <= longest ? shown : `${shown.slice(0, longest - 1)}…`;
}

/** A member of an answer, if it is a text, fit for a message. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? serverText(value) : undefined;
}

/** The value of a JSON text that must be an object; undefined for everything else: HTML, nothing, half an object. */
export function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined; // the error of JSON.parse quotes the text
  }
}

/** The same for a body that may be left out, which stands for an object without members. */
export function objectOrNothing(text: string): Readonly<Record<string, unknown>> | undefined {
  return text.trim() === '' ? {} : objectOf(text);
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
