/** A file of settings, `NAME=value` a line. */
import { parse } from 'dotenv';
import { exit, Problem } from '../core/problem.ts';
import { errorCode } from '../io/error-code.ts';
import { readSmallFile } from '../io/small-file.ts';
import type { EnvFile } from './layers.ts';

/**
 * The file; undefined when it is not there and not `required`, which is: not named by anybody. Throws Problem 78 when it
 * cannot be read, or must not be.
 */
export function readEnvFile(path: string, required: boolean): EnvFile | undefined {
  try {
    const { bytes, stranger } = readSmallFile(path);
    if (stranger !== undefined && !required) throw foreignEnvFile(path, stranger);
    const text = bytes.toString('utf8').replace(/^\ufeff/, '');
    if (text.includes('\0')) {
      throw new Problem(exit.config, `the env file ${path} is not plain text`, { hint: 'save it as UTF-8' });
    }
    return { path, text, values: new Map(Object.entries(parse(text))) };
  } catch (error) {
    if (error instanceof Problem) throw error;
    const code = errorCode(error) || 'unknown error';
    if (code === 'ENOENT' && !required) return undefined;
    throw new Problem(exit.config, `cannot read the env file ${path} (${code})`, {
      hint: 'give its full path with --env-file, and let the user of this job read it',
    });
  }
}

/** Nobody has named the file, and its settings say where the credentials of this user go. */
function foreignEnvFile(path: string, user: number): Problem {
  const what = 'who can write there what credentials are sent where';
  return new Problem(exit.config, `${path} in the current directory belongs to user ${user}, ${what}`, {
    hint: `if it is meant, name it: --env-file ${path}; if not, start the job in another directory`,
  });
}
