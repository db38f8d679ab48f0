/** What goes wrong with a command, as Problems (74) that name it. */
import { nextRun } from '../../core/hint.ts';
import { exit, Problem } from '../../core/problem.ts';
import { shellWord } from '../../core/text/shell-word.ts';
import { errorCode } from '../error-code.ts';

/** How a command ended, in the terms of Node. */
export interface End {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

const again = nextRun('the position stays, and the next run gives it the same records again');

/** Undefined when it ended well. */
export function wrongEnd(name: string, { status, signal: signalName }: End): Problem | undefined {
  if (status === 0) return undefined;
  const how = signalName === null ? `ended with status ${status}` : `was ended by ${signalName}`;
  return new Problem(exit.ioerr, `the command ${name} ${how}`, { hint: ['see what it says', again] });
}

/** `program` as it was written. */
export function notThere(program: string): Problem {
  return new Problem(exit.ioerr, `the command ${program} was not found`, {
    hint: program.includes('/') ? 'check its path' : 'give its full path: cron has a short PATH',
  });
}

/** It is there, but the system does not let this user execute it. */
export function notExecutable(program: string): Problem {
  return new Problem(exit.ioerr, `the command ${program} cannot be executed`, {
    hint: `chmod +x ${shellWord(program)}, or name the program that reads it`,
  });
}

/** `cause` is the system's refusal, where Node says it. */
export function notStarted(name: string, cause?: unknown): Problem {
  const code = errorCode(cause);
  return new Problem(exit.ioerr, `the command ${name} could not be started${code === '' ? '' : ` (${code})`}`, {
    hint: ['look for limits on processes, memory and open files (ulimit -a, pids.max), and for a /bin/sh', again],
    cause,
  });
}

/** It prints records where our own standard output would take them. */
export function outputClosed(name: string): Problem {
  return new Problem(exit.ioerr, `standard output is closed, and what the command ${name} prints would be lost`, {
    hint: ['redirect it to a file or a pipe', again],
  });
}

/** It went away, and left behind some of what it was given. */
export function leftUnread(name: string): Problem {
  return new Problem(exit.ioerr, `the command ${name} did not read all of its input`, {
    hint: ['it must read to the end and then say by its exit status whether all went well', again],
  });
}

/** `what` it did not do in `timeout` milliseconds. */
export function silent(name: string, what: string, timeout: number, when = ''): Problem {
  return new Problem(exit.ioerr, `the command ${name} ${what} ${timeout / 1000} s${when}`, {
    hint: ['allow it more time with --timeout', again],
  });
}
