/**
 * Everything that is said on standard error.
 *
 *   problems   `audit-export: what failed` and `hint: what to do`: lower case, no period, two lines
 *   warnings   `audit-export: warning: …`, each once a run
 *   commands   `curl: …`: what the command after `--` says on its standard error, or answers
 *   -v, -vv    debug and trace: text on a terminal; elsewhere they make all of it JSON Lines, as `--log-format json` does
 *
 * Without -v, what is meant for people is text wherever it goes, because cron mails it. Every line passes a scrubber that
 * knows the secrets by value, and shows control characters.
 */
import type { Logger } from 'pino';
import { exit, type Problem } from '../core/problem.ts';
import { oneLine, visible } from '../core/text/shown.ts';
import { errorCode } from './error-code.ts';
import { scrubber } from './scrub.ts';
import type { TextOutput } from './streams/terminal.ts';

const levels = ['error', 'warn', 'debug', 'trace'] as const;
export type Level = (typeof levels)[number];

type Fields = Readonly<Record<string, string | number | boolean>>;

export interface Log {
  readonly level: Level;
  /** A value that must never be written, in any spelling. */
  hide(secret: string): void;
  /** The same for a cookie or a token that a reply brought, and for the one that it replaced. */
  hidePassing(secret: string | undefined, replaced?: string): void;
  /** The text without those values, for what is written elsewhere. */
  clean(text: string): string;
  /** What went wrong, with its next step. */
  problem(problem: Problem): void;
  /** A mistake in the program: one line, the stack at trace level. */
  bug(error: unknown): void;
  /** One line for the operator; the same line is written once. */
  warn(message: string): void;
  /** The same, even with --quiet. */
  warnAlways(message: string): void;
  /** One line that was asked for: the summary. Written at any level. */
  say(message: string, fields?: Fields): void;
  /** A line that a command wrote, which must not pass for one of ours. Written at any level. */
  quote(command: string, line: string): void;
  debug(message: string, fields?: Fields): void;
  trace(message: string, fields?: Fields): void;
}

export interface LogOptions {
  readonly level: Level;
  /** What was asked for, if anything. */
  readonly format: 'text' | 'json' | undefined;
  readonly stderr: TextOutput;
  now(): number;
  /** Called before every line: takes the progress line away. */
  before?(): void;
}

/** Opens the log. pino is loaded only if a JSON line can come, because start-up is paid every minute. */
export async function openLog(options: LogOptions): Promise<Log> {
  const { level, format, stderr } = options;
  const detail = levels.indexOf(level) > levels.indexOf('warn');
  const scrub = scrubber();
  const write = (line: string): void => {
    options.before?.();
    stderr.write(`${visible(scrub.clean(line))}\n`);
  };
  const inJson = format === 'json' || (detail && format === undefined && !stderr.isTerminal);
  const json = inJson ? await jsonLogger(options, write) : undefined;
  const said = new Set<string>();

  function log(at: 'debug' | 'trace', message: string, fields: Fields = {}): void {
    if (levels.indexOf(at) > levels.indexOf(level)) return;
    if (json !== undefined) json[at](fields, message);
    else write(`audit-export: ${at}: ${oneLine(message)}${asText(fields)}`);
  }

  function warn(message: string): void {
    if (said.has(message)) return;
    said.add(message);
    if (json === undefined) write(`audit-export: warning: ${oneLine(message)}`);
    else json.warn(message);
  }

  function fail(message: string, hint: string | undefined, status: number): void {
    if (json !== undefined) {
      json.error({ ...(hint !== undefined && { hint }), exit: status }, message);
      return;
    }
    write(`audit-export: ${oneLine(message)}`);
    if (hint !== undefined) write(`hint: ${oneLine(hint)}`);
  }

  return {
    level,
    hide: scrub.hide,
    hidePassing: scrub.hidePassing,
    clean: scrub.clean,
    problem(problem) {
      fail(problem.message, problem.hint, problem.status);
      if (problem.cause instanceof Error) log('debug', 'caused by', causeFields(problem.cause));
    },
    bug(error) {
      const { error: name, reason } = causeFields(error);
      const hint =
        'this is a mistake in audit-export; the position is as last saved: please report it with what -vv prints';
      fail(`unexpected error: ${name}: ${reason}`, hint, exit.software);
      if (error instanceof Error && error.stack !== undefined) log('trace', error.stack);
    },
    warn(message) {
      if (level !== 'error') warn(message);
    },
    warnAlways: warn,
    say(message, fields = {}) {
      if (json === undefined) write(`audit-export: ${oneLine(message)}`);
      else json.info(fields, message);
    },
    quote(command, line) {
      if (json !== undefined) json.warn({ command }, line);
      else write(line.startsWith(`${command}: `) ? line : `${command}: ${line}`);
    },
    debug: (message, fields) => log('debug', message, fields),
    trace: (message, fields) => log('trace', message, fields),
  };
}

async function jsonLogger({ now }: LogOptions, write: (line: string) => void): Promise<Logger> {
  const { default: pino } = await import('pino');
  return pino(
    {
      base: null,
      level: 'trace',
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line) => write(line.trimEnd()) },
  );
}

/** What may be shown of an error from elsewhere: never its headers, body, input or cause. */
function causeFields(error: unknown): { error: string; reason: string; code?: string } {
  if (!(error instanceof Error)) return { error: typeof error, reason: typeof error === 'string' ? error : '' };
  const code = errorCode(error);
  return { error: error.name, reason: error.message, ...(code !== '' && { code }) };
}

function asText(fields: Fields): string {
  return Object.entries(fields)
    .map(([key, value]) => ` ${key}=${oneLine(String(value))}`)
    .join('');
}
