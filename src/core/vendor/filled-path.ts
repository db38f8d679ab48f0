/** The path of a request with its placeholders filled in: no value can lead to another path. */
import { exit, Problem } from '../problem.ts';
import { fill, type TemplateValues } from '../definition/template.ts';

/**
 * Throws Problem 76 for a part such as `..`, which always leads up, even percent-encoded: for a project of that name,
 * another path would be asked, and its records taken for the project's.
 */
export function filledPath(source: string, template: string, values: TemplateValues): string {
  const path = fill(template, values, encode);
  const [place = ''] = path.split('?', 1);
  if (!place.split('/').some((part) => part === '.' || part === '..')) return path;
  throw new Problem(exit.protocol, `${source}: a name in the path ${place} would lead to another path`, {
    hint: 'see what is called . or .. there, and have it renamed or leave it out',
  });
}

/** Percent-encodes all but the unreserved characters (RFC 3986 section 2.3), also in names such as page[size]. */
export function encode(text: string): string {
  const whole = text.replaceAll(/\p{Surrogate}/gu, '\ufffd'); // a vendor's JSON may have cut a character in two
  return encodeURIComponent(whole).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
}
