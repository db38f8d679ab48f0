/**
 * The command after `--`: fed with records, watched to its end.
 *
 * Its input is a socket, because a socket tells what a pipe does not: whether the other side went away with bytes unread.
 * Node hands out the write side only of a child's descriptor 0, so the child gets the socket as descriptor 3, and
 * /bin/sh moves it to 0 before it becomes the command; no word of the command is read by the shell. The command leads a
 * process group, so that all of it can be ended.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { basename } from 'node:path';
import { Duplex } from 'node:stream';
import type { Command, CommandRun, PrintedListener } from '../core/sink-tools.ts';
import {
  notThere,
  notExecutable,
  notStarted,
  outputClosed,
  silent,
  type End,
  leftUnread,
  wrongEnd,
} from './command/command-problems.ts';
import { lookFor } from './command/executable.ts';
import { lineWriter } from './command/line-writer.ts';
import { endOf, lastWordsMilliseconds, listenTo } from './command/printed.ts';
import { unless } from './streams/unless.ts';
import { within } from './timer.ts';
import type { Environment } from './world.ts';

export interface CommandOptions {
  /** What the command sees of the environment. */
  readonly environment: Readonly<Environment>;
  /** How long it may take to read what it was given, and to end after that, in milliseconds. */
  readonly timeout: number;
  /** Aborts when it must end at once; the reason is a Problem. */
  readonly stop: AbortSignal;
  /** Shows what the command says to people. */
  say(line: string): void;
  /** Called before a command starts that prints to our standard output. */
  makeWay(): void;
  /** Our standard output is closed. */
  readonly isClosed: boolean;
  /** Writes to our standard output what the command has printed to us. */
  put(bytes: Buffer): Promise<void>;
}

const becomeCommand = 'exec "$@" <&3 3<&-';
/** Node opens /dev/null where it finds standard output closed, and what the command prints would be lost there. */
const becomeMuteCommand = `${becomeCommand} >&-`;
/** From SIGTERM to SIGKILL, in milliseconds. */
const graceMilliseconds = 2000;

/** The command of these words, the first of which is the program. Nothing is started before `start`. */
export function openCommand(words: readonly [string, ...string[]], options: CommandOptions): Command {
  const [program] = words;
  const name = basename(program);
  return {
    name,
    async look() {
      const place = await lookFor(program, options.environment['PATH']);
      if (place !== 'found') throw place === 'missing' ? notThere(program) : notExecutable(program);
    },
    start: (listener) => startCommand(name, words, options, listener),
  };
}

function startCommand(
  name: string,
  words: readonly string[],
  { environment, timeout, stop, say, makeWay, isClosed, put }: CommandOptions,
  listener: PrintedListener | undefined,
): CommandRun {
  stop.throwIfAborted();
  // What nobody here reads need not pass through here: it stays as it is, and if its reader goes, the command is told.
  const printsTo = listener === undefined ? 'inherit' : 'pipe';
  if (printsTo === 'inherit') makeWay();
  const become = printsTo === 'inherit' && isClosed ? becomeMuteCommand : becomeCommand;
  const child = spawnLeader(name, ['-c', become, 'sh', ...words], environment, printsTo);
  const [, , , input] = child.stdio;
  if (!(input instanceof Duplex)) throw new Error('the input of a command can be read and written');
  const [output, complaints] = [lineWriter(say), lineWriter(say)];
  // A stream that breaks ends; how the command ended is what counts.
  for (const stream of [child.stdout, child.stderr]) stream?.on('error', () => undefined);
  const printed = child.stdout && listener && listenTo(child.stdout, { ...listener, hear }, passOn);
  child.stderr?.on('data', complaints.write);
  const ended = endOf(child, printed ?? undefined);
  let closing = false;
  let broken = false;
  const gone = new Promise<void>((resolve) => {
    const lost = (): void => {
      broken = true;
      input.destroy();
      resolve();
    };
    input.on('error', lost); // ECONNRESET, EPIPE: it went away and left bytes unread
    input.once('end', () => (closing ? resolve() : lost()));
    input.once('close', () => resolve());
    input.resume();
  });
  const stopped = (): void => void kill();

  function hear(bytes: Buffer): void {
    listener?.hear(bytes);
    if (listener?.shown === true) output.write(bytes);
  }

  function passOn(bytes: Buffer): Promise<void> {
    makeWay();
    return isClosed ? Promise.reject(outputClosed(name)) : put(bytes);
  }

  stop.addEventListener('abort', stopped, { once: true });

  async function kill(): Promise<void> {
    stop.removeEventListener('abort', stopped);
    child.stdout?.destroy(); // what waits there for the reader of our standard output would hold up its end
    for (const name of ['SIGTERM', 'SIGKILL'] as const) {
      signalAll(child, name);
      if ((await within(ended, graceMilliseconds)) !== undefined) break;
    }
    // Not before: the end of its input must not look to it like the end of the records.
    for (const stream of [input, child.stdout, child.stderr]) stream?.destroy();
  }

  /** How it ended, which says more than that its input broke; undefined when it does not end in time. */
  async function end(): Promise<End | undefined> {
    const result = await within(ended, timeout);
    // Its last piece may still wait for the reader of our standard output.
    if (result !== undefined && printed) await unless(stop, printed.passedOn()).catch(() => undefined);
    output.end();
    complaints.end();
    await kill();
    stop.throwIfAborted();
    return result;
  }

  return {
    async write(bytes) {
      const taken = new Promise<boolean>((resolve) => input.write(bytes, (error) => resolve(!error)));
      const result = await within(Promise.race([taken, gone.then(() => false)]), timeout);
      if (result === true && !broken) return;
      if (result === undefined) {
        await kill();
        stop.throwIfAborted();
        throw silent(name, 'read nothing for', timeout);
      }
      const how = await end();
      throw printed?.end() ?? (how && wrongEnd(name, how)) ?? leftUnread(name); // what could not be passed on is why it ended
    },
    async finish() {
      closing = true;
      input.end();
      const how = await end();
      if (how === undefined) throw silent(name, 'did not end within', timeout, ' after the end of its input');
      await within(gone, lastWordsMilliseconds);
      const problem = printed?.end() ?? wrongEnd(name, how) ?? (broken ? leftUnread(name) : undefined);
      if (problem !== undefined) throw problem;
    },
    kill,
  };
}

/** Starts the shell, as the leader of a process group. Node throws some refusals of the system and tells others later. */
function spawnLeader(
  name: string,
  words: readonly string[],
  environment: CommandOptions['environment'],
  printsTo: 'inherit' | 'pipe',
): ChildProcess {
  try {
    const child = spawn('/bin/sh', words, {
      detached: true,
      env: { ...environment },
      stdio: ['ignore', printsTo, 'pipe', 'pipe'],
    });
    child.on('error', () => undefined);
    if (child.pid !== undefined) return child;
    for (const stream of child.stdio ?? []) stream?.on('error', () => undefined).destroy();
  } catch (error) {
    throw notStarted(name, error);
  }
  throw notStarted(name);
}

/** Sends a signal to the command and all that it started. */
function signalAll(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // it ended in this very moment
  }
}
