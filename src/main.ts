/**
 * The program as a function: arguments and a world in, an exit status out. It ends the process by `world.leave` alone, and
 * sets nothing global but flags of V8 (io/http/v8-flag.ts).
 */
import { parseCommandLine } from './cli.ts';
import type { Host } from './commands/host.ts';
import { usesPosition } from './config/named-job.ts';
import { oneOf } from './config/one-of.ts';
import { ownWords, type CommandName, type Flags } from './cli/flags.ts';
import { exit, Problem } from './core/problem.ts';
import { version } from './core/version.ts';
import { openLog, type Level, type Log } from './io/log.ts';
import { printText } from './io/streams/report.ts';
import { progressLine } from './io/streams/terminal.ts';
import type { World } from './io/world.ts';
import { stopRequests } from './io/stop.ts';

type Command = (flags: Flags, host: Host) => Promise<number>;

/** A command is loaded when it is asked for: --help pays for none. */
const commands: Readonly<Record<CommandName, () => Promise<Command>>> = {
  pull: async () => (await import('./commands/claimed-pull.ts')).claimedPull,
  check: async () => (await import('./commands/check.ts')).checkEnds,
  status: async () => (await import('./commands/status.ts')).status,
  sources: async () => (await import('./commands/sources.ts')).listSources,
  sinks: async () => (await import('./commands/sinks.ts')).listSinks,
};

/** Runs a command line (without the program's name). Everything that goes wrong is said on stderr. */
export async function main(argv: readonly string[], world: World): Promise<number> {
  const own = ownWords(argv);
  let progress = progressLine(world.stderr, false, world.now); // none before the flags are known
  const open = (level: Level, format: 'text' | 'json' | undefined): Promise<Log> =>
    openLog({ level, format, stderr: world.stderr, now: world.now, before: () => progress.clear() });
  // Wrong flags are told in the form that they ask for, if they get that far.
  let log = await open('warn', /--log-format[ =]json/.test(own.join(' ')) ? 'json' : undefined);
  const stopListening = world.onCrash((error) => {
    log.bug(error);
    return exit.software;
  });
  try {
    const invocation = parseCommandLine(argv, version);
    if ('print' in invocation) {
      await printText(world.output, invocation.print);
      return exit.ok;
    }
    if ('stray' in invocation) {
      throw (await import('./commands/stray-word.ts')).explained(invocation);
    }
    const { command, flags } = invocation;
    const isWanted = flags.progress !== false && flags.quiet !== true;
    // A dumb terminal, such as the shell of Emacs, shows the codes that erase a line as characters.
    progress = progressLine(world.stderr, isWanted && world.environment['TERM'] !== 'dumb', world.now);
    log = await open(levelOf(flags), oneOf(flags.logFormat, '--log-format', ['text', 'json']));
    return await perform(command, flags, { world, log, progress });
  } catch (error) {
    if (error instanceof Problem) {
      log.problem(error);
      return error.status;
    }
    log.bug(error);
    return exit.software;
  } finally {
    stopListening();
  }
}

/** Runs a command, whose end is the end of the progress line and of listening for signals. */
async function perform(command: CommandName, flags: Flags, voices: Omit<Host, 'stops'>): Promise<number> {
  const { world, log, progress } = voices;
  world.onWarning((warning) => log.debug('node warns', { name: warning.name, message: warning.message }));
  const savesPosition = command === 'pull' && usesPosition(flags) && flags.dryRun !== true;
  const stops = stopRequests(world, log.problem, savesPosition);
  try {
    const run = await commands[command]();
    const status = await run(flags, { ...voices, stops });
    // A write that the run has given up, because nobody reads, would keep the process waiting.
    if (world.output.isWriting()) world.leave(status);
    return status;
  } finally {
    stops.close();
    progress.clear();
  }
}

function levelOf({ quiet, verbose = 0 }: Flags): Level {
  if (quiet === true && verbose > 0) {
    throw new Problem(exit.usage, '--quiet and --verbose contradict each other', { hint: 'leave one of them out' });
  }
  if (quiet === true) return 'error';
  if (verbose === 0) return 'warn';
  return verbose === 1 ? 'debug' : 'trace';
}
