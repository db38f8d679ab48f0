/** JSON texts of which only objects are of use, what is in them, and what their values are called. */

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

/** A string that is not empty. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** What a value is, for messages that must not show it. */
export function kindOf(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? 'a text' : 'a number';
}
