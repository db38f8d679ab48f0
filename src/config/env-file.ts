/** A file of settings, `NAME=value` a line. */
import { lstatSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { parse } from 'dotenv';
import { exit, Problem } from '../core/problem.ts';
import { shellWord } from '../core/text/shell-word.ts';
import { errorCode } from '../io/error-code.ts';
import { readSmallFile, whyUnread } from '../io/disk/small-file.ts';
import { othersMayWrite, strangerOf } from '../io/disk/strangers.ts';
import type { EnvFile } from './layers.ts';

const hints: Readonly<Record<string, string>> = {
  ETIMEDOUT: 'start what is to write into it, or give the path of a plain file with -e',
  EISDIR: 'give the path of a file with -e',
};

/**
 * Reads the file. If nobody has named it (not `required`), it may be missing, a directory, or out of reach: undefined then.
 * Otherwise throws Problem 78 for a file that cannot be read, or must not be.
 */
export function readEnvFile(path: string, required: boolean): EnvFile | undefined {
  try {
    const { bytes, stat } = readSmallFile(path);
    if (!required) refuseOfOthers(path, stat);
    const text = bytes.toString('utf8').replace(/^\ufeff/, '');
    if (text.includes('\0')) {
      throw new Problem(exit.config, `the env file ${path} is not plain text`, { hint: 'save it as UTF-8' });
    }
    return { path, text, values: new Map(Object.entries(parse(text))) };
  } catch (error) {
    if (error instanceof Problem) throw error;
    const code = errorCode(error);
    if (!required && (code === 'ENOENT' || code === 'EISDIR' || isHidden(path))) return undefined;
    throw new Problem(exit.config, `cannot read the env file ${path} (${whyUnread(error)})`, {
      // Node itself reads what --env-file names: a file that is missing is then told by it, without a word of ours.
      hint: hints[code] ?? 'give its full path with -e, and let the user of this job read it',
    });
  }
}

/** Whether this user may not even see if the file is there: `sudo -u` starts in the directory of the caller. */
function isHidden(path: string): boolean {
  try {
    lstatSync(path);
    return false;
  } catch {
    return true;
  }
}

/** For a file that nobody has named: its settings decide where the credentials of this user go, so others must not write it. */
function refuseOfOthers(path: string, stat: Stats): void {
  const elsewhere = `if it is meant, name it: -e ${shellWord(path)}; if not, start the job in another directory`;
  const refuse = (fault: string, hint = elsewhere): never => {
    const what = 'who can write there what credentials are sent where';
    throw new Problem(exit.config, `${path} in the current directory ${fault}, ${what}`, { hint });
  };
  const stranger = strangerOf(stat) ?? strangerOf(lstatSync(path)); // it may be a link
  if (stranger !== undefined) refuse(`belongs to user ${stranger}`);
  if (othersMayWrite(stat)) refuse('can be written by others', `chmod go-w ${shellWord(path)}`);
  const directory = statSync(dirname(path));
  const owner = strangerOf(directory);
  if (owner !== undefined) refuse(`is in a directory of user ${owner}`);
  const isSticky = (directory.mode & 0o1000) !== 0; // as /tmp: only its owner can replace a file
  if (othersMayWrite(directory) && !isSticky) refuse('is in a directory that others can write to');
}
