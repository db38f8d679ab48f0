/** Headers that a setting adds to every request: `Name: value`, one a line, or several on a line separated by `;`. */
import { check } from '../hint.ts';
import { exit, Problem } from '../problem.ts';
import { isHeaderValue } from '../text/header-text.ts';
import { asPasted } from '../text/pasted.ts';

/**
 * The headers in `text`, the value of `setting`, by name in lower case. A `;` separates only where a name and a colon
 * follow, so that values such as `text/plain; charset=utf-8` stay whole. Throws Problem 78, which never says a value.
 */
export function headerList(text: string, setting: string): Readonly<Record<string, string>> {
  const lines = text.split(/\r?\n|;[ \t]*(?=[\w!#$%&'*+.^`|~-]+[ \t]*:)/).filter((line) => line.trim() !== '');
  const headers = lines.map((line, at): [string, string] => {
    const found = /^[ \t]*([\w!#$%&'*+.^`|~-]+)[ \t]*:[ \t]*(.*?)[ \t]*;?$/s.exec(line);
    const [, name = '', value = ''] = found ?? [];
    if (found === null) throw wrong(setting, at, `is not of the form Name: value${asPasted(line)}`);
    if (ours.test(name)) throw wrong(setting, at, `is ${name}, which is set here`);
    if (!isHeaderValue(value)) {
      const hint = check([setting], ': look for a typographic character, such as a quotation mark');
      throw new Problem(exit.config, `header ${at + 1} in ${setting} has characters that headers cannot carry`, {
        hint,
      });
    }
    return [name.toLowerCase(), value];
  });
  const names = headers.map(([name]) => name);
  const twice = names.findIndex((name, at) => names.indexOf(name) !== at);
  if (twice !== -1) throw wrong(setting, twice, 'has the name of one before it');
  return Object.fromEntries(headers);
}

function wrong(setting: string, at: number, what: string): Problem {
  return new Problem(exit.config, `header ${at + 1} in ${setting} ${what}`, {
    hint: `write ${setting} like "Authorization: Bearer abc; X-Tenant: 7"`,
  });
}

/** Headers that are set here: those of the connection, of the body, and of webhook signatures. */
const ours =
  /^(?:host|connection|content-length|content-encoding|transfer-encoding|upgrade|expect|webhook-(?:id|timestamp|signature))$/i;
