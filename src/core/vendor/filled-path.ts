/** The path of a request with its placeholders filled: each value is one part of it, and leads nowhere else. */
import { exit, Problem } from '../problem.ts';
import { fill, type TemplateValues } from '../definition/template.ts';

/**
 * Throws Problem 76 for a value such as `..`: an address has no spelling for it that does not go up, so that a project of
 * that name would have another path asked for, and its records taken for the project's.
 */
export function filledPath(source: string, template: string, values: TemplateValues): string {
  const path = fill(template, values, encode);
  const [place = ''] = path.split('?', 1);
  if (!place.split('/').some((part) => part === '.' || part === '..')) return path;
  throw new Problem(exit.protocol, `${source}: a name in the path ${place} would lead to another path`, {
    hint: 'see what is called . or .. there, and have it renamed or leave it out',
  });
}

/** RFC 3986: everything but unreserved characters is encoded, also in names such as page[size]. */
export function encode(text: string): string {
  const whole = text.replaceAll(/\p{Surrogate}/gu, '\ufffd'); // a vendor's JSON may have cut a character in two
  return encodeURIComponent(whole).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
}
