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
    const { bytes, writer } = readSmallFile(path);
    if (writer !== undefined && !required) throw foreignEnvFile(path, writer);
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
function foreignEnvFile(path: string, writer: number | 'everybody'): Problem {
  const who = writer === 'everybody' ? 'everybody can write' : `belongs to user ${writer}, who can write`;
  return new Problem(exit.config, `${path} in the current directory ${who} what credentials are sent where`, {
    hint: `if it is meant, name it: --env-file ${path}; if not, start the job in another directory`,
  });
}
