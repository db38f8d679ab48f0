/**
 * The one error class: everything that can go wrong and that a person can do something about.
 *
 * Speaking rules: the message says what failed, where, and with which value (never a secret); lower case, no period.
 * The hint is a next step that can be acted on. Anything thrown that is not a Problem is a bug here (exit 70).
 */
import { hintText, type Hint } from './hint.ts';

/** Exit statuses, after sysexits(3). Unknown codes are to be treated as failures. */
export const exit = {
  /** Everything in the window was delivered, or there was nothing new. */
  ok: 0,
  /** Delivered, but records were quarantined or a gap was found. */
  partial: 3,
  /** Wrong flags. */
  usage: 64,
  /** The source's data cannot be used, or too much had to be quarantined. */
  data: 65,
  /** Source or sink unreachable after retries. */
  unavailable: 69,
  /** A bug here. */
  software: 70,
  /** State, output or quarantine cannot be created. */
  cantcreat: 73,
  /** Writing failed: disk full, reader of the pipe gone, command failed. */
  ioerr: 74,
  /** Another run holds the lock, rate-limited, or out of time; progress is kept. */
  tempfail: 75,
  /** The other side broke the rules: no JSON, a page cycle, a way to another host, a certificate that is not trusted. */
  protocol: 76,
  /** Credentials refused. */
  noperm: 77,
  /** Settings missing or wrong; state corrupt, foreign or newer. */
  config: 78,
  /** Stopped by SIGHUP, after a clean end. */
  hangup: 129,
  /** Stopped by SIGINT (Ctrl-C), after a clean end. */
  interrupt: 130,
  /** Stopped by SIGTERM, after a clean end. */
  terminate: 143,
} as const;

export type ExitStatus = (typeof exit)[keyof typeof exit];

/**
 * When several statuses apply, the first in this order is reported: what needs a hand comes before what the next run may
 * cure. A signal outranks them all.
 */
const severity: readonly number[] = [143, 130, 129, 70, 78, 77, 76, 65, 73, 74, 69, 75, 64, 3];

/** The status to report for several outcomes; 0 for none. */
export function worst(statuses: Iterable<number>): number {
  let result: number = exit.ok;
  for (const status of statuses) {
    if (status === exit.ok) continue;
    if (result === exit.ok || rank(status) < rank(result)) result = status;
  }
  return result;
}

function rank(status: number): number {
  return severity.indexOf(severity.includes(status) ? status : exit.software); // an unknown one is a bug here
}

/** Whether somebody ended the run, by a signal: it has neither succeeded nor failed then. */
export function isByRequest(status: number): boolean {
  return status === exit.hangup || status === exit.interrupt || status === exit.terminate;
}

export interface Again {
  /** How long the other side asked to wait, in milliseconds. */
  readonly after?: number;
  /** One more attempt is enough to know: a name that does not resolve, a conflict. */
  readonly once?: boolean;
  /** The other side surely took nothing: what is sent again is there once. */
  readonly untaken?: true;
}

export interface ProblemOptions {
  /** What to do about it. */
  readonly hint?: Hint | undefined;
  /** Worth another attempt. */
  readonly again?: Again | undefined;
  /** The HTTP status of the reply to a question, or the one that it stands for; none of a login or a destination. */
  readonly httpStatus?: number | undefined;
  /** The host of a source or sink that could not be asked, with its port: `the URL` in the hint is the one with that. */
  readonly host?: string | undefined;
  /** The error of the system, or of a library, behind it. */
  readonly cause?: unknown;
  /** The message without its first words, the subject, where only a caller knows what that is called. */
  readonly predicate?: string | undefined;
}

/** What is told in another way; a member that is undefined is taken away. */
interface ProblemChanges extends ProblemOptions {
  readonly status?: ExitStatus;
  readonly message?: string;
}

export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: ExitStatus;
  /** What to do about it, as one line. */
  readonly hint: string | undefined;
  /** The same in steps, for whoever can say it better. */
  readonly steps: Hint | undefined;
  readonly again: Again | undefined;
  readonly httpStatus: number | undefined;
  readonly host: string | undefined;
  readonly predicate: string | undefined;

  constructor(status: ExitStatus, message: string, options: ProblemOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = status;
    this.hint = hintText(options.hint);
    this.steps = options.hint;
    this.again = options.again;
    this.httpStatus = options.httpStatus;
    this.host = options.host;
    this.predicate = options.predicate;
  }

  /** The same Problem, told by a caller that knows more about it; what is not changed is kept. */
  with(changes: ProblemChanges): Problem {
    const { steps: hint, again, httpStatus, host, cause } = this;
    const { status = this.status, message = this.message, ...options } = changes;
    const predicate = changes.message === undefined ? this.predicate : undefined;
    return new Problem(status, message, { hint, again, httpStatus, host, cause, predicate, ...options });
  }
}
