/**
 * Texts with placeholders: `{SYCOPE_URL}/login`, `@{from}`, `{limit}`.
 *
 * A placeholder is a name in braces, and nothing else is: `{"a":1}` and `{}` stay as they are. A placeholder without a
 * value is empty, and the place of the text decides what that means (parameters without a value are dropped).
 */

/** A JSON value on its way to a body: integers of any length, and members that may yet be left out. */
export type Json =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | readonly Json[]
  | { readonly [name: string]: Json };

/** Numbers and lists keep their type where a JSON body or a repeated parameter asks for it. */
export type TemplateValue = string | number | bigint | boolean | readonly Json[];

export type TemplateValues = Readonly<Record<string, TemplateValue | undefined>>;

const placeholder = /\{([A-Za-z][A-Za-z0-9_]*)\}/g;
const alone = /^\{([A-Za-z][A-Za-z0-9_]*)\}$/;

/** The names used, in order, each once. */
export function placeholders(template: string): readonly string[] {
  return [...new Set(Array.from(template.matchAll(placeholder), (match) => match[1] ?? ''))];
}

const addressWithSlash = /^https?:\/\/[^?#]*\/$/i;

/**
 * The text with every placeholder replaced; lists are joined by commas. `encode` is applied to each value. Without it, an
 * address that was set with a slash at its end loses that before a slash of the text: `{ACME_URL}/token`.
 */
export function fill(template: string, values: TemplateValues, encode?: (text: string) => string): string {
  return template.replace(placeholder, (match: string, name: string, at: number) => {
    const text = textOf(values[name]);
    if (encode !== undefined) return encode(text);
    return template[at + match.length] === '/' && addressWithSlash.test(text) ? text.slice(0, -1) : text;
  });
}

/** The value of a template that is one placeholder, with its type; otherwise the filled text. Undefined when empty. */
export function fillValue(template: string, values: TemplateValues): TemplateValue | undefined {
  const name = alone.exec(template)?.[1];
  if (name !== undefined) return isEmpty(values[name]) ? undefined : values[name];
  const names = placeholders(template);
  // `@{from}` without a `from` is as empty as `{from}` alone. A text without placeholders stays as it is.
  if (names.length > 0 && names.every((each) => isEmpty(values[each]))) return undefined;
  return fill(template, values);
}

/**
 * The first of several texts whose placeholders all have a value; if there is none, the last.
 * This is how a definition says "the whole query if it is set, else this one".
 */
export function fillFirst(templates: readonly string[], values: TemplateValues): string {
  const chosen = templates.find((each) => placeholders(each).every((name) => !isEmpty(values[name])));
  return fill(chosen ?? templates.at(-1) ?? '', values);
}

/**
 * A JSON value with the templates in it filled, those in the names of its members, too. Members and elements without a
 * value are dropped; a text that is one placeholder becomes its value, with its type.
 */
export function fillJson(value: unknown, values: TemplateValues): Json {
  if (typeof value === 'string') return fillValue(value, values);
  if (Array.isArray(value)) return value.map((each) => fillJson(each, values)).filter((each) => each !== undefined);
  if (typeof value !== 'object' || value === null) return value as number | boolean | null;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [fill(name, values), fillJson(member, values)]),
  );
}

function isEmpty(value: TemplateValue | undefined): boolean {
  return value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}

/** The value as a text: lists are joined by commas, what is missing is empty. */
export function textOf(value: TemplateValue | undefined): string {
  if (typeof value !== 'object') return value === undefined ? '' : String(value);
  return value.map((each) => (typeof each === 'object' ? JSON.stringify(each) : String(each))).join(',');
}

/** JSON.stringify that knows bigint: nanoseconds since 1970 have 19 digits. */
export function jsonText(value: Json): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((each: Json) => jsonText(each)).join(',')}]`;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${jsonText(member)}`).join(',')}}`;
}
